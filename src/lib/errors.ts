import { readSafely } from "./untrusted-input.ts";

/**
 * The code of an error, which says what failed:
 * - `ERR_OPTIONS`: wrong options, or a wrong argument that the application passed.
 * - `ERR_USER_STORE`, `ERR_TOKEN_STORE`, `ERR_RATE_LIMITER`, `ERR_HASHER`, `ERR_SESSIONS`, `ERR_SECOND_FACTOR`,
 *   `ERR_DISPATCHER`, `ERR_MAILER`: that dependency threw, did not respond in time, or returned something it must not.
 */
export type RelatchErrorCode =
  | "ERR_OPTIONS"
  | "ERR_USER_STORE"
  | "ERR_TOKEN_STORE"
  | "ERR_RATE_LIMITER"
  | "ERR_HASHER"
  | "ERR_SESSIONS"
  | "ERR_SECOND_FACTOR"
  | "ERR_DISPATCHER"
  | "ERR_MAILER";

/**
 * The only error that relatch throws. Branch on `code`. It contains no secret, no address and no `cause`, so any logger
 * may have it. The option `onError` hears the cause.
 *
 * @example
 * try {
 *   await passwordReset.completeReset({ token, newPassword });
 * } catch (error) {
 *   if (error instanceof RelatchError && error.code === "ERR_USER_STORE") return respond(503);
 *   throw error;
 * }
 */
export class RelatchError extends Error {
  override readonly name = "RelatchError";
  readonly code: RelatchErrorCode;
  /** The short code that a driver put on its error, such as `42703` or `ECONNREFUSED`. */
  readonly detail: string | undefined;
  /** On an error of `deliver`: how long the next attempt should wait at least. */
  readonly retryAfterSeconds: number | undefined;
  /** On an error of `deliver`: `true` if the job only waits for its commit. Do not count the attempt. */
  readonly isWaiting: boolean;

  constructor(
    code: RelatchErrorCode,
    message: string,
    options: { detail?: string | undefined; retryAfterSeconds?: number | undefined; isWaiting?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.isWaiting = options.isWaiting ?? false;
  }

  toJSON(): { name: string; code: RelatchErrorCode; message: string; detail: string | undefined } {
    return { name: this.name, code: this.code, message: this.message, detail: this.detail };
  }
}

/** Recognizes our error by its shape, because a process may have loaded this module twice (ESM and CommonJS). */
export const isRelatchError = (error: unknown): error is RelatchError =>
  readSafely(() => error instanceof Error && error.name === "RelatchError" && "code" in error) === true;

/** Reads the short code that drivers put on their errors (`ECONNREFUSED`, `EAUTH 535`, `42703`), and nothing longer. */
export function readErrorCode(error: unknown): string | undefined {
  for (const each of listCauses(error)) {
    const codes = readSafely(() => {
      const { code, responseCode } = each as { code?: unknown; responseCode?: unknown };
      return [code, responseCode].filter(isShortCode);
    });
    if (codes && codes.length > 0) return codes.join(" ");
  }
  return undefined;
}

/** A longer number could be a one-time code. */
const isShortCode = (code: unknown): boolean =>
  (typeof code === "number" || typeof code === "string") && /^(?!\d{6})-?[A-Z0-9_]{1,32}$/.test(String(code));

/** The longest chain of causes that is followed. */
const MAX_CAUSES = 8;

/** Lists an error and its causes, the outermost first. ORMs wrap the errors of their drivers. */
export function listCauses(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each !== null && each !== undefined && chain.length < MAX_CAUSES; ) {
    chain.push(each);
    const current = each;
    each = readSafely(() => (current as { cause?: unknown }).cause);
  }
  return chain;
}

/** Names the class of an error, such as `DatabaseError`. Returns "an error" for every other name: it could be a token. */
export function nameError(error: unknown): string {
  const name = readSafely(() => (error as Error).name);
  return typeof name === "string" && name !== "Error" && /^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(name)
    ? `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`
    : "an error";
}
