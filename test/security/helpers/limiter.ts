import { memoryRateLimiter, type RateLimiter, type RateRule } from "relatch";

/** A limiter that writes down for what it was asked, and answers as it is told. */
export interface WatchedLimiter extends RateLimiter {
  asked: { key: string; rule: RateRule }[];
  /** Of these kinds of keys: `address`, `client`. */
  keys(kind: "address" | "client"): string[];
}

export function watched(limiter: RateLimiter = memoryRateLimiter()): WatchedLimiter {
  const asked: WatchedLimiter["asked"] = [];
  return {
    asked,
    keys: (kind) => asked.map(({ key }) => key).filter((key) => key.startsWith(`${kind}:`)),
    consume(key, rule) {
      asked.push({ key, rule });
      return limiter.consume(key, rule);
    },
  };
}

/** Lets everything pass, and counts nothing. */
export const generous: RateLimiter = { consume: async () => ({ allowed: true, retryAfterSeconds: 0 }) };

/** Lets nothing pass. */
export const strict: RateLimiter = { consume: async () => ({ allowed: false, retryAfterSeconds: 60 }) };
