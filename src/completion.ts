import { type Account, sessionStamp } from "./account.ts";
import type { CompleteResetResult } from "./api.ts";
import { byteLength } from "./bytes.ts";
import type { Delivery } from "./delivery.ts";
import { RelatchError } from "./errors.ts";
import { type Job, newJob } from "./jobs.ts";
import type { Language } from "./mail/language.ts";
import type { Config } from "./options.ts";
import { checkPassword, type PasswordViolation } from "./password-rules.ts";
import { call, hashPassword } from "./ports.ts";
import { recipientOf } from "./recipient.ts";
import { succeeds, within } from "./time.ts";

/** Milliseconds that one step of the clean-up after a commit may take, retries included. */
const CLEANUP_LIMIT = 5_000;
/** bcrypt reads so many bytes and ignores the rest (CVE-2025-22228). */
const BCRYPT_BYTES = 72;

/** Sets a new password for an account whose link is proved. */
export type Complete = (
  account: Account,
  newPassword: unknown,
  language: Language,
) => Promise<CompleteResetResult | "lost_race">;

/**
 * What happens between a proved link and the answer. Before the commit every fault is thrown, and the link still
 * works; after it, every fault is an event.
 */
export function completion(
  { users, tokens, hasher, appName, passwordRules, revokeSessions, callTimeout, emit, now }: Config,
  handOver: (job: Job) => Promise<unknown>,
  note: Delivery["note"],
): Complete {
  async function complete(account: Account, newPassword: unknown, language: Language) {
    const { id: userId, tenant, passwordHash: previous } = account;
    const violations = await judge(newPassword, account, language, passwordRules);
    if (violations.length > 0 || typeof newPassword !== "string") return rejected(account, violations);
    const next = await hashPassword(hasher, newPassword, previous, callTimeout);
    if (next.startsWith("$2") && bytesForHasher(newPassword) > BCRYPT_BYTES) {
      return rejected(account, await judge(newPassword, account, language, [tooLongForBcrypt]));
    }

    // Handed over before the commit, so that a crash after it loses neither the revocation nor the notice.
    const stamp = sessionStamp({ id: userId, passwordHash: next });
    const previousStamp = sessionStamp(account);
    const followUp: Job = {
      type: "password_changed",
      userId,
      previousStamp,
      stamp,
      locale: language.tag,
      ...newJob(now()),
    };
    await handOver(followUp);
    if (!(await revokeAndCommit(account, next, stamp, followUp))) return "lost_race";

    // Committed: from here on nothing may turn success into failure.
    const revokedAgain = await succeeds(CLEANUP_LIMIT, () => revoke(userId, stamp));
    if (revokedAgain) note(followUp, "sessions_ended");
    else emit({ type: "session_revocation_failed", userId, tenant });
    const cleanedUp = await succeeds(CLEANUP_LIMIT, async () => tokens.forget?.(userId));
    if (!cleanedUp) emit({ type: "token_cleanup_failed", userId, tenant });
    const sessionsRevoked = revokedAgain && revokeSessions !== false;
    emit({ type: "password_reset", userId, tenant, sessionsRevoked });
    return { ok: true, userId, sessionsRevoked } as const;
  }

  async function revokeAndCommit(
    account: Account,
    next: string,
    stamp: string,
    followUp: Job,
  ): Promise<boolean> {
    try {
      await revoke(account.id, stamp);
    } catch (error) {
      note(followUp, "called_off");
      throw error;
    }
    const committed = await commit(account, next);
    note(followUp, committed ? "committed" : "called_off");
    return committed;
  }

  /** The commit point: one conditional write. Of any number of callers, in any number of processes, one wins. */
  async function commit({ id: userId, email, passwordHash }: Account, next: string): Promise<boolean> {
    const write = () =>
      passwordHash === null
        ? (users.setFirstPasswordHash?.({ userId, email, next }) ?? Promise.resolve(false))
        : users.replacePasswordHash({ userId, email, expected: passwordHash, next });
    const outcome = await write().catch((error: RelatchError) => error);
    if (outcome === true) return true;
    // A write that failed may have happened all the same, and one that a driver repeated finds its own work done.
    // The row knows: no other caller has this hash. An answer of the wrong kind is a fault to mend, not to guess at.
    const isWrongAnswer = outcome instanceof RelatchError && !Object.hasOwn(outcome, "cause");
    const current = isWrongAnswer ? undefined : await users.findById(userId).catch(() => undefined);
    if (current?.passwordHash === next) return true;
    if (outcome instanceof RelatchError) throw outcome;
    return false;
  }

  async function revoke(userId: string, stamp: string): Promise<void> {
    if (typeof revokeSessions !== "function") return;
    await call("ERR_SESSIONS", "revokeSessions", () => revokeSessions(userId, { stamp }), callTimeout);
  }

  async function judge(
    password: unknown,
    account: Account,
    language: Language,
    rules: Config["passwordRules"],
  ): Promise<PasswordViolation[]> {
    const { id: userId, email, name, tenant } = account;
    const context = {
      email,
      name,
      appName: await appName(recipientOf(account, language)),
      onUnavailable: (reason: "allowed" | "refused") =>
        emit({ type: "password_check_unavailable", userId, tenant, reason }),
    };
    const late = () =>
      new RelatchError("ERR_OPTIONS", "passwordRules failed.", {
        cause: new Error(`no answer within ${callTimeout} ms`),
      });
    return within(callTimeout, checkPassword(password, rules, context, language), late);
  }

  function rejected({ id: userId, tenant }: Account, violations: PasswordViolation[]): CompleteResetResult {
    emit({
      type: "password_rejected",
      userId,
      tenant,
      violations: Object.freeze(violations.map(({ code }) => code)),
    });
    return { ok: false, reason: "password_rejected", violations };
  }

  return complete;
}

/** As typed, or as some hashers normalise it first, which can be longer. */
const bytesForHasher = (password: string): number =>
  Math.max(byteLength(password), byteLength(password.normalize("NFKC")));

const tooLongForBcrypt = () => ({ code: "too_long", params: { maxBytes: BCRYPT_BYTES } });
