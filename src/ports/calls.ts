import { nameError, RelatchError, type RelatchErrorCode, readErrorCode } from "../lib/errors.ts";
import { within } from "../lib/time.ts";
import { readSafely } from "../lib/untrusted-input.ts";

/**
 * Hears of every failure of the application's functions: the error, what the function threw, and the strings that the
 * call was given. Without that list the call was given a secret, and the text of the cause must not be printed.
 */
export type Report = (error: RelatchError, cause: unknown, known?: readonly string[]) => void;

/** How the application's functions are called. */
export interface Calls {
  readonly report: Report;
  /** How long one call may take, in milliseconds. */
  readonly timeout: number;
}

/** One of the application's functions. */
export interface Port {
  readonly code: RelatchErrorCode;
  /** As the developer knows it, such as `users.findById`. */
  readonly name: string;
  /** The arguments, if no secret is among them. */
  readonly input?: readonly unknown[];
  /** Default: that of {@link Calls}. `Infinity`: no limit. */
  readonly timeout?: number;
}

/** A function of the application returned something that it must not. */
class WrongReturn extends RelatchError {}

export const isWrongReturn = (error: unknown): boolean => error instanceof WrongReturn;

/** The error for a return value that is not what it must be. */
export const mustReturn = ({ code, name }: Port, expected: string, received: string, fix?: string): RelatchError =>
  new WrongReturn(code, `${name} must return ${expected}, received ${received}.${fix ? ` ${fix}` : ""}`);

/**
 * Calls one of the application's functions and reads what it returns. If it throws, does not respond in time, or returns
 * something that `read` refuses, that is reported, and this rejects with an error that has no cause and contains nothing
 * of the call.
 *
 * @throws {RelatchError} With the code of the port.
 */
export async function callPort<T, R = T>(
  { report, timeout }: Calls,
  port: Port,
  run: () => T | Promise<T>,
  read: (returned: T) => R = (returned) => returned as unknown as R,
): Promise<R> {
  const limit = port.timeout ?? timeout;
  try {
    const work = Promise.resolve(run());
    return read(await (Number.isFinite(limit) ? within(limit, work, () => noResponse(port, limit)) : work));
  } catch (cause) {
    const error = describeFailure(port, cause);
    report(error, error === cause ? undefined : cause, port.input && listStrings(port.input));
    throw error;
  }
}

/** A function of the application did not respond in time. */
class NoResponse extends RelatchError {}

export const isNoResponse = (error: unknown): boolean => error instanceof NoResponse;

/** The error for a function that did not respond within this many milliseconds. */
export const noResponse = ({ code, name }: Port, limit: number): RelatchError =>
  new NoResponse(code, `${name} must respond within ${limit} ms, received no response.`, { detail: "ETIMEDOUT" });

function describeFailure({ code, name }: Port, cause: unknown): RelatchError {
  // A function may throw a proxy, which `instanceof` asks for its prototype.
  const own = readSafely(() => (cause instanceof WrongReturn || cause instanceof NoResponse ? cause : undefined));
  if (own) return own;
  const detail = readErrorCode(cause);
  const message = `${name} threw ${nameError(cause)}${detail ? ` (${detail})` : ""}.`;
  const retryAfterSeconds = readSafely(() => Number((cause as RelatchError).retryAfterSeconds)) || undefined;
  return new RelatchError(code, message, { detail, retryAfterSeconds });
}

/** Lists the strings among the arguments of a call, and the strings in objects among them. */
const listStrings = (input: readonly unknown[]): string[] =>
  input
    .flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : [each]))
    .filter((each) => typeof each === "string");
