import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { background } from "../../../src/dispatchers/background.ts";
import { monotonicNow } from "../../../src/lib/time.ts";
import type { DropReason, Job } from "../../../src/ports/contract.ts";
import { fail, followUp, isSettled, record, request, requests, takes } from "./recorder.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("background starts a job", () => {
  test("50 to 500 ms after it was taken, at random over the whole range", async () => {
    const { dispatch, started } = record(background({ concurrency: 1000 }));
    await dispatch(...requests(300), followUp("f"));
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(451);
    expect(started).toHaveLength(301);
    const delays = started.map(({ after }) => after);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...delays)).toBeLessThanOrEqual(500);
    expect(new Set(delays.map((delay) => Math.min(9, Math.floor((delay - 50) / 45)))).size).toBe(10);
  });

  test("at a time that the platform's generator draws", async () => {
    const weak = vi.spyOn(Math, "random");
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as unknown as Uint32Array).fill(0xffff_ffff);
      return array;
    });
    const { dispatch, started } = record(background());
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(498);
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(started).toHaveLength(1);
    expect(weak).not.toHaveBeenCalled();
  });

  test("without making dispatch wait for the delivery or fail with it", async () => {
    const { dispatch, started } = record(background({ maxAttempts: 1 }), fail);
    expect(await isSettled(dispatch(request("a")))).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(started).toHaveLength(1);
  });
});

describe("background runs", () => {
  test.each([
    [1, { concurrency: 1 }],
    [3, { concurrency: 3 }],
    [8, {}],
    [2, { concurrency: 2, waitUntil: () => {} }],
    [20, { waitUntil: () => {} }],
  ])("at most %i deliveries at one time with %o, and all in the end", async (most, options) => {
    const { dispatch, started, seen } = record(background(options), takes(1000));
    await dispatch(...requests(20));
    await vi.advanceTimersByTimeAsync(500);
    expect(started).toHaveLength(most);
    await vi.advanceTimersByTimeAsync(1000 * Math.ceil(20 / most));
    expect(started).toHaveLength(20);
    expect(seen.mostAtOnce).toBe(most);
  });

  test("the next job also if a delivery rejects or throws at once", async () => {
    const { dispatch, started } = record(background({ concurrency: 1, maxAttempts: 1 }), fail);
    await dispatch(...requests(20));
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toHaveLength(20);

    const dispatcher = background({ concurrency: 1, maxAttempts: 1 });
    const drops: DropReason[] = [];
    const rude = () => {
      throw new Error("at once");
    };
    for (const job of requests(3)) await dispatcher.dispatch(job, rude, (_, reason) => drops.push(reason));
    await dispatcher.drain?.();
    expect(drops).toEqual(["gave_up", "gave_up", "gave_up"]);
  });

  test("other jobs while a failed one waits for its next attempt", async () => {
    const { dispatch, ids } = record(background({ concurrency: 1 }), ({ id }) => (id === "bad" ? fail() : undefined));
    await dispatch(request("bad"));
    await vi.advanceTimersByTimeAsync(500);
    await dispatch(request("good"));
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toContain("good");
  });
});

describe("background drops", () => {
  test("requests for which there is no room, until there is room again", async () => {
    const { dispatch, ids, drops } = record(background({ maxWaiting: 3 }));
    await dispatch(...requests(5));
    expect(drops.map(([id]) => id)).toEqual(["job3", "job4"]);
    expect(new Set(drops.map(([, reason]) => reason))).toEqual(new Set(["queue_full"]));
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids().sort()).toEqual(["job0", "job1", "job2"]);
    await dispatch(request("later"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids()).toContain("later");
    expect(drops).toHaveLength(2);
  });

  test("the request after a thousand by default", async () => {
    const { dispatch, drops } = record(background());
    await dispatch(...requests(1001));
    expect(drops).toEqual([["job1000", "queue_full"]]);
  });

  test("no follow-up job, and counts none as a waiting request", async () => {
    const { dispatch, started, drops } = record(background({ maxWaiting: 1 }));
    await dispatch(followUp("one"), followUp("two"), request("request"), followUp("three"));
    expect(drops).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(started).toHaveLength(4);
    await dispatch(request("fits"), request("one too many"));
    expect(drops).toEqual([["one too many", "queue_full"]]);
  });
});

