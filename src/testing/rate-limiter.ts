import { pause } from "../time.ts";
import type { RateLimiter, RateRule } from "../types.ts";
import { type ContractCase, expectSame, randomHex, suite } from "./cases.ts";

/** Options of {@link rateLimiterContract}. */
export interface RateLimiterContractOptions {
  /**
   * Asks that a refund counts also after refusals, and buys nothing where nothing was taken. Default: `false`, for
   * limiters that count refusals as units, as those of `rate-limiter-flexible` do.
   */
  exactRefunds?: boolean | undefined;
}

/** What every `RateLimiter` must do. The cases use keys of their own, may run at the same time, and take up to 2 s. */
export function rateLimiterContract(
  create: () => RateLimiter | Promise<RateLimiter>,
  { exactRefunds = false }: RateLimiterContractOptions = {},
): ContractCase[] {
  const { cases, add: addCase } = suite(create);
  const add = (name: string, run: (limiter: RateLimiter, key: string) => Promise<void>) =>
    addCase(name, (limiter) => run(limiter, `test:${randomHex(16)}`));
  const rule = { max: 3, windowSeconds: 60 };

  /** Asks until it is refused; says how many units there were. */
  async function unitsLeft(limiter: RateLimiter, key: string, of: RateRule): Promise<number> {
    for (let taken = 0; taken <= of.max; taken++)
      if ((await limiter.consume(key, of)).allowed !== true) return taken;
    return Number.POSITIVE_INFINITY;
  }

  add("allows as many as the rule says, then refuses", async (limiter, key) => {
    expectSame("units", await unitsLeft(limiter, key, rule), rule.max);
    expectSame("allowed, asked again", (await limiter.consume(key, rule)).allowed, false);
  });

  add("says when it refuses for how many seconds", async (limiter, key) => {
    await unitsLeft(limiter, key, rule);
    const { retryAfterSeconds } = await limiter.consume(key, rule);
    expectSame("the type of retryAfterSeconds", typeof retryAfterSeconds, "number");
    expectSame(
      `whether ${retryAfterSeconds} is in the window`,
      retryAfterSeconds > 0 && retryAfterSeconds <= rule.windowSeconds,
      true,
    );
    const allowed = await limiter.consume(`${key}:other`, rule);
    expectSame("the type of retryAfterSeconds when it allows", typeof allowed.retryAfterSeconds, "number");
  });

  add("checks and takes in one step: of 50 at once, as many pass as the rule says", async (limiter, key) => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => limiter.consume(key, rule)));
    expectSame("allowed", verdicts.filter(({ allowed }) => allowed).length, rule.max);
  });

  add("counts keys apart", async (limiter, key) => {
    await unitsLeft(limiter, key, rule);
    for (const other of [`${key}x`, key.slice(0, -1), key.toUpperCase(), `${key} `])
      expectSame(`allowed for ${JSON.stringify(other)}`, (await limiter.consume(other, rule)).allowed, true);
  });

  add("counts rules apart", async (limiter, key) => {
    const hourly = { max: 5, windowSeconds: 3600 };
    await unitsLeft(limiter, key, rule);
    expectSame("units of another rule", await unitsLeft(limiter, key, hourly), hourly.max);
  });

  add("counts a window from its first unit; refusals do not prolong it", async (limiter, key) => {
    const second = { max: 2, windowSeconds: 1 };
    await limiter.consume(key, second);
    await pause(600);
    await limiter.consume(key, second);
    expectSame("allowed in the window", (await limiter.consume(key, second)).allowed, false);
    await pause(600);
    expectSame("units after it", await unitsLeft(limiter, key, second), second.max);
  });

  add("gives a unit back, if it can", async (limiter, key) => {
    if (!limiter.refund) return;
    for (let taken = 0; taken < rule.max; taken++) await limiter.consume(key, rule);
    await limiter.refund(key, rule);
    expectSame("units", await unitsLeft(limiter, key, rule), 1);
  });

  if (exactRefunds) {
    add("gives a unit back after refusals, which took none", async (limiter, key) => {
      for (let asked = 0; asked < rule.max + 2; asked++) await limiter.consume(key, rule);
      await limiter.refund?.(key, rule);
      expectSame("units", await unitsLeft(limiter, key, rule), 1);
    });

    add("gives no more back than was taken", async (limiter, key) => {
      await limiter.refund?.(key, rule);
      expectSame("units", await unitsLeft(limiter, key, rule), rule.max);
    });
  }

  return cases;
}
