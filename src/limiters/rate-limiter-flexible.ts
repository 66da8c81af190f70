import { wrong } from "../checks.ts";
import type { RateLimiter, RateRule } from "../types.ts";

/** As much of a limiter of the package `rate-limiter-flexible` as is used. */
export interface FlexibleLimiter {
  /** Rejects with `{ msBeforeNext }` when no point is left, and with an `Error` when its store is down. */
  consume(key: string): Promise<unknown>;
  /** Takes a point back; below none, if it is asked to. */
  reward(key: string): Promise<unknown>;
  get(key: string): Promise<{ consumedPoints: number } | null>;
}

/**
 * Shares the limits between processes, through Redis, Postgres, MySQL or whatever `rate-limiter-flexible` knows.
 * `create` is called once a rule:
 *
 *     rateLimiterFlexible((rule) => new RateLimiterRedis({
 *       storeClient, keyPrefix: `reset:${rule.windowSeconds}`, points: rule.max, duration: rule.windowSeconds,
 *     }))
 *
 * Give each rule a `keyPrefix` of its own, or they count into one another. On Postgres and MySQL create the table
 * beforehand and say `tableCreated: true`: the limiters are made with the first request, which could not wait for
 * it. When the store is down, `limits.onUnavailable` decides.
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no function.
 */
export function rateLimiterFlexible(create: (rule: RateRule) => FlexibleLimiter): RateLimiter {
  if (typeof create !== "function")
    throw wrong("rateLimiterFlexible takes a function that makes a limiter of a rule");
  const limiters = new Map<string, FlexibleLimiter>();

  function limiterOf(rule: RateRule): FlexibleLimiter {
    const name = `${rule.max}/${rule.windowSeconds}`;
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
        // A refusal counts there, too: then a unit given back would not be one that can be taken.
        await limiterOf(rule)
          .reward(key)
          .catch(() => {});
        return { allowed: false, retryAfterSeconds: Math.ceil(msBeforeNext / 1000) };
      }
    },
    async refund(key, rule) {
      const state = await limiterOf(rule).get(key);
      if (state && state.consumedPoints > 0) await limiterOf(rule).reward(key);
    },
  };
}
