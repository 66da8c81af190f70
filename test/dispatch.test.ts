import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type BackgroundOptions, background, inline, queueDispatcher } from "../src/dispatch.ts";
import type { Job } from "../src/jobs.ts";
import type { Dispatcher, DropReason } from "../src/types.ts";
import { wrongOptions } from "./helpers/errors.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const START = 0;
const base = { v: 1, at: START, locale: "en" } as const;
const request = (id: string): Job => ({ ...base, type: "reset_requested", id, email: "mike@example.org" });
const followUp = (id: string): Job => ({
  ...base,
  type: "password_changed",
  id,
  userId: "42",
  previousStamp: "old",
  stamp: "new",
});

/** A dispatcher whose deliveries are written down, each with its time, and end as they are told to. */
function setup(dispatcher: Dispatcher, deliver: (job: Job, attempt: number) => unknown = () => {}) {
  const began = Date.now();
  const started: { id: string; after: number }[] = [];
  const drops: [string, DropReason][] = [];
  const attempts = new Map<string, number>();
  let running = 0;
  const seen = { mostAtOnce: 0 };
  const run = async (job: Job) => {
    started.push({ id: job.id, after: Date.now() - began });
    attempts.set(job.id, (attempts.get(job.id) ?? 0) + 1);
    running += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, running);
    try {
      await deliver(job, attempts.get(job.id) ?? 0);
    } finally {
      running -= 1;
    }
  };
  const dispatch = (job: Job) =>
    dispatcher.dispatch(job, run, (dropped, reason) => drops.push([dropped.id, reason]));
  return {
    dispatch,
    started,
    drops,
    seen,
    ids: () => started.map(({ id }) => id),
    drain: () => dispatcher.drain?.(),
  };
}

const fails = () => Promise.reject(new Error("the mail server is away"));
const pauseOf = (milliseconds: number) => () => new Promise((done) => setTimeout(done, milliseconds));
const ids = (count: number, prefix = "job") =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
/** Whether a promise is settled by now. */
async function isSettled(promise: unknown): Promise<boolean> {
  const still = Symbol();
  await vi.advanceTimersByTimeAsync(0);
  return (await Promise.race([promise, Promise.resolve(still)])) !== still;
}

describe("background: the first start", () => {
  test("comes neither in the same turn nor within 50 ms, and by 500 ms (timing side channel)", async () => {
    const { dispatch, started } = setup(background({ concurrency: 1000 }));
    for (const id of ids(300)) await dispatch(request(id));
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(451);
    expect(started).toHaveLength(300);
    const delays = started.map(({ after }) => after);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...delays)).toBeLessThanOrEqual(500);
    // Uniform: every tenth of the range is hit.
    expect(new Set(delays.map((delay) => Math.min(9, Math.floor((delay - 50) / 45)))).size).toBe(10);
  });

  test("is drawn from the platform's generator", async () => {
    const weak = vi.spyOn(Math, "random");
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as unknown as Uint32Array).fill(0xffff_ffff);
      return array;
    });
    // Numbers are drawn in stock: a fresh module has none yet.
    vi.resetModules();
    const fresh = await import("../src/dispatch.ts");
    const { dispatch, started } = setup(fresh.background());
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(498);
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(started).toHaveLength(1);
    expect(weak).not.toHaveBeenCalled();
  });

  test("of a follow-up comes as late", async () => {
    const { dispatch, ids: seen } = setup(background());
    await dispatch(followUp("f"));
    await vi.advanceTimersByTimeAsync(49);
    expect(seen()).toEqual([]);
    await vi.advanceTimersByTimeAsync(451);
    expect(seen()).toEqual(["f"]);
  });

  test("dispatching never waits for a delivery, nor fails with one", async () => {
    const { dispatch, seen } = setup(background({ maxAttempts: 1 }), fails);
    expect(await isSettled(dispatch(request("a")))).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.mostAtOnce).toBe(1);
  });
});

