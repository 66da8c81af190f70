import type { Account } from "./account.ts";
import type {
  CompleteResetInput,
  CompleteResetResult,
  DrainReport,
  PasswordReset,
  PasswordResetOptions,
  RequestResetInput,
  RequestResetResult,
  VerifyTokenResult,
} from "./api.ts";
import { wrong } from "./checks.ts";
import { completion } from "./completion.ts";
import { delivery } from "./delivery.ts";
import { canonicalEmail } from "./email-address.ts";
import { RelatchError } from "./errors.ts";
import type { TokenRefusal } from "./events.ts";
import { ownField } from "./fields.ts";
import { InFlight } from "./in-flight.ts";
import { type Job, newJob } from "./jobs.ts";
import { addressKey, clientKey } from "./limit-keys.ts";
import { chooseLanguage } from "./mail/language.ts";
import { checkedOptions } from "./options.ts";
import { call, consume } from "./ports.ts";
import { CLOCK_SKEW } from "./time.ts";
import type { RateRule } from "./types.ts";

/** A token that may be used now, and the account it is for. */
interface Proof {
  account: Account;
  expiresAt: Date;
}

/**
 * The password reset of an application: three calls over its own users, tokens, mailer and hasher.
 *
 * @throws RelatchError `ERR_OPTIONS`, with what to write instead.
 */
