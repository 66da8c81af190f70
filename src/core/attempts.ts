import type { RateRule } from "../ports/contract.ts";
import { takeUnits } from "../ports/guarded.ts";
import type { Core } from "./core.ts";
import type { Origin } from "./origin.ts";

/**
 * Counts one attempt to guess a code or a second factor, and reports whether it may be made. It is counted before anything
 * is compared and never given back. These counts cannot be switched off, and a limiter that fails refuses.
 *
 * @throws {RelatchError} `ERR_RATE_LIMITER` if the limiter fails, whatever `limits.onUnavailable` says.
 */
export async function takeAttempt({ config }: Core, key: string, rule: RateRule, origin: Origin): Promise<boolean> {
  const { calls, rateLimiter, emit } = config;
  try {
    const { allowed } = await takeUnits(calls, rateLimiter, key, [rule]);
    return allowed;
  } catch (error) {
    emit({ type: "rate_limiter_unavailable", reason: "refused", ...origin });
    throw error;
  }
}