describe("background: what waits and what runs", () => {
  test("all at one time on a platform where a job dies with its request", async () => {
    const waitUntil = vi.fn();
    const { dispatch, seen } = setup(background({ waitUntil }), pauseOf(1000));
    for (const id of ids(60)) await dispatch(request(id));
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.mostAtOnce).toBe(60);
    const bounded = setup(background({ waitUntil, concurrency: 2 }), pauseOf(1000));
    for (const id of ids(5)) await bounded.dispatch(request(id));
    await vi.advanceTimersByTimeAsync(500);
    expect(bounded.seen.mostAtOnce).toBe(2);
  });

  test.each([1, 3, 8])("no more than %i at one time", async (concurrency) => {
    const { dispatch, started, seen } = setup(background({ concurrency }), pauseOf(1000));
    for (const id of ids(20)) await dispatch(request(id));
    await vi.advanceTimersByTimeAsync(500);
    expect(started).toHaveLength(concurrency);
    await vi.advanceTimersByTimeAsync(1000 * Math.ceil(20 / concurrency));
    expect(started).toHaveLength(20);
    expect(seen.mostAtOnce).toBe(concurrency);
  });

  test("eight by default", async () => {
    const { dispatch, seen } = setup(background(), pauseOf(1000));
    for (const id of ids(20)) await dispatch(request(id));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen.mostAtOnce).toBe(8);
  });

  test("a failed delivery gives its place back", async () => {
    const { dispatch, started } = setup(background({ concurrency: 1, maxAttempts: 1 }), fails);
    for (const id of ids(20)) await dispatch(request(id));
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toHaveLength(20);
  });

  test("requests beyond the bound are dropped, and reported", async () => {
    const { dispatch, ids: seen, drops } = setup(background({ maxWaiting: 3 }));
    for (const id of ids(5)) await dispatch(request(id));
    expect(drops).toEqual([
      ["job3", "queue_full"],
      ["job4", "queue_full"],
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen().sort()).toEqual(ids(3));
    // Places are free again.
    await dispatch(request("later"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen()).toContain("later");
    expect(drops).toHaveLength(2);
  });

  test("a thousand of them by default", async () => {
    const { dispatch, drops } = setup(background());
    for (const id of ids(1001)) await dispatch(request(id));
    expect(drops).toEqual([["job1000", "queue_full"]]);
  });

  test("follow-ups are never dropped, and take no request's place", async () => {
    const { dispatch, ids: seen, drops } = setup(background({ maxWaiting: 1 }));
    for (const id of ids(5, "follow")) await dispatch(followUp(id));
    await dispatch(request("request"));
    for (const id of ids(5, "more")) await dispatch(followUp(id));
    expect(drops).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen().sort()).toEqual([...ids(5, "follow"), ...ids(5, "more"), "request"].sort());
    // Nor do those that are done leave one behind.
    for (const id of ["one", "one too many"]) await dispatch(request(id));
    expect(drops).toEqual([["one too many", "queue_full"]]);
  });
});

describe("background: trying again", () => {
  const gapsOf = (started: { after: number }[]) =>
    started.slice(1).map(({ after }, index) => after - (started[index]?.after ?? 0));

  test("after about 1, 4, 16 and 64 seconds, half to one and a half of it; then gives up", async () => {
    const all = await Promise.all(
      ids(60).map(async (id) => {
        const { dispatch, started, drops } = setup(background(), fails);
        await dispatch(request(id));
        return { started, drops, id };
      }),
    );
    await vi.advanceTimersByTimeAsync(200_000);
    for (const { started, drops, id } of all) {
      const gaps = gapsOf(started);
      expect(gaps).toHaveLength(4);
      for (const [index, gap] of gaps.entries()) {
        expect(gap).toBeGreaterThanOrEqual(500 * 4 ** index);
        expect(gap).toBeLessThanOrEqual(1500 * 4 ** index);
      }
      expect(drops).toEqual([[id, "gave_up"]]);
    }
    // Jitter: sixty processes that lost one mail server do not come back at once.
    expect(new Set(all.map(({ started }) => gapsOf(started)[0])).size).toBeGreaterThan(20);
  });

  test.each([1, 2, 3])("%i times when told so", async (maxAttempts) => {
    const { dispatch, started, drops } = setup(background({ maxAttempts }), fails);
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(started).toHaveLength(maxAttempts);
    expect(drops).toEqual([["a", "gave_up"]]);
  });

  // Its first try may come before the commit: given up then, a password was changed and nobody told its owner.
  test("a follow-up at least five times, however few a request gets", async () => {
    const { dispatch, started, drops } = setup(background({ maxAttempts: 1 }), fails);
    await dispatch(followUp("a"));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(started).toHaveLength(5);
    expect(drops).toEqual([["a", "gave_up"]]);
  });

  test("until it works, and then no more", async () => {
    const { dispatch, started, drops } = setup(background(), (_, attempt) =>
      attempt < 3 ? fails() : undefined,
    );
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(started).toHaveLength(3);
    expect(drops).toEqual([]);
  });

  test.each<[unknown, atLeast: number, atMost: number]>([
    [20, 20_000, 20_000],
    [0.1, 500, 1500],
    [300, 300_000, 300_000],
    // Longer, and the person has asked again.
    [86_400, 300_000, 300_000],
    [Number.POSITIVE_INFINITY, 300_000, 300_000],
    [-5, 500, 1500],
    ["20", 20_000, 20_000],
    [Number.NaN, 500, 1500],
    [undefined, 500, 1500],
  ])("after %s seconds, where the mailer's error asks for so much", async (wish, atLeast, atMost) => {
    const busy = Object.assign(new Error("busy"), { cause: { retryAfterSeconds: wish } });
    const { dispatch, started } = setup(background({ maxAttempts: 2 }), () => Promise.reject(busy));
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(400_000);
    const [gap] = gapsOf(started);
    expect(gap).toBeGreaterThanOrEqual(atLeast);
    expect(gap).toBeLessThanOrEqual(atMost);
  });

  test.each([[undefined], [null], ["away"], [{ cause: null }]])(
    "as usual after a rejection with %s",
    async (reason) => {
      const { dispatch, started } = setup(background({ maxAttempts: 2 }), () => Promise.reject(reason));
      await dispatch(request("a"));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(started).toHaveLength(2);
    },
  );

  test("holds no place while it waits", async () => {
    const { dispatch, ids: seen } = setup(background({ concurrency: 1 }), ({ id }) =>
      id === "bad" ? fails() : undefined,
    );
    await dispatch(request("bad"));
    await vi.advanceTimersByTimeAsync(500);
    await dispatch(request("good"));
    await vi.advanceTimersByTimeAsync(500);
    expect(seen().filter((id) => id === "good")).toEqual(["good"]);
  });

  test("a delivery that throws at once, not by a promise, is one that failed", async () => {
    const dispatcher = background({ concurrency: 1, maxAttempts: 1 });
    const drops: DropReason[] = [];
    const delivered: string[] = [];
    const rude = () => {
      throw new Error("at once");
    };
    for (const id of ids(3)) await dispatcher.dispatch(request(id), rude, (_, reason) => drops.push(reason));
    await dispatcher.dispatch(
      request("good"),
      async ({ id }) => void delivered.push(id),
      () => {},
    );
    await vi.advanceTimersByTimeAsync(1000);
    expect(drops).toEqual(["gave_up", "gave_up", "gave_up"]);
    expect(delivered).toEqual(["good"]);
  });
});

