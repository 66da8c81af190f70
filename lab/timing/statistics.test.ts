import { describe, expect, test } from "vitest";
import { type Row, verdictOf } from "./rows.ts";
import { schedule } from "./schedule.ts";
import { compare, LEAK, median, SUSPICIOUS, smallestShift } from "./statistics.ts";
import { meansAfter, mostAfter, type Stream, timesAfter } from "./stream.ts";

// That the statistics find what they must, and nothing else: on made-up times, with a fixed seed. Nothing is timed.

/** Mulberry32: the same numbers each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nanoseconds as a server takes them: skewed, and one in twenty was interrupted for milliseconds. */
function timesOf(random: () => number, count: number, shift = 0): Float64Array {
  return Float64Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const interrupted = random() < 0.05 ? 4000 * random() : 0;
    return Math.round(1000 * (30 + 8 * Math.exp(0.5 * normal) + interrupted)) + shift;
  });
}

const COUNT = 10_000;
/** Welch's t over all times, without cropping. */
function plainT(a: Float64Array, b: Float64Array): number {
  const moments = [a, b].map((times) => {
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1);
    return { mean, error: variance / times.length };
  });
  const [first, second] = moments as [(typeof moments)[0], (typeof moments)[0]];
  return (first.mean - second.mean) / Math.sqrt(first.error + second.error);
}

describe("comparing two classes", () => {
  test("passes equal ones, in each of 20 tries", () => {
    const random = generator(1);
    const worst = Array.from({ length: 20 }, () => Math.abs(compare(timesOf(random, COUNT), timesOf(random, COUNT)).t));
    expect(Math.max(...worst)).toBeLessThan(SUSPICIOUS);
    // They are not all the same, or nothing was compared.
    expect(new Set(worst).size).toBe(20);
  });

  test.each([1, -1])("finds a shift of 2 µs that interruptions drown, in both directions (%i)", (sign) => {
    const random = generator(2);
    const [a, b] = [timesOf(random, COUNT, 2000 * sign), timesOf(random, COUNT)];
    expect(Math.abs(plainT(a, b))).toBeLessThan(SUSPICIOUS);
    const { t, kept } = compare(a, b);
    expect(sign * t).toBeGreaterThan(LEAK);
    expect(kept).toBeLessThan(1);
  });

  test("finds a difference that is in the slow times alone", () => {
    const random = generator(3);
    const slow = timesOf(random, COUNT).map((time) => (random() < 0.05 ? time + 3_000_000 : time));
    expect(compare(slow, timesOf(random, COUNT)).t).toBeGreaterThan(LEAK);
  });

  test("is Welch's t where nothing is cropped", () => {
    const [a, b] = [timesOf(generator(4), 100, 500_000), timesOf(generator(5), 100)];
    // With fewer than a hundred of a class below it, a percentile does not count.
    expect(compare(a, b)).toEqual({ t: expect.closeTo(plainT(a, b), 9), kept: 1 });
  });

  test("takes equal times for equal, also where a coarse clock repeats them", () => {
    const random = generator(6);
    const coarse = () => Float64Array.from({ length: COUNT }, () => Math.floor(3 * random()));
    expect(Math.abs(compare(coarse(), coarse()).t)).toBeLessThan(SUSPICIOUS);
    const same = new Float64Array(COUNT).fill(7);
    expect(compare(same, same).t).toBe(0);
    expect(
      compare(
        same,
        same.map((time) => time + 1),
      ).t,
    ).toBe(Number.NEGATIVE_INFINITY);
  });

  test("says nothing of classes that are too small", () => {
    expect(compare(timesOf(generator(7), 50, 1_000_000), timesOf(generator(8), COUNT))).toEqual({
      t: 0,
      kept: 1,
    });
  });

  test("knows the smallest shift it would have found", () => {
    const random = generator(9);
    const [a, b] = [timesOf(random, COUNT), timesOf(random, COUNT)];
    const shift = smallestShift(a, b);
    expect(shift).toBeGreaterThan(50);
    expect(shift).toBeLessThan(2000);
    const largestT = (by: number) =>
      Math.min(
        ...[by, -by].map((each) =>
          Math.abs(
            compare(
              a,
              b.map((time) => time + each),
            ).t,
          ),
        ),
      );
    expect(largestT(shift + 1)).toBeGreaterThan(LEAK);
    expect(largestT(Math.round(shift / 2))).toBeLessThan(LEAK);
    // More samples, a finer eye.
    expect(smallestShift(timesOf(random, 4 * COUNT), timesOf(random, 4 * COUNT))).toBeLessThan(shift);
  });

  test("changes no times", () => {
    const a = Float64Array.of(3, 1, 2);
    compare(a, a);
    expect([...a, median(a)]).toEqual([3, 1, 2, 2]);
  });
});