describe("background attempts a failed job again", () => {
  test("after about 1, 4, 16 and 64 seconds with jitter, and then gives up", async () => {
    const all = await Promise.all(
      requests(60).map(async (job) => {
        const its = record(background(), fail);
        await its.dispatch(job);
        return { ...its, id: job.id };
      }),
    );
    await vi.advanceTimersByTimeAsync(200_000);
    for (const { gaps, drops, id } of all) {
      expect(gaps()).toHaveLength(4);
      for (const [index, gap] of gaps().entries()) {
        expect(gap).toBeGreaterThanOrEqual(500 * 4 ** index);
        expect(gap).toBeLessThanOrEqual(1500 * 4 ** index);
      }
      expect(drops).toEqual([[id, "gave_up"]]);
    }
    // Sixty processes that lost one mail server do not come back at once.
    expect(new Set(all.map(({ gaps }) => gaps()[0])).size).toBeGreaterThan(20);
  });

  test.each([
    ["a request", 1, 1, request("a")],
    ["a request", 3, 3, request("a")],
    // Its first attempt may come before the commit. Given up then, nobody would notify the owner.
    ["a follow-up job", 1, 5, followUp("a")],
    ["a follow-up job", 6, 6, followUp("a")],
  ])("in total, for %s with maxAttempts %i, %i times", async (_, maxAttempts, attempts, job) => {
    const { dispatch, started, drops } = record(background({ maxAttempts }), fail);
    await dispatch(job);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(started).toHaveLength(attempts);
    expect(drops).toEqual([["a", "gave_up"]]);
  });

  test("until it succeeds, and then no more", async () => {
    const { dispatch, started, drops } = record(background(), (_, attempt) => (attempt < 3 ? fail() : undefined));
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(started).toHaveLength(3);
    expect(drops).toEqual([]);
  });

  test.each<[unknown, atLeast: number, atMost: number]>([
    [20, 20_000, 20_000],
    [0.1, 500, 1500],
    [300, 300_000, 300_000],
    // After five minutes the person has asked again.
    [86_400, 300_000, 300_000],
    [Number.POSITIVE_INFINITY, 300_000, 300_000],
    [-5, 500, 1500],
    ["20", 20_000, 20_000],
    [Number.NaN, 500, 1500],
    [undefined, 500, 1500],
  ])("after %s seconds if the error asks for that, within limits", async (wish, atLeast, atMost) => {
    const busy = Object.assign(new Error("busy"), { retryAfterSeconds: wish });
    const { dispatch, gaps } = record(background({ maxAttempts: 2 }), () => Promise.reject(busy));
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(400_000);
    expect(gaps()[0]).toBeGreaterThanOrEqual(atLeast);
    expect(gaps()[0]).toBeLessThanOrEqual(atMost);
  });

  test.each([[undefined], [null], ["away"], [{ retryAfterSeconds: null }]])(
    "after a rejection with %o",
    async (reason) => {
      const { dispatch, started } = record(background({ maxAttempts: 2 }), () => Promise.reject(reason));
      await dispatch(request("a"));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(started).toHaveLength(2);
    },
  );
});

describe("A follow-up job that waits for its commit", () => {
  const waiting = () => Promise.reject(Object.assign(new Error("not yet"), { isWaiting: true, retryAfterSeconds: 15 }));

  test("uses up no attempts, and comes again after the time it asks for", async () => {
    const failures = [...new Array(40).fill(waiting), fail, fail, fail, fail];
    const { dispatch, gaps, started, drops } = record(background(), () => failures.shift()?.());
    await dispatch(followUp("a"));
    await vi.advanceTimersByTimeAsync(900_000);
    expect(gaps().slice(0, 40)).toEqual(new Array(40).fill(15_000));
    expect([started.length, drops]).toEqual([45, []]);
  });

  test("uses up no attempts while draining, also under fake timers, and is not attempted all the time", async () => {
    const start = monotonicNow();
    const { dispatch, drain, started, drops } = record(background(), (_, nth) => (nth < 8 ? waiting() : {}));
    await dispatch(followUp("a"));
    await drain();
    expect([started.length, drops]).toEqual([8, []]);
    expect(monotonicNow() - start).toBeGreaterThan(600);
  });

  test("does not wait for a flood of a thousand requests, each of which takes a minute", async () => {
    const { dispatch, started, drops } = record(background(), takes(60_000));
    await dispatch(...requests(1000), followUp("follow-up"));
    await vi.advanceTimersByTimeAsync(500);
    expect(started.map(({ id }) => id)).toContain("follow-up");
    // The control: the lane of the requests is full.
    expect([started.length, drops]).toEqual([9, []]);
  });
});

