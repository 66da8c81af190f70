import type { ModelProcess, Underway } from "./state.ts";

// The operations of the reference model. Each is a generator that stops before every call of a port, as the guide
// puts the calls in order; whoever drives it lets the call happen, fail, or never return.

/** The calls that an operation can be interrupted at. */
export type Port =
  | "users.findByEmail"
  | "users.findById"
  | "users.commit"
  | "tokens.find"
  | "tokens.save"
  | "tokens.deleteByUser"
  | "hasher"
  | "dispatch"
  | "revoke"
  | "mailer"
  /** What other parts of the application do. */
  | "application";

export interface Step {
  readonly port: Port | "none";
  readonly effect: () => unknown;
  /** For `none`: goes on as soon as this is there; without it, when time has passed. */
  readonly awaited?: Underway;
}

/** How a call fails: at once, or by not answering. */
export class Failed extends Error {
  readonly isSilent: boolean;

  constructor(isSilent: boolean) {
    super(isSilent ? "silent" : "failed");
    this.isSilent = isSilent;
  }
}

/** A fault that comes out of relatch, with its code. */
export class Fault extends Error {
  readonly code: string;

  constructor(code: string, cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/** Whether what came of a call is that no answer came. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Failed ? error.isSilent : error instanceof Fault && isSilence(error.cause);

export type Operation = Generator<Step, unknown, unknown>;

export function* step<T>(port: Port, effect: () => T): Generator<Step, T, unknown> {
  return (yield { port, effect }) as T;
}

export function* orThrow<T>(code: string, port: Port, effect: () => T): Generator<Step, T, unknown> {
  try {
    return yield* step(port, effect);
  } catch (failed) {
    throw new Fault(code, failed);
  }
}

/** Ends when the time of a call that does not answer is up. */
export function* timePasses(): Generator<Step, void, unknown> {
  yield { port: "none", effect: () => {} };
}

/** Waits for another operation of the same process, and answers what came of it. */
export function* outcomeOf(awaited: Underway): Generator<Step, NonNullable<Underway["outcome"]>, unknown> {
  return (yield { port: "none", effect: () => {}, awaited }) as NonNullable<Underway["outcome"]>;
}

/** Lets others of the process see that this is under way. */
export function* known(process: ModelProcess, key: unknown, input: string, operation: Operation): Operation {
  const entry: Underway = { input, outcome: undefined };
  process.underway.set(key, entry);
  try {
    const value = yield* operation;
    entry.outcome = { value };
    return value;
  } catch (fault) {
    entry.outcome = { code: (fault as Fault).code };
    throw fault;
  } finally {
    if (process.underway.get(key) === entry) process.underway.delete(key);
  }
}

export function* joined(awaited: Underway): Operation {
  const outcome = yield* outcomeOf(awaited);
  if ("code" in outcome) throw new Fault(outcome.code);
  return outcome.value;
}
