import { background, type Dispatcher, type Job, queueDispatcher } from "relatch";
import { dispatcherContract } from "relatch/testing";
import { expect, test, vi } from "vitest";
import { type Flaws, findError, findFailing, flaw, testFlaws } from "./failing.ts";

/** A word for each case. */
const named = {
  unchanged: "every job of every type is delivered unchanged, and once if that succeeds",
  notStarted: "a delivery does not start together with the response",
  noWait: "dispatch does not wait for the delivery",
  again: "dispatch resolves although the delivery fails, which is attempted again",
  others: "other jobs are delivered although one fails for good",
  gaveUp: "a job that is given up is reported",
  waits: "a job that waits for its commit uses up no attempts",
  lane: "a flood of requests does not delay follow-up jobs",
  drains: "drain, if there is one, resolves when no job is waiting or running",
};

const good = () => background({ maxAttempts: 2 });
const contract = (create: () => Dispatcher) =>
  dispatcherContract(create, { givesUp: true, waitsPatiently: true, hasFollowUpLane: true });

/** Methods that replace the good ones. */
type Flaw = (good: Dispatcher) => Partial<Dispatcher>;
const flawed = (flaw: Flaw) => () => {
  const dispatcher = good();
  return { ...dispatcher, ...flaw(dispatcher) };
};

/** Another dispatch, which also gets the good one. */
type Dispatch = (...input: [...Parameters<Dispatcher["dispatch"]>, good: Dispatcher]) => Promise<unknown>;
const dispatches = (title: string, fails: string, dispatch: Dispatch) =>
  flaw<Flaw>(title, fails, (good) => ({
    dispatch: (job, deliver, dropped) => dispatch(job, deliver, dropped, good),
  }));

const flaws: Flaws<Flaw> = [
  dispatches("a job that is read back changed", "unchanged others", (job, deliver, dropped, good) =>
    good.dispatch({ ...job, at: 0 }, deliver, dropped),
  ),
  ...(["tenant", "correlationId", "mac"] as const).map((field) =>
    dispatches(`a job without its ${field}`, "unchanged others", (job, deliver, dropped, good) =>
      good.dispatch({ ...job, [field]: undefined }, deliver, dropped),
    ),
  ),
  dispatches("jobs of the back office that are ignored", "unchanged", async (job, deliver, dropped, good) =>
    job.type === "link_requested" ? undefined : good.dispatch(job, deliver, dropped),
  ),
  dispatches("every delivery twice", "unchanged again others waits drains", (job, deliver, dropped, good) =>
    good.dispatch(job, (each) => deliver(each).then(() => deliver(each)), dropped),
  ),
  dispatches("follow-up jobs that are ignored", "unchanged waits lane", async (job, deliver, dropped, good) =>
    job.type === "reset_requested" ? good.dispatch(job, deliver, dropped) : undefined,
  ),
  flaw("work that starts with the response", "notStarted gaveUp waits", () => {
    const running = new Set<Promise<void>>();
    return {
      async dispatch(job, deliver) {
        const work = deliver(job)
          .catch(() => deliver(job))
          .finally(() => running.delete(work));
        running.add(work);
        work.catch(() => {});
      },
      drain: () => Promise.allSettled(running),
    };
  }),
  dispatches("a dispatch that waits", "notStarted noWait", async (job, deliver, dropped, good) => {
    await good.dispatch(job, deliver, dropped);
    await good.drain?.();
  }),
  flaw("deliveries that are never repeated", "again", () => background({ maxAttempts: 1 })),
  dispatches(
    "a dispatch that fails with the delivery",
    "notStarted noWait again others gaveUp waits",
    (job, deliver, dropped) =>
      deliver(job).catch((error) => {
        dropped(job, "gave_up");
        throw error;
      }),
  ),
  dispatches("no report about a job that is given up", "gaveUp", (job, deliver, _, good) =>
    good.dispatch(job, deliver, () => {}),
  ),
  dispatches("a report about a job that succeeds", "again gaveUp waits", async (job, deliver, dropped, good) => {
    await good.dispatch(job, deliver, dropped);
    dropped(job, "queue_full");
  }),
  flaw("a drain that ends at once", "unchanged notStarted again others gaveUp waits drains", () => ({
    drain: async () => {},
  })),
  flaw("a drain that works once", "drains", (good) => {
    let drained: Promise<unknown> | undefined;
    return { drain: async () => (drained ??= Promise.resolve(good.drain?.())) };
  }),
  flaw("a queue that stops at the job that fails", "others gaveUp waits lane", () => {
    const waiting: (() => Promise<unknown>)[] = [];
    return {
      dispatch: async (job, deliver) => waiting.push(() => deliver(job).then(() => waiting.shift())),
      async drain() {
        for (let failures = 0; waiting.length > 0 && failures < 3; ) await waiting[0]?.().catch(() => failures++);
        waiting.length = 0;
      },
    };
  }),
  dispatches("a job that waits is given up like one that fails", "waits", (job, deliver, dropped, good) =>
    good.dispatch(job, (each) => deliver(each).catch(() => Promise.reject(new Error("failed"))), dropped),
  ),
  dispatches("one lane for all jobs", "lane", (job, deliver, dropped, good) =>
    good.dispatch({ ...job, type: "reset_requested" } as Job, () => deliver(job), dropped),
  ),
];

testFlaws("dispatcherContract", named, (flaw) => contract(flawed(flaw)), flaws);

test.concurrent("background passes dispatcherContract", async () => {
  expect(await findFailing(contract(good))).toEqual([]);
});

test.concurrent("a queue whose workers look up their deliver passes dispatcherContract", async () => {
  const create = (): Dispatcher => {
    const deliveries = new Map<string, Parameters<Dispatcher["dispatch"]>[1]>();
    const queue = queueDispatcher(async (job, { delayMs }) => {
      const message = JSON.stringify(job);
      setTimeout(() => void work(message), delayMs);
    });
    async function work(message: string) {
      const job = JSON.parse(message);
      const retry = () => setTimeout(() => void work(message), 50);
      await deliveries.get(job.id)?.(job).catch(retry);
    }
    return {
      dispatch(job, deliver, dropped) {
        deliveries.set(job.id, deliver);
        return queue.dispatch(job, deliver, dropped);
      },
    };
  };
  expect(await findFailing(dispatcherContract(create))).toEqual([]);
});

test("dispatcherContract reports a drain that never ends", async () => {
  vi.useFakeTimers();
  const error = findError(contract(flawed(() => ({ drain: () => new Promise(() => {}) }))), named.again);
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(await error).toMatch(/drain.*ten seconds/);
});
