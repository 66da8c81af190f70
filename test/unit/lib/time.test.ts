import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { monotonicNow, pause, pauseInBackground, succeedsWithin, within } from "../../../src/lib/time.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});
const late = () => new Error("late");

test("pause resolves after as many milliseconds as it was given, and not before", async () => {
  const over = vi.fn();
  void pause(100).then(over);
  await vi.advanceTimersByTimeAsync(99);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toHaveBeenCalledOnce();
});

test.each([
  ["an object", () => ({ unref: vi.fn() })],
  ["a number", () => 42],
])("pauseInBackground keeps no process alive, if timers are %s", async (_, create) => {
  const timer = create();
  const timeout = vi.spyOn(globalThis, "setTimeout").mockReturnValueOnce(timer as never);
  const over = pauseInBackground(100);
  if (typeof timer === "object") expect(timer.unref).toHaveBeenCalledOnce();
  timeout.mock.calls[0]?.[0]();
  await over;
});

describe("within", () => {
  test("settles as the work does and leaves no timer behind", async () => {
    expect(await within(100, Promise.resolve("done"), late)).toBe("done");
    await expect(within(100, Promise.reject(new Error("broken")), late)).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects when the time is over, and a later failure of the work reaches nobody", async () => {
    const work = pause(200).then(() => Promise.reject(new Error("unheard")));
    const outcome = expect(within(100, work, late)).rejects.toThrow("late");
    await vi.advanceTimersByTimeAsync(99);
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(201);
    await outcome;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("succeedsWithin", () => {
  test.each([
    [0, true, 1],
    [1, true, 2],
    [2, true, 3],
    [3, false, 3],
  ])("reports for a step that fails %i times: %s, after %i attempts", async (failures, outcome, attempts) => {
    let calls = 0;
    const step = vi.fn(async () => {
      calls += 1;
      if (calls <= failures) throw new Error("no");
    });
    const result = succeedsWithin(5000, step);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await result).toBe(outcome);
    expect(step).toHaveBeenCalledTimes(attempts);
  });

  test("attempts a step again after 50 milliseconds and after 200 more, whatever the timers say", async () => {
    const at: number[] = [];
    const step = () => {
      at.push(monotonicNow());
      throw new Error("at once");
    };
    expect(await succeedsWithin(5000, step)).toBe(false);
    const [first = 0, second = 0, third = 0, ...more] = at;
    // Timers may be a millisecond early.
    expect(second - first).toBeGreaterThanOrEqual(49);
    expect(third - second).toBeGreaterThanOrEqual(199);
    expect(more).toEqual([]);
  });

  test("gives up a step that never ends when the time is over", async () => {
    const result = vi.fn();
    void succeedsWithin(5000, never).then(result);
    await vi.advanceTimersByTimeAsync(4999);
    expect(result).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(result).toHaveBeenCalledWith(false);
  });
});
