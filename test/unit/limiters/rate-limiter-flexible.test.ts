import { TimeSpan } from "oslo";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { RateRule } from "relatch";
import { type FlexibleLimiter, rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { rateLimiterContract } from "relatch/testing";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";

const createMemory = ({ max, window }: RateRule) =>
  new RateLimiterMemory({ points: max, duration: Math.ceil(window.seconds()) });

const RULE = { max: 1, window: new TimeSpan(1, "m") };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A store whose every command takes a while before it runs, and again before its result arrives. */
function createSlow(rule: RateRule): FlexibleLimiter {
  const store = createMemory(rule);
  const slowly = async <T>(command: () => Promise<T>): Promise<T> => {
    await pause(40);
    return command().finally(() => pause(40));
  };
  return {
    consume: (key) => slowly(() => store.consume(key)),
    reward: (key) => slowly(() => store.reward(key)),
    get: (key) => slowly(() => store.get(key)),
    delete: (key) => slowly(() => store.delete(key)),
  };
}

describe("rateLimiterFlexible", () => {
  describe.concurrent.each([
    ["a fast store", createMemory],
    ["a slow store", createSlow],
  ])("with %s", (_, create) => {
    for (const { name, run } of rateLimiterContract(() => rateLimiterFlexible(create))) test(name, run);
  });

  test("a refusal sends no second command", async () => {
    const store = createMemory(RULE);
    const reward = vi.spyOn(store, "reward");
    const limiter = rateLimiterFlexible(() => store);
    for (const allowed of [true, false, false]) expect((await limiter.consume("a", RULE)).allowed).toBe(allowed);
    expect(reward).not.toHaveBeenCalled();
  });

  test.each([
    ["gives a unit back", { consumedPoints: 2, msBeforeNext: 5000 }, 1, "get reward"],
    ["gives the last unit back", { consumedPoints: 1, msBeforeNext: 60_000 }, 0, "get reward"],
    ["does nothing if there is no window", null, 0, "get"],
    ["does nothing if no unit was taken", { consumedPoints: 0, msBeforeNext: 60_000 }, 0, "get"],
    ["does nothing just before the end of the window", { consumedPoints: 2, msBeforeNext: 4999 }, 1, "get"],
    ["deletes the window if it fell below zero", { consumedPoints: 1, msBeforeNext: 5000 }, -1, "get reward delete"],
  ])("its refund %s", async (_, state, consumedPoints, calls) => {
    const called: string[] = [];
    const note = async <T>(call: string, value: T) => {
      called.push(call);
      return value;
    };
    const store: FlexibleLimiter = {
      consume: () => note("consume", null),
      get: () => note("get", state),
      reward: () => note("reward", { consumedPoints }),
      delete: () => note("delete", true),
    };
    await rateLimiterFlexible(() => store).refund?.("a", RULE);
    expect(called.join(" ")).toBe(calls);
  });

  test("creates one limiter per rule", async () => {
    const create = vi.fn(createMemory);
    const limiter = rateLimiterFlexible(create);
    const [minute, longer] = [new TimeSpan(60, "s"), new TimeSpan(61, "s")];
    const rules = [
      { max: 1, window: minute },
      { max: 2, window: minute },
      { max: 2, window: longer },
    ];
    for (const rule of [...rules, ...rules]) await limiter.consume("a", { ...rule });
    expect(create).toHaveBeenCalledTimes(3);
  });

  test.each([
    ["an error", new Error("down")],
    ["nothing", undefined],
    ["a string", "down"],
    ["no time", {}],
  ])("passes on a rejection with %s, because the store is down", async (_, failure) => {
    const fail = () => Promise.reject(failure);
    const broken: FlexibleLimiter = { consume: fail, reward: fail, get: fail, delete: fail };
    const consuming = rateLimiterFlexible(() => broken).consume("a", RULE);
    expect(await Promise.allSettled([consuming])).toEqual([{ status: "rejected", reason: failure }]);
  });

  test("refuses everything but a function", () => {
    expect(() => rateLimiterFlexible({} as never)).toThrow(relatchError("ERR_OPTIONS", "create"));
  });
});
