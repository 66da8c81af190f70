import { type Account, sessionStamp } from "./account.ts";
import { byteLength } from "./bytes.ts";
import { delivery } from "./delivery.ts";
import { canonicalEmail } from "./email-address.ts";
import { RelatchError } from "./errors.ts";
import type { TokenRefusal } from "./events.ts";
import { ownFields } from "./fields.ts";
import { InFlight } from "./in-flight.ts";
import { type Job, newJob } from "./jobs.ts";
import { inertAppName } from "./mail/inert.ts";
import { chooseLanguage, type Language } from "./mail/language.ts";
import { checkedOptions } from "./options.ts";
import { checkPassword, type PasswordViolation } from "./password-rules.ts";
import { call, consume, hashPassword } from "./ports.ts";
import { addressKey, clientKey } from "./rate-limit.ts";
import { recipientOf } from "./recipient.ts";
import { succeeds } from "./time.ts";
import type {
  CompleteResetInput,
  CompleteResetResult,
  PasswordReset,
  PasswordResetOptions,
  RequestResetInput,
  RequestResetResult,
  VerifyTokenResult,
} from "./types.ts";

/** How far another process's clock may be ahead when it issues a token. */
const CLOCK_SKEW = 5 * 60 * 1000;
/** Milliseconds. All the time that one step of the clean-up after a commit may take, retries included. */
const CLEANUP_LIMIT = 5_000;

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
  const { users, tokens, hasher, rateLimiter, dispatcher, languages, revokeSessions, emit, now } = config;
  const { deliver, dropped, callOff } = delivery(config);

  // ── Asking for a link ─────────────────────────────────────────────────────────────────────────────────
  // Nothing here may depend on whether the account exists: no look-up, no token, no mail before the answer.

  async function requestReset(input: RequestResetInput): Promise<RequestResetResult> {
    const { email, ip, locale, tenant: givenTenant } = ownFields(input);
    const tenant = checkedTenant(givenTenant);
    const address = canonicalEmail(email);
    if (address === undefined) return { ok: false, reason: "invalid_email" };

    const client = await takeClientUnit(ip, tenant);
    if (!client.allowed) {
      emit({ type: "request_throttled", reason: "client", tenant });
      return { ok: false, reason: "throttled", retryAfterSeconds: client.retryAfterSeconds };
    }
    // Silent, and charged alike for unknown addresses: a refusal that shows would tell who has an account.
    const byAddress = await consume(rateLimiter, addressKey(address, tenant), config.addressRules);
    if (!byAddress.allowed) {
      emit({ type: "request_throttled", reason: "address", tenant });
      return { ok: true };
    }
    const language = chooseLanguage(languages, locale as string | undefined);
    await handOver({
      ...newJob(now()),
      type: "reset_requested",
      email: address,
      locale: language.tag,
      tenant,
    });
    emit({ type: "reset_requested", tenant });
    return { ok: true };
  }

  async function takeClientUnit(ip: unknown, tenant: string | undefined) {
    if (ip === null || ip === undefined) return { allowed: true, retryAfterSeconds: 0 };
    const key = clientKey(ip);
    if (key === undefined) emit({ type: "client_address_unusable", tenant });
    return consume(rateLimiter, key ?? "client:unusable", config.clientRules);
  }

  const handOver = (job: Job): Promise<unknown> =>
    call("ERR_DISPATCHER", "dispatcher.dispatch", () => dispatcher.dispatch(job, deliver, dropped));

  // ── Judging a link ────────────────────────────────────────────────────────────────────────────────────

  async function verifyToken(token: unknown, context?: { tenant?: unknown }): Promise<VerifyTokenResult> {
    const tenant = checkedTenant(ownFields(context)["tenant"]);
    const proof = await prove(token, tenant);
    if (!proof) return refused();
    const { account, expiresAt } = proof;
    emit({ type: "token_verified", userId: account.id, tenant });
    return { ok: true, userId: account.id, expiresAt };
  }

  /** Finds the token, loads its account, compares the fingerprints. The finer reason goes to the events only. */
  async function prove(token: unknown, tenant: string | undefined): Promise<Proof | undefined> {
    const refuse = (reason: TokenRefusal, userId?: string) => emitRefusal(reason, tenant, userId);
    if (!isWellFormed(token)) return refuse("malformed");
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
  const isWellFormed = (token: unknown): token is string =>
    typeof token === "string" && tokens.isWellFormed(token);

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
    const { token, newPassword, locale, tenant: givenTenant } = ownFields(input);
    const tenant = checkedTenant(givenTenant);
    const language = chooseLanguage(languages, locale as string | undefined);
    if (!isWellFormed(token)) {
      emitRefusal("malformed", tenant);
      return refused();
    }

    for (let other = completions.get(token); other; other = completions.get(token)) {
      if (other.password === newPassword && other.tenant === tenant) return other.result;
      await other.result.catch(() => {});
    }
    const result = complete(token, newPassword, tenant, language).finally(() => completions.delete(token));
    completions.set(token, { password: newPassword, tenant, result });
    return result;
  }

  async function complete(
    token: string,
    newPassword: unknown,
    tenant: string | undefined,
    language: Language,
  ): Promise<CompleteResetResult> {
    const proof = await prove(token, tenant);
    if (!proof) return refused();
    const { account } = proof;
    const { id: userId, passwordHash: previous } = account;

    const violations = await judge(newPassword, account, language);
    if (violations.length > 0 || typeof newPassword !== "string") return rejected(account, violations);
    const next = await hashPassword(hasher, newPassword, previous);
    if (next.startsWith("$2") && bcryptBytes(newPassword) > BCRYPT_BYTES) {
      return rejected(account, await judge(newPassword, account, language, [tooLongForBcrypt]));
    }

    // Handed over before the commit, so that a crash after it loses neither the revocation nor the notice.
    const followUp: Job = {
      ...newJob(now()),
      type: "password_changed",
      userId,
      previousStamp: sessionStamp(account),
      stamp: sessionStamp({ id: userId, passwordHash: next }),
      locale: language.tag,
    };
    await handOver(followUp);
    await revoke(userId);
    if (!(await commit(account, next))) {
      callOff(followUp);
      emitRefusal("lost_race", tenant, userId);
      return refused();
    }

    // Committed: from here on nothing may turn success into failure.
    const revokedAgain = await succeeds(CLEANUP_LIMIT, () => revoke(userId));
    const sessionsRevoked = revokedAgain && revokeSessions !== false;
    if (!revokedAgain) emit({ type: "session_revocation_failed", userId, tenant });
    const cleanedUp = await succeeds(CLEANUP_LIMIT, async () => tokens.forget?.(userId));
    if (!cleanedUp) emit({ type: "token_cleanup_failed", userId, tenant });
    emit({ type: "password_reset", userId, tenant, sessionsRevoked });
    return { ok: true, userId, sessionsRevoked };
  }

  /** The commit point: one conditional write. Of any number of callers, in any number of processes, one wins. */
  async function commit({ id: userId, email, passwordHash }: Account, next: string): Promise<boolean> {
    try {
      return passwordHash === null
        ? ((await users.setFirstPasswordHash?.({ userId, email, next })) ?? false)
        : await users.replacePasswordHash({ userId, email, expected: passwordHash, next });
    } catch (error) {
      // A statement that failed may have been carried out all the same: the row knows.
      const current = await users.findById(userId).catch(() => undefined);
      if (hasCause(error) && current?.passwordHash === next) return true;
      throw error;
    }
  }

  async function revoke(userId: string): Promise<void> {
    if (typeof revokeSessions === "function")
      await call("ERR_SESSIONS", "revokeSessions", () => revokeSessions(userId));
  }

  async function judge(
    password: unknown,
    account: Account,
    language: Language,
    rules = config.passwordRules,
  ): Promise<PasswordViolation[]> {
    const { id: userId, email, name, tenant } = account;
    const appName = inertAppName(await config.appName(recipientOf(account, language)));
    const onUnavailable = (reason: "allowed" | "refused") =>
      emit({ type: "password_check_unavailable", userId, tenant, reason });
    return call("ERR_OPTIONS", "A password rule", () =>
      checkPassword(password, rules, { email, name, appName, onUnavailable }, language),
    );
  }

  function rejected({ id: userId, tenant }: Account, violations: PasswordViolation[]): CompleteResetResult {
    emit({ type: "password_rejected", userId, tenant, violations: violations.map(({ code }) => code) });
    return { ok: false, reason: "password_rejected", violations };
  }

  // ── The rest ──────────────────────────────────────────────────────────────────────────────────────────

  async function revokeTokens(userId: string): Promise<void> {
    if (typeof userId !== "string" || userId === "") {
      throw new RelatchError("ERR_OPTIONS", "revokeTokens needs the id of a user, as a non-empty string.");
    }
    if (!tokens.forget)
      throw new RelatchError("ERR_TOKEN_STORE", "Signed tokens cannot be revoked before they expire.");
    await tokens.forget(userId);
    emit({ type: "tokens_revoked", userId });
  }

  const inFlight = new InFlight();

  async function drain(): Promise<void> {
    do {
      await inFlight.settled();
      await call("ERR_DISPATCHER", "dispatcher.drain", () => dispatcher.drain?.());
    } while (inFlight.size > 0);
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
  if (typeof tenant === "string" && tenant !== "" && tenant.length <= 256) return tenant;
  throw new RelatchError("ERR_OPTIONS", "tenant must be a string of 1 to 256 characters, or left out.");
}

/** bcrypt reads 72 bytes and ignores the rest (CVE-2025-22228). Some hashers normalise first. */
const BCRYPT_BYTES = 72;
const bcryptBytes = (password: string) =>
  Math.max(byteLength(password), byteLength(password.normalize("NFKC")));
const tooLongForBcrypt = () => ({ code: "too_long", params: { maxBytes: BCRYPT_BYTES } });

/** Whether the port itself failed, and not merely answered wrongly. */
const hasCause = (error: unknown): boolean => error instanceof Error && Object.hasOwn(error, "cause");
