import { background, type Dispatcher, inline, queueDispatcher } from "relatch";
import { dispatcherContract } from "relatch/testing";
import { describe, expect, test, vi } from "vitest";
import { complaint, failing } from "./failing.ts";

const contract = (create: () => Dispatcher) => dispatcherContract(create, { givesUp: true });
const good = () => background({ maxAttempts: 2 });
const order = contract(good).map(({ name }) => name);

const [unchanged, notStarted, noWait, again, others, gaveUp, drains] = [
  "delivers every job of both types, unchanged, and once when that succeeds",
  "does not start the work with the answer",
  "does not let the answer wait for the work",
  "does not fail with the delivery, and tries it again",
  "delivers the others when one job fails for good",
  "says so when it gives a job up",
  "drain, if there is one, ends when no job is waiting or running",
];

/** A good dispatcher with methods of its own in place of the good ones. */
type Flaw = (good: Dispatcher) => Partial<Dispatcher>;

const flaws: [title: string, flaw: Flaw, fails: string[]][] = [
  [
    "a job that is read back otherwise",
    (good) => ({
      dispatch: (job, deliver, dropped) => good.dispatch({ ...job, at: 0 }, deliver, dropped),
    }),
    [unchanged, others],
  ],
  [
    "every delivery twice",
    (good) => ({
      dispatch: (job, deliver, dropped) =>
        good.dispatch(
          job,
          async (each) => {
            await deliver(each);
            await deliver(each);
          },
          dropped,
        ),
    }),
    [unchanged, again, others, drains],
  ],
  [
    "follow-ups left aside",
    (good) => ({
      dispatch: async (job, deliver, dropped) =>
        job.type === "reset_requested" && good.dispatch(job, deliver, dropped),
    }),
    [unchanged],
  ],
  [
    "work that starts with the answer",
    () => {
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
    },
    [notStarted, gaveUp],
  ],
  [
    "an answer that waits",
    (good) => ({
      async dispatch(job, deliver, dropped) {
        await good.dispatch(job, deliver, dropped);
        await good.drain?.();
      },
    }),
    [notStarted, noWait],
  ],
  ["deliveries that are never repeated", () => background({ maxAttempts: 1 }), [again]],
  [
    "failures that are the dispatcher's own",
    () => ({
      dispatch: async (job, deliver, dropped) =>
        deliver(job).catch((error) => {
          dropped(job, "gave_up");
          throw error;
        }),
    }),
    [notStarted, noWait, again, others, gaveUp],
  ],
  [
    "silence about what is given up",
    (good) => ({
      dispatch: (job, deliver) => good.dispatch(job, deliver, () => {}),
    }),
    [gaveUp],
  ],
  [
    "a report about what succeeds",
    (good) => ({
      async dispatch(job, deliver, dropped) {
        await good.dispatch(job, deliver, dropped);
        dropped(job, "queue_full");
      },
    }),
    [again, gaveUp],
  ],
  [
    "a drain that ends at once",
    () => ({ drain: async () => {} }),
    [unchanged, notStarted, again, others, gaveUp, drains],
  ],
  [
    "a drain that works once",
    (good) => {
      let drained: Promise<unknown> | undefined;
      return {
        drain() {
          drained ??= good.drain?.() ?? Promise.resolve();
          return drained;
        },
      };
    },
    [drains],
  ],
  [
    "a queue that stops at the job that fails",
    () => {
      const waiting: (() => Promise<boolean>)[] = [];
      const running = new Map<Dispatcher, Promise<void>>();
      const self: Dispatcher = {
        async dispatch(job, deliver) {
          waiting.push(() =>
            deliver(job).then(
              () => true,
              () => false,
            ),
          );
        },
        async drain() {
          for (let failures = 0; waiting.length > 0 && failures < 3; ) {
            if (await waiting[0]!()) waiting.shift();
            else failures += 1;
          }
          if (waiting.length > 0) waiting.length = 0;
          running.clear();
        },
      };
      return self;
    },
    [others, gaveUp],
  ],
];

describe.concurrent("dispatcherContract", () => {
  test("background passes", async () => {
    expect(await failing(contract(good))).toEqual([]);
  });

  test("a queue passes, whose workers look up what to deliver with", async () => {
    const create = (): Dispatcher => {
      const queue = queueDispatcher(async (job, { delayMs }) => {
        const message = JSON.stringify(job);
        setTimeout(() => void work(message), delayMs);
      });
      const deliveries = new Map<string, Parameters<Dispatcher["dispatch"]>[1]>();
      async function work(message: string) {
        const job = JSON.parse(message);
        await deliveries
          .get(job.id)?.(job)
          .catch(() => setTimeout(() => void work(message), 50));
      }
      return {
        dispatch(job, deliver, dropped) {
          deliveries.set(job.id, deliver);
          return queue.dispatch(job, deliver, dropped);
        },
      };
    };
    expect(await failing(dispatcherContract(create))).toEqual([]);
  });

  test("inline, which is not for servers, fails", async () => {
    expect(await failing(contract(inline))).toEqual([notStarted, noWait, again]);
  }, 30_000);

  test.each(flaws)(
    "%s",
    async (_, flaw, fails) => {
      const create = () => {
        const dispatcher = good();
        return { ...dispatcher, ...flaw(dispatcher) };
      };
      expect(await failing(contract(create))).toEqual(order.filter((name) => fails.includes(name)));
    },
    30_000,
  );

  test("each case has a flaw that it is there for", () => {
    const failed = new Set(flaws.flatMap(([, , fails]) => fails));
    expect(order.filter((name) => !failed.has(name))).toEqual([]);
    expect(order).toEqual([unchanged, notStarted, noWait, again, others, gaveUp, drains]);
  });
});

test("a drain that never ends is said to be one", async () => {
  vi.useFakeTimers();
  const create = () => ({ ...good(), drain: () => new Promise(() => {}) });
  const said = complaint(contract(create), again);
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(await said).toBe("Error: drain: did not end within ten seconds");
});