describe("background: waitUntil", () => {
  test.each([
    ["delivered", () => {}],
    ["given up", fails],
  ])("is handed a promise that is fulfilled when the job is %s", async (_, deliver) => {
    const handed: Promise<unknown>[] = [];
    const { dispatch } = setup(
      background({ maxAttempts: 2, waitUntil: (work) => void handed.push(work) }),
      deliver,
    );
    await dispatch(request("a"));
    expect(handed).toHaveLength(1);
    expect(await isSettled(handed[0])).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(handed[0]).resolves.toBeUndefined();
  });

  test("does not start anything sooner", async () => {
    const { dispatch, started } = setup(background({ waitUntil: () => {} }));
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toEqual([]);
  });

  test("is handed nothing for a job that was dropped", async () => {
    const waitUntil = vi.fn();
    const { dispatch } = setup(background({ maxWaiting: 1, waitUntil }));
    await dispatch(request("a"));
    await dispatch(request("b"));
    expect(waitUntil).toHaveBeenCalledTimes(1);
  });
});

describe("background: drain", () => {
  test("resolves at once when nothing is left to do", async () => {
    await background().drain?.();
  });

  test("does not wait for the delay that hides the work", async () => {
    const { dispatch, drain, started } = setup(background());
    for (const id of ids(20)) await dispatch(request(id));
    await drain();
    expect(started).toHaveLength(20);
    expect(started.every(({ after }) => after === 0)).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started).toHaveLength(20);
  });

  test("waits for what runs, for what waits, and for retries", async () => {
    const { dispatch, drain, started } = setup(background({ concurrency: 1 }), async (_, attempt) => {
      await pauseOf(100)();
      if (attempt === 1) throw new Error("not yet");
    });
    for (const id of ids(3)) await dispatch(request(id));
    const drained = drain();
    expect(await isSettled(drained)).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    // The first is at its second try already: a drain does not wait for back-off.
    expect(started).toHaveLength(4);
    expect(await isSettled(drained)).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    await drained;
    expect(started).toHaveLength(6);
  });

  test("takes along what a delivery hands over meanwhile, without a delay", async () => {
    const dispatcher = background();
    const delivered: string[] = [];
    const deliver = async (job: Job) => {
      delivered.push(job.id);
      if (job.id === "first") await dispatcher.dispatch(request("second"), deliver, () => {});
    };
    await dispatcher.dispatch(request("first"), deliver, () => {});
    await dispatcher.drain?.();
    expect(delivered).toEqual(["first", "second"]);
  });

  test("nor does a job wait that is handed over while another one runs", async () => {
    const dispatcher = background();
    let secondIsThere = () => {};
    const second = new Promise<void>((resolve) => {
      secondIsThere = resolve;
    });
    const deliver = async ({ id }: Job) => {
      if (id === "second") return secondIsThere();
      await dispatcher.dispatch(request("second"), deliver, () => {});
      await second;
    };
    await dispatcher.dispatch(request("first"), deliver, () => {});
    expect(await isSettled(dispatcher.drain?.())).toBe(true);
  });

  test("may be called twice at once, and leaves the dispatcher as it was", async () => {
    const { dispatch, drain, started } = setup(background());
    await dispatch(request("a"));
    await Promise.all([drain(), drain()]);
    expect(started).toHaveLength(1);
    await dispatch(request("b"));
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(451);
    expect(started).toHaveLength(2);
  });

  test("ends when a job is given up", async () => {
    const { dispatch, drain, drops } = setup(background({ maxAttempts: 1 }), fails);
    await dispatch(request("a"));
    await drain();
    expect(drops).toEqual([["a", "gave_up"]]);
  });
});