export function createPasswordReset(options: PasswordResetOptions): PasswordReset {
  const config = checkedOptions(options);
  const { users, tokens, rateLimiter, dispatcher, languages, callTimeout, emit, now } = config;
  const { deliver, dropped, note, undelivered } = delivery(config);
  const complete = completion(config, handOver, note);

  // ── Asking for a link ─────────────────────────────────────────────────────────────────────────────────
  // Nothing here may depend on whether the account exists: no look-up, no token, no mail before the answer.

  async function requestReset(input: RequestResetInput): Promise<RequestResetResult> {
    const tenant = checkedTenant(ownField(input, "tenant"));
    const address = canonicalEmail(ownField(input, "email"));
    if (address === undefined) {
      emit({ type: "request_refused", reason: "invalid_email", tenant });
      return { ok: false, reason: "invalid_email" };
    }

    const client = await takeUnits(clientKeyOf(ownField(input, "ip"), tenant), config.clientRules, tenant);
    if (!client.allowed) {
      emit({ type: "request_throttled", reason: "client", tenant });
      return { ok: false, reason: "throttled", retryAfterSeconds: client.retryAfterSeconds };
    }
    // Silent, and charged alike for unknown addresses: a refusal that shows would tell who has an account.
    const { addressRules } = config;
    const addressUnits = addressRules.length > 0 ? addressKey(address, tenant) : undefined;
    const byAddress = await takeUnits(addressUnits, addressRules, tenant);
    if (!byAddress.allowed) {
      emit({ type: "request_throttled", reason: "address", tenant });
      return { ok: true };
    }
    const language = chooseLanguage(languages, ownField(input, "locale"));
    await handOver({
      type: "reset_requested",
      email: address,
      locale: language.tag,
      tenant,
      ...newJob(now()),
    });
    emit({ type: "reset_requested", tenant });
    return { ok: true };
  }

  function clientKeyOf(ip: unknown, tenant: string | undefined): string | undefined {
    if (ip === null) return undefined;
    // Not known is not declined: a connection that was reset has no address any more.
    const key = clientKey(ip);
    if (key === undefined) emit({ type: "client_address_unusable", tenant });
    return key ?? "client:unusable";
  }

  async function takeUnits(key: string | undefined, rules: readonly RateRule[], tenant: string | undefined) {
    try {
      if (key !== undefined && rules.length > 0) return await consume(rateLimiter, key, rules, callTimeout);
    } catch (error) {
      const reason = config.unlimitedWhenDown ? "allowed" : "refused";
      emit({ type: "rate_limiter_unavailable", reason, tenant });
      if (reason === "refused") throw error;
    }
    return { allowed: true, retryAfterSeconds: 0 };
  }

  function handOver(job: Job): Promise<unknown> {
    return call(
      "ERR_DISPATCHER",
      "dispatcher.dispatch",
      () => dispatcher.dispatch(job, deliver, dropped),
      callTimeout,
    );
  }

  // ── Judging a link ────────────────────────────────────────────────────────────────────────────────────

  async function verifyToken(token: unknown, context?: { tenant?: unknown }): Promise<VerifyTokenResult> {
    const tenant = checkedTenant(ownField(context, "tenant"));
    const proof = await prove(token, tenant);
    if (!proof) return refused();
    const { account, expiresAt } = proof;
    emit({ type: "token_verified", userId: account.id, tenant });
    return { ok: true, userId: account.id, expiresAt };
  }

  /** Finds the token, loads its account, compares the fingerprints. The finer reason goes to the events only. */
  async function prove(token: unknown, tenant: string | undefined): Promise<Proof | undefined> {
    const refuse = (reason: TokenRefusal, userId?: string) => emitRefusal(reason, tenant, userId);
    if (!couldBeToken(token)) return refuse("malformed");
    const claim = await tokens.find(token);
    if (!claim) return refuse("unknown");

    const { userId } = claim;
    const remaining = claim.expiresAt - now().getTime();
    if (remaining <= 0) return refuse("expired", userId);
    if (remaining > config.tokenLifetime + CLOCK_SKEW) return refuse("overlong", userId);
    const account = await users.findById(userId);
    if (!account) return refuse("account_gone", userId);
    if (account.tenant !== tenant) return refuse("other_tenant", userId);
    if (!account.resetAllowed) return refuse("not_allowed", userId);
    if (account.passwordHash === null && !users.setFirstPasswordHash) return refuse("no_password", userId);
    if (!claim.boundTo(account)) return refuse("account_changed", userId);
    return { account, expiresAt: new Date(claim.expiresAt) };
  }

  const emitRefusal = (reason: TokenRefusal, tenant: string | undefined, userId?: string): undefined =>
    void emit({ type: "token_refused", reason, userId, tenant });

  // Junk never reaches a store.
  const couldBeToken = (token: unknown): token is string =>
    typeof token === "string" && tokens.couldBeToken(token);

  // ── Setting the password ──────────────────────────────────────────────────────────────────────────────

  interface Completion {
    password: unknown;
    tenant: string | undefined;
    result: Promise<CompleteResetResult>;
  }
  const completions = new Map<string, Completion>();

  /**
   * One completion of a token at a time: a flood of them costs one hash, and a double click gets the answer of
   * its first click instead of "expired". Between processes the commit alone decides.
   */
  async function completeReset(input: CompleteResetInput): Promise<CompleteResetResult> {
    const tenant = checkedTenant(ownField(input, "tenant"));
    const [token, newPassword] = [ownField(input, "token"), ownField(input, "newPassword")];
    const locale = ownField(input, "locale");
    if (!couldBeToken(token)) {
      emitRefusal("malformed", tenant);
      return refused();
    }

    const ahead = completions.get(token);
    if (ahead && ahead.password === newPassword && ahead.tenant === tenant) return ahead.result;
    const inTurn = async () => {
      await ahead?.result.catch(() => {});
      try {
        return await proveAndComplete(token, newPassword, tenant, locale);
      } finally {
        if (completions.get(token) === completion) completions.delete(token);
      }
    };
    const completion: Completion = { password: newPassword, tenant, result: inTurn() };
    completions.set(token, completion);
    return completion.result;
  }

  async function proveAndComplete(
    token: string,
    newPassword: unknown,
    tenant: string | undefined,
    locale: unknown,
  ): Promise<CompleteResetResult> {
    const proof = await prove(token, tenant);
    if (!proof) return refused();
    const result = await complete(proof.account, newPassword, chooseLanguage(languages, locale));
    if (result !== "lost_race") return result;
    emitRefusal("lost_race", tenant, proof.account.id);
    return refused();
  }

  // ── The rest ──────────────────────────────────────────────────────────────────────────────────────────

  async function revokeTokens(userId: string): Promise<void> {
    if (typeof userId !== "string" || userId === "") {
      throw wrong("revokeTokens needs the id of a user, as a non-empty string");
    }
    if (!tokens.forget)
      throw new RelatchError("ERR_TOKEN_STORE", "Signed tokens cannot be revoked before they expire.");
    await tokens.forget(userId);
    emit({ type: "tokens_revoked", userId });
  }

  const inFlight = new InFlight();

  async function drain(): Promise<DrainReport> {
    do {
      await inFlight.settled();
      await call("ERR_DISPATCHER", "dispatcher.drain", () => dispatcher.drain?.());
    } while (inFlight.size > 0);
    return { undelivered: undelivered() };
  }

  return Object.freeze({
    requestReset: inFlight.track(requestReset),
    verifyToken,
    completeReset: inFlight.track(completeReset),
    deliver: inFlight.track(deliver),
    revokeTokens,
    drain,
  });
}

const refused = () => ({ ok: false, reason: "invalid_or_expired_token" }) as const;

function checkedTenant(tenant: unknown): string | undefined {
  if (tenant === null || tenant === undefined) return undefined;
  if (typeof tenant === "string" && tenant !== "" && tenant.length <= 256 && tenant.isWellFormed())
    return tenant;
  throw wrong("tenant must be a string of 1 to 256 characters, or left out");
}
