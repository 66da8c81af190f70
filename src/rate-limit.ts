import { optionalFunction, section, wholeNumber } from "./checks.ts";
import type { RateLimiter, RateRule } from "./types.ts";

/**
 * Counts in this process: right for one process, and for tests. Several processes share their counts through a
 * limiter on a common store. Memory is bounded: beyond `maxKeys` the oldest counts are forgotten.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function memoryRateLimiter(
  options: { maxKeys?: number | undefined; now?: (() => number) | undefined } = {},
): RateLimiter {
  const given = section("options of memoryRateLimiter", options, ["maxKeys", "now"]);
  const maxKeys = wholeNumber("maxKeys", given.maxKeys, 100_000, 1);
  const now = optionalFunction<() => number>("now", given.now) ?? Date.now;
  interface Window {
    used: number;
    endsAt: number;
  }
  const windows = new Map<string, Window>();
  const keyOf = (key: string, rule: RateRule) => `${rule.max}/${rule.windowSeconds} ${key}`;
  // One iterator for all deletions: a new one would pass over the places of all that were deleted before.
  let byAge = windows.entries();
  let oldest = byAge.next();

  function openWindow(key: string, endsAt: number): Window {
    windows.delete(key);
    forgetOldest();
    const window = { used: 0, endsAt };
    windows.set(key, window);
    return window;
  }

  function forgetOldest(): void {
    if (oldest.done) {
      byAge = windows.entries();
      oldest = byAge.next();
    }
    for (; !oldest.done; oldest = byAge.next()) {
      const [key, window] = oldest.value;
      // One that was opened anew is further down.
      if (windows.get(key) !== window) continue;
      if (windows.size < maxKeys && window.endsAt > now()) return;
      windows.delete(key);
    }
  }

  return {
    async consume(key, rule) {
      const length = rule.windowSeconds * 1000;
      const found = windows.get(keyOf(key, rule));
      // A window that ends later than it could have begun was opened before the clock went back.
      const current = found && found.endsAt > now() && found.endsAt <= now() + length ? found : undefined;
      const window = current ?? openWindow(keyOf(key, rule), now() + length);
      if (window.used >= rule.max) {
        return { allowed: false, retryAfterSeconds: Math.ceil((window.endsAt - now()) / 1000) };
      }
      window.used += 1;
      return { allowed: true, retryAfterSeconds: 0 };
    },

    async refund(key, rule) {
      const window = windows.get(keyOf(key, rule));
      if (window && window.used > 0) window.used -= 1;
    },
  };
}
