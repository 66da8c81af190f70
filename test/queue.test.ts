import { RateLimiterMemory } from "rate-limiter-flexible";
import { type Job, queueDispatcher, type RateLimiter } from "relatch";
import { type FlexibleLimiter, rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { rateLimiterContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "./harness.ts";
import { WRONG_OPTIONS } from "./helpers/errors.ts";

describe("queueDispatcher", () => {
  test("enqueues plain jobs with an id and a random delay; workers deliver them", async () => {
    const queue: { job: Job; id: string; delayMs: number }[] = [];
    const h = harness({
      dispatcher: queueDispatcher(async (job, options) =>
        queue.push({ job: structuredClone(job), ...options }),
      ),
      limits: { address: false },
    });
    for (let n = 0; n < 50; n++) await h.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(queue.every(({ job, id, delayMs }) => job.id === id && delayMs >= 50 && delayMs <= 500)).toBe(
      true,
    );
    expect(new Set(queue.map(({ delayMs }) => delayMs)).size).toBeGreaterThan(10);

    await h.passwordReset.deliver(queue[0]?.job);
    const token = h.mailer.lastLink(MIKE.email)?.split("/").at(-1);
    expect(await h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    await h.passwordReset.deliver(queue.at(-1)?.job);
    expect(h.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  test("takes a function and nothing else", () => {
    expect(() => queueDispatcher({} as never)).toThrow(WRONG_OPTIONS);
  });
});

describe("rateLimiterFlexible", () => {
  const create = () =>
    rateLimiterFlexible((rule) => {
      const keyPrefix = `reset:${rule.max}:${rule.windowSeconds}`;
      return new RateLimiterMemory({ keyPrefix, points: rule.max, duration: rule.windowSeconds });
    });
  for (const { name, run } of rateLimiterContract(create)) test(name, run);

  test("makes one limiter a rule", async () => {
    let made = 0;
    const limiter = rateLimiterFlexible(({ max, windowSeconds }) => {
      made += 1;
      return new RateLimiterMemory({ points: max, duration: windowSeconds });
    });
    for (const max of [1, 2, 1, 2]) await limiter.consume("a", { max, windowSeconds: 60 });
    expect(made).toBe(2);
  });

  test.each([
    ["an error", new Error("down")],
    ["nothing", undefined],
    ["a text", "down"],
    ["no time", {}],
  ])("takes a rejection with %s for a store that is down", async (_, failure) => {
    const broken: FlexibleLimiter = {
      consume: () => Promise.reject(failure),
      reward: () => Promise.reject(failure),
      get: () => Promise.reject(failure),
    };
    const consumed = rateLimiterFlexible(() => broken).consume("a", { max: 1, windowSeconds: 60 });
    expect(
      await consumed.then(
        () => "passed",
        (error: unknown) => ({ error }),
      ),
    ).toEqual({ error: failure });
  });

  test("takes a function and nothing else", () => {
    expect(() => rateLimiterFlexible({} as never)).toThrow(WRONG_OPTIONS);
  });
});

describe("while the limiter is down", () => {
  const rateLimiter: RateLimiter = { consume: () => Promise.reject(new Error("down")) };

  test("requests are refused by default, with an event", async () => {
    const { passwordReset, happened } = harness({ limits: { rateLimiter } });
    const request = passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
    await expect(request).rejects.toMatchObject({ code: "ERR_RATE_LIMITER" });
    expect(happened()).toEqual(["rate_limiter_unavailable:refused"]);
  });

  test("requests pass where that was asked for, with events", async () => {
    const { passwordReset, happened, mailer } = harness({ limits: { rateLimiter, onUnavailable: "allow" } });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" })).toEqual({ ok: true });
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
    expect(happened().filter((what) => what === "rate_limiter_unavailable:allowed")).toHaveLength(2);
  });
});