describe("timesAfter and mostAfter", () => {
  /** Two classes in random order; a request that comes `lag` after one of class 1 takes longer. */
  function stream(lag: number, shift: number, seed = 10 + lag): Stream {
    const random = generator(seed);
    const classes = Uint8Array.from({ length: 2 * COUNT }, () => Number(random() < 0.5));
    const times = timesOf(random, classes.length).map((time, index) =>
      classes[index - lag] === 1 ? time + shift : time,
    );
    return { classes, times, planted: new Uint8Array(classes.length), warmUp: 100 };
  }
  const LAGS = [0, 1, 2, 3, 4, 39, 40];

  test.each([0, 1, 3, 40])("a shift at lag %i is found there, and nowhere else", (lag) => {
    const found = mostAfter([stream(lag, 2000)], [1, 0], LAGS);
    expect(found.lag).toBe(lag);
    expect(found.t).toBeGreaterThan(LEAK);
    const elsewhere = mostAfter(
      [stream(lag, 2000)],
      [1, 0],
      LAGS.filter((each) => each !== lag),
    );
    expect(Math.abs(elsewhere.t)).toBeLessThan(SUSPICIOUS);
  });

  test("runs are pooled, each compared with itself: a slow one does not look like a leak", () => {
    const [fast, slow] = [stream(1, 2000, 100), stream(1, 2000, 200)];
    slow.times.forEach((time, index) => {
      slow.times[index] = time + 40_000;
    });
    const found = mostAfter([fast, slow], [1, 0], LAGS);
    expect([found.lag, found.samples > 0.9 * 2 * COUNT]).toEqual([1, true]);
    expect(found.t).toBeGreaterThan(LEAK);
    const none = mostAfter([fast, slow], [1, 0], LAGS.slice(2));
    expect(Math.abs(none.t)).toBeLessThan(SUSPICIOUS);
  });

  test("a small part of each of many probes is found in their mean", () => {
    const random = generator(300);
    const classes = Uint8Array.from({ length: 2 * COUNT }, () => Number(random() < 0.5));
    const times = timesOf(random, classes.length).map(
      (time, index) => time + 600 * classes.subarray(Math.max(0, index - 20), index).reduce((a, b) => a + b, 0),
    );
    const streams = [{ classes, times, planted: new Uint8Array(classes.length), warmUp: 100 }];
    const lags = Array.from({ length: 20 }, (_, index) => index + 1);
    const t = (kinds: number[], of: number[]) => {
      const [a, b] = kinds.map((kind) => meansAfter(streams, kind, of)) as [Float64Array, Float64Array];
      return compare(a, b).t;
    };
    expect(t([1, 0], lags)).toBeGreaterThan(LEAK);
    expect(
      Math.abs(
        t(
          [1, 0],
          lags.map((lag) => lag + 20),
        ),
      ),
    ).toBeLessThan(SUSPICIOUS);
  });

  test("a planted delay counts in its control only, and warm-up requests never count", () => {
    const times = Float64Array.from({ length: 10 }, (_, index) => index);
    const classes = Uint8Array.from([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    const planted = Uint8Array.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    const recorded: Stream = { classes, times, planted, warmUp: 2 };
    expect([...timesAfter(recorded, 1, 0)]).toEqual([3, 7, 9]);
    expect([...timesAfter(recorded, 1, 0, true)]).toEqual([3, 5, 7, 9]);
    expect([...timesAfter(recorded, 0, 1)]).toEqual([3, 7, 9]);
    expect([...timesAfter(recorded, 1, 1)]).toEqual([2, 4, 6, 8]);
  });
});

describe("the verdict", () => {
  const row = (role: Row["role"], t: number): Row => ({
    role,
    t,
    what: "a / b",
    where: "own response",
    samples: COUNT,
    lag: 0,
    nanoseconds: 1,
  });
  test.each([
    ["passes", [row("figure", 4.4), row("figure", -4.4), row("control", -11)]],
    ["again", [row("figure", 4.4), row("figure", -4.6), row("control", 11)]],
    ["fails", [row("figure", -10.1), row("control", 11)]],
    ["fails", [row("figure", 10.1), row("control", 1)]],
    ["unmeasured", [row("figure", 1), row("control", 11), row("control", 9.9)]],
    ["unmeasured", [row("figure", 1), row("control", Number.NaN)]],
    ["unmeasured", [row("figure", 1)]],
    ["passes", [row("figure", 1), row("control", 11), row("remark", 99)]],
  ])("%s", (verdict, rows) => {
    expect(verdictOf(rows)).toBe(verdict);
  });
});

test("a schedule has so many of each, in random order, with addresses of one shape", () => {
  const counts = { unknown: 300, known: 300, known_throttled: 300, planted: 100 };
  const plan = schedule(counts, 200);
  const measured = plan.states.slice(plan.warmUp);
  for (const [state, count] of Object.entries(counts)) {
    expect(measured.filter((each) => each === state)).toHaveLength(count);
  }
  expect(plan.warmUp).toBe(200);
  expect(new Set(plan.addresses.map((address) => address.replace(/[a-z]/g, "x"))).size).toBe(1);
  expect(new Set(plan.clients).size).toBe(plan.states.length);
  expect(new Set(plan.clients.map(({ length }) => length)).size).toBe(1);
  const accounts = new Set(plan.accounts.map(({ email }) => email));
  for (const [index, state] of plan.states.entries()) {
    expect(accounts.has(plan.addresses[index] ?? "")).toBe(state.startsWith("known"));
  }
  // Sorted, there would be three changes.
  const changes = measured.filter((state, index) => index > 0 && state !== measured[index - 1]);
  expect(changes.length).toBeGreaterThan(400);
});
