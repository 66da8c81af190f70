import { TimeSpan } from "oslo";
import { pause } from "../lib/time.ts";
import type { RateLimiter, RateRule } from "../ports/contract.ts";
import { assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/**
 * Returns a case for everything that a `RateLimiter` must do. Every case uses its own keys, so the cases can run at the
 * same time. They take up to 3 seconds.
 *
 * @example
 * for (const { name, run } of rateLimiterContract(() => limiter)) test(name, run);
 */
export function rateLimiterContract(create: () => RateLimiter | Promise<RateLimiter>): ContractCase[] {
  const { cases, add: addCase } = createSuite(create);
  const add = (name: string, run: (limiter: RateLimiter, key: string) => Promise<void>) =>
    addCase(name, (limiter) => run(limiter, `test:${randomHex(16)}`));
  const rule = { max: 3, window: new TimeSpan(60, "s") };
  const second = { max: 2, window: new TimeSpan(1, "s") };

  /** Takes units until one is refused and returns how many there were. */
  async function countUnits(limiter: RateLimiter, key: string, of: RateRule): Promise<number> {
    for (let taken = 0; taken <= of.max; taken++) if ((await limiter.consume(key, of)).allowed !== true) return taken;
    return Number.POSITIVE_INFINITY;
  }

  add("consume allows as many units as the rule says, then refuses", async (limiter, key) => {
    assertSame("units", await countUnits(limiter, key, rule), rule.max);
    assertSame("allowed, once more", (await limiter.consume(key, rule)).allowed, false);
  });

  add("consume returns for how many seconds it refuses", async (limiter, key) => {
    await countUnits(limiter, key, rule);
    const { retryAfterSeconds } = await limiter.consume(key, rule);
    assertSame("the type of retryAfterSeconds", typeof retryAfterSeconds, "number");
    assertSame(`whether ${retryAfterSeconds} is in the window`, retryAfterSeconds > 0 && retryAfterSeconds <= 60, true);
    const allowed = await limiter.consume(`${key}:other`, rule);
    assertSame("the type of retryAfterSeconds when it allows", typeof allowed.retryAfterSeconds, "number");
  });

  add("50 concurrent calls of consume get as many units as the rule says", async (limiter, key) => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => limiter.consume(key, rule)));
    assertSame("allowed", verdicts.filter(({ allowed }) => allowed).length, rule.max);
  });

  add("every key is counted separately", async (limiter, key) => {
    await countUnits(limiter, key, rule);
    for (const other of [`${key}x`, key.slice(0, -1), key.toUpperCase(), `${key} `])
      assertSame(`allowed for ${JSON.stringify(other)}`, (await limiter.consume(other, rule)).allowed, true);
  });

  add("every rule is counted separately", async (limiter, key) => {
    const hourly = { max: 5, window: new TimeSpan(1, "h") };
    await countUnits(limiter, key, rule);
    assertSame("units of another rule", await countUnits(limiter, key, hourly), hourly.max);
  });

  add("a window may be as long as 7 days", async (limiter, key) => {
    // As for the responses to a second factor.
    const weekly = { max: 5, window: new TimeSpan(7, "d") };
    assertSame("units", await countUnits(limiter, key, weekly), weekly.max);
    await pause(50);
    const { allowed, retryAfterSeconds } = await limiter.consume(key, weekly);
    assertSame("allowed, a moment later", allowed, false);
    const isLong = retryAfterSeconds > 6 * 24 * 3600 && retryAfterSeconds <= 7 * 24 * 3600;
    assertSame(`whether ${retryAfterSeconds} seconds are between 6 and 7 days`, isLong, true);
  });

  add("a window lasts from its first unit, and refusals do not prolong it", async (limiter, key) => {
    await limiter.consume(key, second);
    await pause(600);
    await limiter.consume(key, second);
    assertSame("allowed in the window", (await limiter.consume(key, second)).allowed, false);
    await pause(600);
    assertSame("units after it", await countUnits(limiter, key, second), second.max);
  });

  add("refund, if there is one, gives one unit back", async (limiter, key) => {
    if (!limiter.refund) return;
    for (let taken = 0; taken < rule.max; taken++) await limiter.consume(key, rule);
    await limiter.refund(key, rule);
    assertSame("units", await countUnits(limiter, key, rule), 1);
  });

  add("a refund never goes below zero", async (limiter, key) => {
    if (!limiter.refund) return;
    for (let refund = 0; refund < 3; refund++) await limiter.refund(key, rule);
    await limiter.consume(key, rule);
    await Promise.all(Array.from({ length: 5 }, () => limiter.refund?.(key, rule)));
    assertSame("units", await countUnits(limiter, key, rule), rule.max);
  });

  add("a refund opens no window", async (limiter, key) => {
    if (!limiter.refund) return;
    await limiter.consume(key, second);
    await pause(1100);
    await limiter.refund(key, second);
    await pause(600);
    assertSame("units after the window", await countUnits(limiter, key, second), second.max);
    await pause(600);
    assertSame("units 1.2 seconds after the refund", await countUnits(limiter, key, second), 0);
  });

  add("a flood across the end of a window gets no more units than the rule says", async (limiter, key) => {
    const start = Date.now();
    let units = 0;
    const flood = async (_: unknown, caller: number) => {
      // Not in step, so that at any time some of the callers wait for the store.
      await pause(2 * caller);
      while (Date.now() < start + 1300) {
        if ((await limiter.consume(key, second)).allowed) units += 1;
        await pause(0);
      }
    };
    await Promise.all(Array.from({ length: 50 }, flood));
    // A slow store may have opened further windows meanwhile.
    const windows = Math.floor((Date.now() - start) / 1000) + 1;
    assertSame(`whether ${units} units fit into ${windows} windows`, units <= windows * second.max, true);
  });

  return cases;
}
