import { AsyncLocalStorage } from "node:async_hooks";
import { RelatchError } from "relatch";
import { vi } from "vitest";
import { Failed, Fault, type Operation, type Port, type Step } from "./steps.ts";
import type { Interrupt } from "./world.ts";

// Runs one operation, or two at once, against the real thing: lets one call of a port happen at a time, in an order
// that is given, and writes down which happened. The model then goes through the same calls in the same order.

/** The `nth` call of that port, and the later ones if it lasts: before or after it had its effect. */
export interface FaultPlan {
  readonly port: Port;
  readonly nth: number;
  readonly lasts: boolean;
  readonly when: "before" | "after";
  /** `hangs`: never answers. `dies`: the whole process does, there and then. */
  readonly how: "throws" | "hangs" | "dies";
}

export interface Call {
  readonly operation: number;
  readonly port: Port;
  readonly fault: FaultPlan | undefined;
}

/** What came of an operation. `died`: its process did. */
export type Outcome = { value: unknown } | { code: string } | "died";

interface Running {
  readonly index: number;
  readonly plan: FaultPlan | undefined;
  readonly calls: Map<Port, number>;
  readonly waiting: (() => void)[];
  readonly kill: () => void;
  outcome: Outcome | undefined;
}

export interface Start {
  readonly run: () => Promise<unknown>;
  readonly plan: FaultPlan | undefined;
  /** Ends the process that it runs in. */
  readonly kill: () => void;
  readonly isDead: () => boolean;
}

const current = new AsyncLocalStorage<Running>();
/** A new one each time: what waits for a promise is kept as long as that is. */
const never = () => new Promise<never>(() => {});
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

export class Runner {
  readonly #trace: Call[] = [];
  #takesTurns = false;

  readonly interrupt: Interrupt = async (isDead, port, effect) => {
    const running = current.getStore();
    if (!running || isDead()) return never();
    if (this.#takesTurns) await new Promise<void>((resolve) => running.waiting.push(resolve));
    if (isDead()) return never();

    const nth = (running.calls.get(port) ?? 0) + 1;
    running.calls.set(port, nth);
    const fault = strikes(running.plan, port, nth) ? running.plan : undefined;
    this.#trace.push({ operation: running.index, port, fault });
    if (fault?.when === "before") return fail(running, fault);
    const answer = await effect();
    return fault ? fail(running, fault) : answer;
  };

  /** `order`: which of two goes on, where both could. */
  async run(
    starts: readonly Start[],
    order: readonly boolean[] = [],
  ): Promise<{ outcomes: Outcome[]; trace: Call[] }> {
    this.#trace.length = 0;
    this.#takesTurns = starts.length > 1;
    const operations = starts.map(({ plan, kill }, index): Running => {
      return { index, plan, kill, calls: new Map(), waiting: [], outcome: undefined };
    });
    operations.forEach((running, index) => {
      current.run(running, () => {
        starts[index]!.run().then(
          (value) => {
            running.outcome ??= { value };
          },
          (error) => {
            running.outcome ??= { code: codeOf(error) };
          },
        );
      });
    });

    const turns = order.values();
    for (;;) {
      await quiet();
      operations.forEach((running, index) => {
        if (starts[index]!.isDead()) running.outcome ??= "died";
      });
      const unfinished = operations.filter(({ outcome }) => outcome === undefined);
      if (unfinished.length === 0) break;
      const ready = unfinished.filter(({ waiting }) => waiting.length > 0);
      const next = ready.length > 1 && turns.next().value === true ? ready[1] : ready[0];
      if (next) next.waiting.shift()?.();
      else if (vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync();
      else throw new Error("An operation waits for nothing.");
    }
    // What is left over belongs to processes that died.
    vi.clearAllTimers();
    return { outcomes: operations.map(({ outcome }) => outcome as Outcome), trace: [...this.#trace] };
  }
}

const strikes = (plan: FaultPlan | undefined, port: Port, nth: number): boolean =>
  plan?.port === port && (plan.lasts ? nth >= plan.nth : nth === plan.nth);

function fail(running: Running, { how }: FaultPlan): Promise<never> {
  if (how === "throws") return Promise.reject(new Error("planned"));
  if (how === "dies") running.kill();
  return never();
}

const codeOf = (error: unknown): string =>
  error instanceof RelatchError ? error.code : `no RelatchError: ${error}`;

/** Takes the model through the same calls. Throws where it would have made others. */
export function replay(
  operations: readonly Operation[],
  trace: readonly Call[],
  outcomes: readonly Outcome[],
): Outcome[] {
  const found: (Outcome | undefined)[] = operations.map(() => undefined);
  const stopped: (Step | undefined)[] = operations.map(() => undefined);

  function goOn(index: number, resume: () => ReturnType<Operation["next"]>): void {
    stopped[index] = undefined;
    try {
      const { done, value } = resume();
      if (done) found[index] = { value };
      else {
        stopped[index] = value;
        if (value.port === "none" && !value.awaited) late.set(index, () => operations[index]!.next());
      }
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      found[index] = { code: fault.code };
    }
  }

  /** Those that waited for another operation, and need to no longer. */
  function goOnWaiting(): void {
    stopped.forEach((step, index) => {
      const outcome = step?.awaited?.outcome;
      if (outcome) goOn(index, () => operations[index]!.next(outcome));
    });
  }

  /** Where a call hangs, time passes only when nobody else can go on. */
  const late = new Map<number, () => ReturnType<Operation["next"]>>();
  function timePasses(): void {
    const [[index, resume] = []] = late;
    if (index === undefined || !resume) return;
    late.delete(index);
    goOn(index, resume);
    goOnWaiting();
  }

  for (const [index, operation] of operations.entries()) goOn(index, () => operation.next());
  goOnWaiting();
  for (const { operation: index, port, fault } of trace) {
    const operation = operations[index]!;
    if (late.has(index)) timePasses();
    while (stopped[index]?.awaited && late.size > 0) timePasses();
    const step = stopped[index];
    if (step?.port !== port)
      throw new Error(`a call of ${port}, where the model expects ${step?.port ?? "none"}`);
    const answer = fault?.when === "before" ? undefined : step.effect();
    if (fault?.how === "dies") {
      // With it goes whatever else runs in the same process.
      outcomes.forEach((outcome, each) => {
        if (outcome === "died") found[each] ??= "died";
      });
    } else if (fault?.how === "hangs") {
      late.set(index, () => operation.throw(new Failed(true)));
    } else if (fault) {
      goOn(index, () => operation.throw(new Failed(false)));
    } else {
      goOn(index, () => operation.next(answer));
    }
    goOnWaiting();
  }
  while (late.size > 0) timePasses();
  return found.map((outcome, index) => {
    if (outcome === undefined) throw new Error(`no call of ${stopped[index]?.port}, which the model expects`);
    return outcome;
  });
}
