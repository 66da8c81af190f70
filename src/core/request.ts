import { canonicalEmail } from "../lib/email-address.ts";
import { isPrivateAddress } from "../lib/ip-address.ts";
import { mustBe, optionError } from "../lib/shape.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import { addressKey, clientKeys, codeRequestKey } from "../limiters/keys.ts";
import { createTicket } from "../links/ticket.ts";
import { chooseLanguage } from "../messages/language.ts";
import { isNoResponse } from "../ports/calls.ts";
import type { RateRule } from "../ports/contract.ts";
import { type TakenUnit, takeUnits, type Verdict } from "../ports/guarded.ts";
import type { Method, RequestResetResult } from "./api.ts";
import { CODE_REQUESTS, mayIssueCode } from "./attempts.ts";
import type { Core } from "./core.ts";
import { handOver } from "./deliver.ts";
import { createJob, readMention } from "./jobs.ts";
import { type Origin, readOrigin } from "./origin.ts";
import { giveUnitsBack, settleUnits } from "./units.ts";

/**
 * Requests a link. Nothing here may depend on whether the account exists: there is no query, no token and no email before
 * the response.
 */
export async function requestReset(core: Core, input: unknown): Promise<RequestResetResult<Method>> {
  const { clientRules, addressRules, languages, emit, now } = core.config;
  const origin = readOrigin(core, input);
  const method = readMethod(core, readOwnField(input, "method"));
  const email = canonicalEmail(readOwnField(input, "email"));
  if (email === undefined) {
    emit({ type: "request_refused", reason: "invalid_email", ...origin });
    return { ok: false, reason: "invalid_email" };
  }

  const ip = readOwnField(input, "ip");
  for (const { key, factor } of readClientKeys(core, ip, origin)) {
    const rules = clientRules.map((rule) => ({ ...rule, max: rule.max * factor }));
    const verdict = await countAgainst(core, rules, key, origin);
    if (verdict.allowed) continue;
    reportThrottled(core, "client", verdict, origin);
    // Most likely the address of a proxy, which everybody shares.
    if (isPrivateAddress(ip)) emit({ type: "client_address_unusable", reason: "private_address", ...origin });
    return { ok: false, reason: "throttled", retryAfterSeconds: verdict.retryAfterSeconds };
  }
  const locale = chooseLanguage(languages, readOwnField(input, "locale")).tag;
  const mention = readMention(core.config, ip);
  const ticket = method === "code" ? issueTicket(core, origin) : undefined;
  const result = ticket ? ({ ok: true, ticket: ticket.text } as const) : ({ ok: true } as const);
  const job = { ...createJob(now()), type: "reset_requested", email, locale, ...mention, ...origin } as const;
  const key = addressKey(email, origin.tenant);
  const taken: TakenUnit[] = [];
  let wasLost: Promise<boolean> | undefined;
  try {
    await settleUnits(core, key);
    const verdict = await countAgainst(core, addressRules, key, origin, taken);
    if (!verdict.allowed) {
      // Silent, and counted for unknown addresses as well: a visible refusal would reveal who has an account.
      reportThrottled(core, "address", verdict, origin);
      return result;
    }
    const hasCode = ticket && (await mayIssueCode(core, codeRequestKey(email, origin.tenant), CODE_REQUESTS, origin));
    const complete = hasCode ? { ...job, ticketDigest: ticket.digest, codeExpiresAt: ticket.expiresAt } : job;
    await handOver(core, complete, (response) => {
      wasLost = response.then(
        () => false,
        () => true,
      );
    });
  } catch (error) {
    // A queue that did not respond in time may have the job all the same. Its email is paid for unless the queue says no,
    // and nobody waits for that.
    const refund = giveUnitsBack(core, key, taken, wasLost ?? Promise.resolve(true));
    if (!wasLost || !isNoResponse(error)) await refund;
    throw error;
  }
  emit({ type: "reset_requested", method, jobId: job.id, ...origin });
  return result;
}

function readMethod({ config }: Core, method: unknown): Method {
  if (method === "link" || method === undefined || method === null) return "link";
  if (method !== "code") throw mustBe("method", '"link" or "code"', method);
  if (config.codes) return method;
  throw optionError('method must be "link", because the option codes is not given. Example: codes: true.');
}

/** Everybody gets a ticket, also if nothing is sent. */
function issueTicket({ config }: Core, { tenant }: Origin) {
  const { codes, keys, now } = config;
  const expiresAt = Math.floor((now().getTime() + (codes?.lifetime ?? 0)) / 1000) * 1000;
  const { ticket: text, digest } = createTicket(keys[0] as Uint8Array, expiresAt, tenant);
  return { text, digest, expiresAt };
}

/** An address that is not known does not switch the limit off: servers have none for a connection that was reset. */
function readClientKeys({ config }: Core, ip: unknown, origin: Origin) {
  if (ip === false) return [];
  const keys = clientKeys(ip);
  if (!keys) config.emit({ type: "client_address_unusable", reason: "not_an_address", ...origin });
  return keys ?? [{ key: "client:unusable", factor: 1 }];
}

async function countAgainst(
  { config }: Core,
  rules: readonly RateRule[],
  key: string,
  origin: Origin,
  taken?: TakenUnit[],
): Promise<Verdict> {
  const { rateLimiter, calls, allowsWithoutLimiter, emit } = config;
  try {
    return await takeUnits(calls, rateLimiter, key, rules, taken);
  } catch (error) {
    const reason = allowsWithoutLimiter ? "allowed" : "refused";
    emit({ type: "rate_limiter_unavailable", reason, ...origin });
    if (reason === "refused") throw error;
    return { allowed: true };
  }
}

function reportThrottled(
  { config }: Core,
  reason: "client" | "address",
  { rule, retryAfterSeconds }: Extract<Verdict, { allowed: false }>,
  origin: Origin,
): void {
  const facts = Object.freeze({ max: rule.max, windowSeconds: rule.window.milliseconds() / 1000 });
  config.emit({ type: "request_throttled", reason, rule: facts, retryAfterSeconds, ...origin });
}