describe("background: refuses at construction", () => {
  const numbers = ["concurrency", "maxWaiting", "maxAttempts"] as const;
  const bad = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "8", null];
  test.each(numbers.flatMap((name) => bad.map((value) => [name, value])))("%s: %s", (name, value) => {
    const options = { [String(name)]: value } as BackgroundOptions;
    expect(() => background(options)).toThrow(
      wrongOptions(`${name} is a whole number from 1 to ${2 ** 31 - 1}`),
    );
  });

  test.each([
    ["null", null, "options of background is an object"],
    ["a number", 8, "options of background is an object"],
    ["a waitUntil that is no function", { waitUntil: true }, "waitUntil is a function"],
  ])("%s", (_, options, message) => {
    expect(() => background(options as never)).toThrow(wrongOptions(message));
  });

  test("and no option that is undefined", () => {
    background({
      concurrency: undefined,
      maxWaiting: undefined,
      maxAttempts: undefined,
      waitUntil: undefined,
    });
  });
});

describe("inline", () => {
  test("delivers a request before it answers", async () => {
    const { dispatch, drain, ids: seen, drops } = setup(inline(), pauseOf(100));
    const answered = dispatch(request("a"));
    expect(seen()).toEqual(["a"]);
    expect(await isSettled(answered)).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    await answered;
    await drain();
    expect(drops).toEqual([]);
  });

  test("tries a request once, reports what failed and throws nothing", async () => {
    const { dispatch, started, drops } = setup(inline(), fails);
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(started).toHaveLength(1);
    expect(drops).toEqual([["a", "gave_up"]]);
  });

  test("waits for no follow-up, which can act only after the commit, and tries it again", async () => {
    const { dispatch, started, drops } = setup(inline(), (_, attempt) =>
      attempt === 1 ? fails() : undefined,
    );
    await dispatch(followUp("f"));
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(2500);
    expect(started).toHaveLength(2);
    expect(drops).toEqual([]);
  });

  test("drains its follow-ups", async () => {
    const { dispatch, drain, ids: seen } = setup(inline());
    await dispatch(followUp("f"));
    await drain();
    expect(seen()).toEqual(["f"]);
  });

  test("does not wait for a delivery that takes over five seconds, nor report it", async () => {
    const { dispatch, ids: seen, drops } = setup(inline(), pauseOf(60_000));
    const answered = dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(4999);
    expect(await isSettled(answered)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(answered)).toBe(true);
    expect([seen(), drops]).toEqual([["a"], []]);
  });
});

describe("queueDispatcher", () => {
  test("hands every job to the queue, with its id and a delay that hides the work, and delivers nothing", async () => {
    const enqueue = vi.fn<Parameters<typeof queueDispatcher>[0]>(async () => {});
    const { dispatch, started, drops } = setup(queueDispatcher(enqueue));
    const jobs = [...ids(300).map(request), followUp("follow-up")];
    for (const job of jobs) await dispatch(job);
    expect(enqueue.mock.calls.map(([job]) => job)).toEqual(jobs);
    expect(enqueue.mock.calls.map(([, { id }]) => id)).toEqual(jobs.map(({ id }) => id));
    const delays = enqueue.mock.calls.map(([, { delayMs }]) => delayMs);
    expect(delays.every((delay) => Number.isInteger(delay) && delay >= 50 && delay <= 500)).toBe(true);
    expect(new Set(delays.map((delay) => Math.min(9, Math.floor((delay - 50) / 45)))).size).toBe(10);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([started, drops]).toEqual([[], []]);
  });

  test("waits for the queue to take it, and fails when it does not", async () => {
    const slow = setup(queueDispatcher(pauseOf(100)));
    const answered = slow.dispatch(request("a"));
    expect(await isSettled(answered)).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    await answered;
    await expect(setup(queueDispatcher(fails)).dispatch(request("b"))).rejects.toThrow("away");
  });

  test.each([undefined, null, {}, "queue"])("refuses %s for the queue at construction", (enqueue) => {
    expect(() => queueDispatcher(enqueue as never)).toThrow(
      wrongOptions("queueDispatcher takes a function that puts a job into a queue"),
    );
  });
});
