import { TimeSpan } from "oslo";
import type { RateRule } from "../ports/contract.ts";
import { takeUnits } from "../ports/guarded.ts";
import type { Core } from "./core.ts";
import type { Origin } from "./origin.ts";

/** How many requests for one address get a code within an hour. More get the link alone, whatever the limits are. */
export const CODE_REQUESTS: RateRule = { max: 3, window: new TimeSpan(1, "h") };
/** How many codes are issued for one ticket: each attempt at its email needs another one. */
export const TICKET_CODES: RateRule = { max: 5, window: new TimeSpan(20, "m") };
/** How many codes may be compared for one ticket. The window is longer than any ticket is valid. */
export const CODE_ATTEMPTS: RateRule = { max: 5, window: new TimeSpan(20, "m") };
/** How many responses may be verified for one link. The window is as long as a link can be valid. */
export const LINK_ATTEMPTS: RateRule = { max: 5, window: new TimeSpan(7, "d") };
/** How many responses may be verified for one account, over all links. */
export const ACCOUNT_ATTEMPTS: RateRule = { max: 20, window: new TimeSpan(1, "d") };

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

/** Counts a code that is about to be promised or issued. If there may be none, or the limiter fails, the link goes alone. */
export const mayIssueCode = (core: Core, key: string, rule: RateRule, origin: Origin): Promise<boolean> =>
  takeAttempt(core, key, rule, origin).catch(() => false);
