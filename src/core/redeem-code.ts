import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { optionError } from "../lib/shape.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import { ticketKeys } from "../limiters/keys.ts";
import { deriveLink, readCode } from "../links/code.ts";
import { readTicket } from "../links/ticket.ts";
import type { RedeemCodeResult } from "./api.ts";
import { CODE_ATTEMPTS, takeAttempt } from "./attempts.ts";
import type { Core } from "./core.ts";
import type { TokenRefusal } from "./events.ts";
import { refusedToken, reportRefusal } from "./link.ts";
import { readOrigin } from "./origin.ts";

/**
 * Exchanges a code for the token of the link that it stands for. Whether the address of the request has an account changes
 * nothing: the same calls are made, and an unknown address has no code that could be right.
 */
export async function redeemCode(core: Core, input: unknown): Promise<RedeemCodeResult> {
  const { codes, keys, links, emit, now } = core.config;
  if (!codes || !links.codes) {
    throw optionError(
      "redeemCode must have the option codes. Example: createPasswordReset({ ...options, codes: true }).",
    );
  }
  const origin = readOrigin(core, input);
  const refuse = (reason: TokenRefusal, userId?: string) => {
    reportRefusal(core, reason, origin, userId);
    return refusedToken();
  };
  const code = readCode(readOwnField(input, "code"));
  const ticket = readTicket(keys, readOwnField(input, "ticket"), origin.tenant, now().getTime());
  if (code === undefined || !ticket) return refuse("malformed");
  if (ticket.expiresAt <= now().getTime()) return refuse("expired");
  if (!(await takeAttempt(core, ticketKeys(ticket.digest, origin.tenant).attempts, CODE_ATTEMPTS, origin))) {
    return refuse("too_many_attempts");
  }
  const raw = deriveLink(ticket.key, ticket.digest, code);
  const claim = await links.codes.find(raw);
  if (!claim) return refuse("wrong_code");
  const { userId, expiresAt } = claim;
  if (expiresAt <= now().getTime()) return refuse("expired", userId);
  emit({ type: "code_redeemed", userId, ...origin });
  return { ok: true, token: encodeBase64urlNoPadding(raw) };
}
