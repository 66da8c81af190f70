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
  /** `hangs`: never settles. `dies`: the whole process ends at once. */
  readonly how: "throws" | "hangs" | "dies";
}

export interface Call {
  readonly operation: number;
  readonly port: Port;
  readonly fault: FaultPlan | undefined;
}

/** The outcome of an operation. `died`: its process ended first. */
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
    const pending = effect();
    // At once, so that nothing else happens in this process.
    if (fault?.how === "dies") return fail(running, fault);
    const value = await pending;
    return fault ? fail(running, fault) : value;
  };

  /** `order`: which of two goes on, where both could. */
  async run(starts: readonly Start[], order: readonly boolean[] = []): Promise<{ outcomes: Outcome[]; trace: Call[] }> {
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
      // A call may still wait after its operation has ended, because nobody waits for it.
      const ready = operations.filter(({ waiting }) => waiting.length > 0);
      const next = ready.length > 1 && turns.next().value === true ? ready[1] : ready[0];
      if (next) next.waiting.shift()?.();
      else if (operations.every(({ outcome }) => outcome !== undefined)) break;
      else if (vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync();
      else throw new Error("An operation waits for nothing.");
    }
    // The remaining timers belong to processes that ended.
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

const codeOf = (error: unknown): string => (error instanceof RelatchError ? error.code : `no RelatchError: ${error}`);

/** How long a call may go without a response, in seconds. */
const secondsOf = (port: Port): number => (port === "mailer" ? 30 : 10);

/** A part of an operation that runs by itself. */
interface Thread {
  readonly operation: number;
  readonly generator: Operation;
  step: Step | undefined;
  /** The time of that step, and its place among all steps: which of two timers was set first. */
  stoppedAt: number;
  nth: number;
  /** Is told the outcome. */
  readonly end: (outcome: { value: unknown } | { fault: Fault }) => void;
}

/** Takes the model through the same calls. Throws where it would have made others. */
export function replay(
  operations: readonly Operation[],
  trace: readonly Call[],
  outcomes: readonly Outcome[],
): Outcome[] {
  const found: (Outcome | undefined)[] = operations.map(() => undefined);
  /** Those that stopped at a call, in this order. */
  let calling: Thread[] = [];
  let awaiting: Thread[] = [];
  /** Threads that go on when time passes. */
  let late: { at: number; thread: Thread; resume: () => void }[] = [];
  let now = 0;
  let steps = 0;

  function start(operation: number, generator: Operation, end: Thread["end"]): void {
    const thread: Thread = { operation, generator, step: undefined, stoppedAt: 0, nth: 0, end };
    goOn(thread, () => generator.next());
  }

  function goOn(thread: Thread, resume: () => ReturnType<Operation["next"]>): void {
    forget(thread);
    try {
      const { done, value } = resume();
      thread.step = done ? undefined : value;
      if (done) thread.end({ value });
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      thread.step = undefined;
      thread.end({ fault });
    }
    if (thread.step) stopAt(thread, thread.step);
  }

  function stopAt(thread: Thread, step: Step): void {
    steps += 1;
    Object.assign(thread, { stoppedAt: now, nth: steps });
    if (step.branches) fork(thread, step.branches, step.goesOn);
    else if (step.port !== "none") calling.push(thread);
    else awaiting.push(thread);
    if (step.seconds !== undefined) {
      waitAtMost(step.seconds, thread, () => goOn(thread, () => thread.generator.next()));
    }
  }

  function fork(thread: Thread, branches: readonly Operation[], goesOn: Step["goesOn"]): void {
    const { generator } = thread;
    const ended: unknown[] = [];
    let left = branches.length;
    let isOver = goesOn === "none";
    branches.forEach((branch, nth) => {
      start(thread.operation, branch, (outcome) => {
        left -= 1;
        if (isOver) return;
        if ("fault" in outcome && goesOn === "all") {
          isOver = true;
          goOn(thread, () => generator.throw(outcome.fault));
          return;
        }
        ended[nth] = goesOn === "all" ? (outcome as { value: unknown }).value : "fault" in outcome && outcome.fault;
        if (left === 0) goOn(thread, () => generator.next(ended));
      });
    });
    if (isOver && goesOn === "none") goOn(thread, () => generator.next());
  }

  function waitAtMost(seconds: number, thread: Thread, resume: () => void): void {
    late.push({ at: thread.stoppedAt + seconds, thread, resume });
  }

  function forget(thread: Thread): void {
    calling = calling.filter((each) => each !== thread);
    awaiting = awaiting.filter((each) => each !== thread);
    late = late.filter((each) => each.thread !== thread);
  }

  /** Those that waited for another operation, and need to no longer. */
  function goOnAwaiting(): void {
    const thread = awaiting.find(({ step }) => step?.awaited?.outcome);
    const outcome = thread?.step?.awaited?.outcome;
    if (!thread || !outcome) return;
    goOn(thread, () => thread.generator.next(outcome));
    goOnAwaiting();
  }

  /** Time passes only when no operation can go on. Reports whether anything was late. */
  function timePasses(): boolean {
    const [next] = late.toSorted((a, b) => a.at - b.at || a.thread.nth - b.thread.nth);
    if (!next) return false;
    now = next.at;
    forget(next.thread);
    next.resume();
    goOnAwaiting();
    return true;
  }

  operations.forEach((operation, index) => {
    start(index, operation, (outcome) => {
      found[index] = "fault" in outcome ? { code: outcome.fault.code } : outcome;
    });
  });
  goOnAwaiting();
  for (const { operation, port, fault } of trace) {
    const findCaller = () => calling.find((each) => each.operation === operation && each.step?.port === port);
    while (!findCaller() && timePasses());
    const thread = findCaller();
    if (!thread?.step) {
      const expected = calling.map((each) => `${each.operation}: ${each.step?.port}`).join(", ");
      throw new Error(`a call of ${port} by ${operation}, where the model expects ${expected || "none"}`);
    }
    const { generator, step } = thread;
    const value = fault?.when === "before" ? undefined : step.effect();
    forget(thread);
    if (fault?.how === "dies") {
      // With it goes whatever else runs in the same process.
      outcomes.forEach((outcome, each) => {
        if (outcome !== "died") return;
        found[each] ??= "died";
        for (const dead of [...calling, ...awaiting, ...late.map((one) => one.thread)]) {
          if (dead.operation === each) forget(dead);
        }
      });
    } else if (fault?.how === "hangs") {
      waitAtMost(secondsOf(port), thread, () => goOn(thread, () => generator.throw(new Failed(true))));
    } else if (fault) {
      goOn(thread, () => generator.throw(new Failed(false)));
    } else {
      goOn(thread, () => generator.next(value));
    }
    goOnAwaiting();
  }
  while (timePasses());
  const missing = calling.map((each) => each.step?.port);
  if (missing.length > 0) throw new Error(`no call of ${missing}, which the model expects`);
  return found.map((outcome) => {
    if (outcome === undefined) throw new Error("an operation of the model does not end");
    return outcome;
  });
}
