import type { ModelProcess, Underway } from "./state.ts";

// The operations of the reference model. Each is a generator that stops before every call of a port, as the guide
// puts the calls in order; the driver lets the call happen, fail, or never return.

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
  /** A call by another part of the application. */
  | "application";

export interface Step {
  readonly port: Port | "none";
  readonly effect: () => unknown;
  /** For `none`: goes on as soon as this is there, or, if `seconds` are given, when they have passed. */
  readonly awaited?: Underway;
  readonly seconds?: number;
  /** For `none`: these run at the same time. */
  readonly branches?: readonly Operation[];
  /** `all`: goes on with the results, or with the first failure. `settled`: with every outcome. `none`: at once. */
  readonly goesOn?: "all" | "settled" | "none";
}

/** The failure of a call: at once, or by never settling. */
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

/** Reports whether a call failed by never settling. */
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

const nothing = () => {};

/** Runs operations at the same time. Fails with the first failure; the others go on. */
export function* all(...branches: Operation[]): Generator<Step, unknown[], unknown> {
  return (yield { port: "none", effect: nothing, branches, goesOn: "all" }) as unknown[];
}

/** Runs operations at the same time and returns what each of them threw. */
export function* settled(...branches: Operation[]): Generator<Step, (Fault | undefined)[], unknown> {
  return (yield { port: "none", effect: nothing, branches, goesOn: "settled" }) as (Fault | undefined)[];
}

/** Starts an operation that nobody waits for. */
export function* inBackground(branch: Operation): Generator<Step, void, unknown> {
  yield { port: "none", effect: nothing, branches: [branch], goesOn: "none" };
}

/** Waits for another operation of the same process, and returns its outcome. */
export function* outcomeOf(awaited: Underway): Generator<Step, NonNullable<Underway["outcome"]>, unknown> {
  return (yield { port: "none", effect: nothing, awaited }) as NonNullable<Underway["outcome"]>;
}

/** Waits for another operation of the same process, but only for some time. Reports whether it ended in time. */
export function* endsWithin(seconds: number, awaited: Underway): Generator<Step, boolean, unknown> {
  return (yield { port: "none", effect: nothing, awaited, seconds }) !== undefined;
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
