import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pause, succeeds, within } from "../src/time.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});
const late = () => new Error("late");

test("pause", async () => {
  const over = vi.fn();
  void pause(100).then(over);
  await vi.advanceTimersByTimeAsync(99);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toHaveBeenCalledOnce();
});

describe("within", () => {
  test("answers what the work answers, and leaves no timer behind", async () => {
    expect(await within(100, Promise.resolve("done"), late)).toBe("done");
    await expect(within(100, Promise.reject(new Error("broken")), late)).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects when the time is over", async () => {
    const outcome = expect(within(100, never(), late)).rejects.toThrow("late");
    await vi.advanceTimersByTimeAsync(100);
    await outcome;
    expect(vi.getTimerCount()).toBe(0);
  });

  test("work that fails when nobody waits any more disturbs nobody", async () => {
    const work = pause(200).then(() => Promise.reject(new Error("unheard")));
    const outcome = expect(within(100, work, late)).rejects.toThrow("late");
    await vi.advanceTimersByTimeAsync(300);
    await outcome;
  });
});

describe("succeeds", () => {
  /** Fails so many times, in one of the ways a step can fail. */
  const failing = (times: number, fail: () => unknown = () => Promise.reject(new Error("no"))) => {
    let calls = 0;
    return vi.fn(async () => (++calls <= times ? fail() : undefined));
  };

  test.each([
    [0, true, 1],
    [1, true, 2],
    [2, true, 3],
    [3, false, 3],
  ])("a step that fails %i times: %s, after %i tries", async (times, outcome, tries) => {
    const step = failing(times);
    const answer = succeeds(5000, step);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await answer).toBe(outcome);
    expect(step).toHaveBeenCalledTimes(tries);
  });

  test("tries again after 50 milliseconds, and after 200 more", async () => {
    const step = failing(3);
    void succeeds(5000, step);
    for (const [milliseconds, tries] of [
      [0, 1],
      [49, 1],
      [1, 2],
      [199, 2],
      [1, 3],
    ] as const) {
      await vi.advanceTimersByTimeAsync(milliseconds);
      expect(step).toHaveBeenCalledTimes(tries);
    }
  });

  test("a step that throws at once", async () => {
    const step = vi.fn<() => Promise<void>>(() => {
      throw new Error("at once");
    });
    const answer = succeeds(5000, step);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await answer).toBe(false);
    expect(step).toHaveBeenCalledTimes(3);
  });

  test("a step that never ends takes all the time there is, and no more", async () => {
    const answered = vi.fn();
    void succeeds(5000, never).then(answered);
    await vi.advanceTimersByTimeAsync(4999);
    expect(answered).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(answered).toHaveBeenCalledWith(false);
  });
});
