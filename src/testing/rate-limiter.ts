import { pause } from "../time.ts";
import type { RateLimiter } from "../types.ts";
import { type ContractCase, expectSame, randomHex } from "./cases.ts";

/** What every `RateLimiter` must do. The cases use keys of their own and take up to a second each. */
export function rateLimiterContract(create: () => RateLimiter | Promise<RateLimiter>): ContractCase[] {
  const cases: ContractCase[] = [];
  const add = (name: string, run: (limiter: RateLimiter, key: string) => Promise<void>) =>
    cases.push({ name, run: async () => run(await create(), `test:${randomHex(16)}`) });
  const rule = { max: 3, windowSeconds: 60 };

  add("allows as many as the rule says, then refuses and says for how long", async (limiter, key) => {
    for (let n = 0; n < rule.max; n++)
      expectSame("allowed", (await limiter.consume(key, rule)).allowed, true);
    const { allowed, retryAfterSeconds } = await limiter.consume(key, rule);
    expectSame("allowed", allowed, false);
    expectSame("retryAfterSeconds is in the window", retryAfterSeconds > 0 && retryAfterSeconds <= 60, true);
  });

  add("checks and takes in one step: of 50 at once, as many pass as the rule says", async (limiter, key) => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => limiter.consume(key, rule)));
    expectSame("allowed", verdicts.filter(({ allowed }) => allowed).length, rule.max);
  });

  add("counts keys and rules apart", async (limiter, key) => {
    for (let n = 0; n <= rule.max; n++) await limiter.consume(key, rule);
    expectSame("another key", (await limiter.consume(`${key}x`, rule)).allowed, true);
    expectSame("another rule", (await limiter.consume(key, { max: 5, windowSeconds: 120 })).allowed, true);
  });

  add("allows again when the window is over", async (limiter, key) => {
    const second = { max: 1, windowSeconds: 1 };
    await limiter.consume(key, second);
    expectSame("allowed in the window", (await limiter.consume(key, second)).allowed, false);
    await pause(1200);
    expectSame("allowed after it", (await limiter.consume(key, second)).allowed, true);
  });

  add("gives a unit back, if it can", async (limiter, key) => {
    if (!limiter.refund) return;
    for (let n = 0; n < rule.max; n++) await limiter.consume(key, rule);
    await limiter.refund(key, rule);
    expectSame("allowed", (await limiter.consume(key, rule)).allowed, true);
    expectSame("allowed once more", (await limiter.consume(key, rule)).allowed, false);
  });

  return cases;
}
