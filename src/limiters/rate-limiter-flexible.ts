import { aFunction } from "../lib/shape.ts";
import type { RateLimiter, RateRule } from "../ports/contract.ts";

/** The part of a limiter of the package `rate-limiter-flexible` that is used. */
export interface FlexibleLimiter {
  /** Rejects with `{ msBeforeNext }` if no point is left, and with an `Error` if its store is down. */
  consume(key: string): Promise<unknown>;
  /** Gives a point back, even if none was taken, and opens a window if none is open. */
  reward(key: string): Promise<{ consumedPoints: number }>;
  /** Returns the points taken in the open window, or `null` if none is open. */
  get(key: string): Promise<{ consumedPoints: number; msBeforeNext: number } | null>;
  /** Forgets the key. */
  delete(key: string): Promise<unknown>;
}

/** How much of a window must be left for a refund, in milliseconds: more than its commands take. */
const REFUND_MARGIN = 5000;

/**
 * Shares the limits between processes, through any store of `rate-limiter-flexible`, such as Redis, Postgres or MySQL.
 * `create` is called once per rule, with the first request that the rule counts. Use another `keyPrefix` for each rule,
 * or the rules count together. On Postgres and MySQL, create the table beforehand and pass `tableCreated: true`,
 * because a request cannot wait for it. If the store is down, `limits.onUnavailable` decides. With ioredis, set
 * `maxRetriesPerRequest: 0`: a command that is sent again after a lost connection would take two units.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `create` is not a function.
 * @example
 * const rateLimiter = rateLimiterFlexible(({ max, window }) => {
 *   const duration = Math.ceil(window.seconds());
 *   return new RateLimiterRedis({ storeClient, keyPrefix: `reset:${max}:${duration}`, points: max, duration });
 * });
 */
export function rateLimiterFlexible(create: (rule: RateRule) => FlexibleLimiter): RateLimiter {
  aFunction("(rule) => new RateLimiterRedis({ … })")(create, "rateLimiterFlexible.create");
  const limiters = new Map<string, FlexibleLimiter>();

  function limiterOf(rule: RateRule): FlexibleLimiter {
    const name = `${rule.max}/${rule.window.milliseconds()}`;
    const limiter = limiters.get(name) ?? create(rule);
    limiters.set(name, limiter);
    return limiter;
  }

  return {
    async consume(key, rule) {
      try {
        await limiterOf(rule).consume(key);
        return { allowed: true, retryAfterSeconds: 0 };
      } catch (refusal) {
        const { msBeforeNext } = (refusal ?? {}) as { msBeforeNext?: unknown };
        if (refusal instanceof Error || typeof msBeforeNext !== "number") throw refusal;
        return { allowed: false, retryAfterSeconds: Math.ceil(msBeforeNext / 1000) };
      }
    },

    /**
     * The package has no refund in one step. So a unit is given back only if the window stays open meanwhile: a reward
     * after its end would open the next window below zero. Refusals count there too, and none is given back, so after
     * refusals a refund may have no effect.
     */
    async refund(key, rule) {
      const limiter = limiterOf(rule);
      const state = await limiter.get(key);
      if (!state || state.consumedPoints <= 0 || state.msBeforeNext < REFUND_MARGIN) return;
      const { consumedPoints } = await limiter.reward(key);
      if (consumedPoints < 0) await limiter.delete(key);
    },
  };
}