describe("background gives waitUntil", () => {
  test.each([
    ["delivered", () => {}],
    ["given up", fail],
  ])("a promise that is fulfilled when the job is %s", async (_, deliver) => {
    const handed: Promise<unknown>[] = [];
    const waitUntil = (work: Promise<unknown>) => void handed.push(work);
    const { dispatch } = record(background({ maxAttempts: 2, waitUntil }), deliver);
    await dispatch(request("a"));
    expect(handed).toHaveLength(1);
    expect(await isSettled(handed[0])).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(handed[0]).resolves.toBeUndefined();
  });

  test("nothing for a dropped job, and starts no job sooner", async () => {
    const waitUntil = vi.fn();
    const { dispatch, started } = record(background({ maxWaiting: 1, waitUntil }));
    await dispatch(request("a"), request("b"));
    expect(waitUntil).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toEqual([]);
  });

  test("its promise and takes the job also if waitUntil throws", async () => {
    const waitUntil = () => {
      throw new Error("no context");
    };
    const { dispatch, started } = record(background({ waitUntil }));
    await dispatch(request("a"));
    await vi.advanceTimersByTimeAsync(500);
    expect(started).toHaveLength(1);
  });
});

describe("drain of background", () => {
  test("resolves at once if there are no jobs", async () => {
    expect(await isSettled(background().drain?.())).toBe(true);
  });

  test("starts waiting jobs without the delay that hides the work, once each", async () => {
    const { dispatch, drain, started } = record(background());
    await dispatch(...requests(20));
    await drain();
    expect(started.map(({ after }) => after)).toEqual(new Array(20).fill(0));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started).toHaveLength(20);
  });

  test("waits for running and waiting jobs, and retries without a back-off", async () => {
    const { dispatch, drain, started } = record(background({ concurrency: 1 }), async (_, attempt) => {
      await takes(100)();
      if (attempt === 1) throw new Error("not yet");
    });
    await dispatch(...requests(3));
    const drained = drain();
    expect(await isSettled(drained)).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    expect(started).toHaveLength(4);
    expect(await isSettled(drained)).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    await drained;
    expect(started).toHaveLength(6);
  });

  test.each([
    ["after", false],
    ["while", true],
  ])("takes along a job that was handed over by a delivery, and runs it %s that runs", async (_, waits) => {
    const dispatcher = background();
    const delivered: string[] = [];
    let secondRan = () => {};
    const second = new Promise<void>((resolve) => {
      secondRan = resolve;
    });
    const deliver = async ({ id }: Job) => {
      delivered.push(id);
      if (id === "second") return secondRan();
      await dispatcher.dispatch(request("second"), deliver, () => {});
      if (waits) await second;
    };
    await dispatcher.dispatch(request("first"), deliver, () => {});
    expect(await isSettled(dispatcher.drain?.())).toBe(true);
    expect(delivered).toEqual(["first", "second"]);
  });

  test("may run twice at once and leaves the dispatcher as it was", async () => {
    const { dispatch, drain, started } = record(background());
    await dispatch(request("a"));
    await Promise.all([drain(), drain()]);
    expect(started).toHaveLength(1);
    await dispatch(request("b"));
    await vi.advanceTimersByTimeAsync(49);
    expect(started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(451);
    expect(started).toHaveLength(2);
  });

  test("needs no timer for a failed attempt, so fake timers cannot stop it", async () => {
    const { dispatch, drain, started } = record(background(), (_, attempt) => (attempt < 3 ? fail() : {}));
    await dispatch(request("a"), followUp("b"));
    await drain();
    expect(started).toHaveLength(6);
  });

  test("ends when a job is given up", async () => {
    const { dispatch, drain, drops } = record(background(), fail);
    await dispatch(request("a"), followUp("b"));
    const drained = drain();
    await vi.advanceTimersByTimeAsync(10);
    await drained;
    expect(drops).toEqual([
      ["a", "gave_up"],
      ["b", "gave_up"],
    ]);
  });
});
