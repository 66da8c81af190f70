import { byteLength } from "../lib/bytes.ts";
import type { RelatchError } from "../lib/errors.ts";
import { succeedsWithin, within } from "../lib/time.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import { chooseLanguage, type Language } from "../messages/language.ts";
import { judgePassword, type PasswordRule, type PasswordViolation } from "../passwords/rules.ts";
import type { Account } from "../ports/account.ts";
import { isWrongReturn, noResponse } from "../ports/calls.ts";
import type { FollowUpJob, SecondFactorProof } from "../ports/contract.ts";
import { hashPassword } from "../ports/guarded.ts";
import type { Completion, CompletionResult, Core } from "./core.ts";
import { handOver } from "./deliver.ts";
import type { JobState } from "./job-states.ts";
import { createJob, describeJob, readMention } from "./jobs.ts";
import { type ProvenLink, proveLink, readToken, refusedToken, reportRefusal } from "./link.ts";
import { type Origin, readOrigin } from "./origin.ts";
import { prepareSecondFactor, readProof } from "./second-factor.ts";
import { sessionStamp } from "./session-stamp.ts";
import { revokeSessions } from "./sessions.ts";

/** How long ending the sessions after a commit may take, retries included, in milliseconds. */
const CLEANUP_LIMIT = 5_000;
/** If the commit comes later than this, in milliseconds, the follow-up job may have run out of attempts. */
const LATE_COMMIT = 30_000;
/** bcrypt reads 72 bytes and ignores the rest (CVE-2025-22228). */
const BCRYPT_BYTES = 72;
/**
 * How many passwords one link may have judged in this process without setting one. Rules may ask another service about each
 * of them, or compare it with the current password, which must not be guessed here.
 */
const MAX_JUDGED_PASSWORDS = 20;

/**
 * Completes a reset. In one process the completions of one token run one after the other: a flood of them costs one hash,
 * and a double click gets the result of its first click instead of "expired". Between processes the commit alone decides.
 */
export async function completeReset(core: Core, input: unknown): Promise<CompletionResult> {
  const origin = readOrigin(core, input);
  const token = readToken(core, readOwnField(input, "token"), origin);
  const password = readOwnField(input, "newPassword");
  const proof = core.config.secondFactor && readProof(input);
  const language = chooseLanguage(core.config.languages, readOwnField(input, "locale"));
  if (token === undefined) return refusedToken();

  const { completions } = core;
  const { tenant } = origin;
  const previous = completions.get(token);
  if (previous && isSameCompletion(previous, { password, proof, tenant })) return previous.result;
  const mention = readMention(core.config, readOwnField(input, "ip"));
  const runInTurn = async () => {
    await previous?.result.catch(() => {});
    try {
      const link = await proveLink(core, token, origin);
      if (!link) return refusedToken();
      return await setPassword(core, link, { password, proof }, language, { ...origin, ...mention });
    } finally {
      if (completions.get(token) === completion) completions.delete(token);
    }
  };
  const completion: Completion = { password, proof, tenant, result: runInTurn() };
  completions.set(token, completion);
  return completion.result;
}

/** A double click repeats everything. A completion with another second factor must not get the result of this one. */
const isSameCompletion = (a: Omit<Completion, "result">, b: Omit<Completion, "result">): boolean =>
  a.password === b.password &&
  a.tenant === b.tenant &&
  a.proof?.method === b.proof?.method &&
  a.proof?.response === b.proof?.response;

/**
 * Sets the password behind a link. Before the commit every failure is thrown, and the link still works. After it, every
 * failure is an event.
 */
async function setPassword(
  core: Core,
  link: ProvenLink,
  { password, proof }: { password: unknown; proof: SecondFactorProof | undefined },
  language: Language,
  { tenant, correlationId, ...mention }: Origin & { ip?: string },
): Promise<CompletionResult> {
  const { config, jobs } = core;
  const { links, hasher, passwordRules, calls, languages, emit, now } = config;
  const { account, claim } = link;
  const { id: userId, email, passwordHash } = account;
  const origin = { tenant, correlationId };

  const refusedBefore = core.refusals.get(claim.id) ?? 0;
  if (refusedBefore >= MAX_JUDGED_PASSWORDS) {
    reportRefusal(core, "too_many_attempts", origin, userId);
    return refusedToken();
  }
  const countRefusal = () => core.refusals.set(claim.id, (core.refusals.get(claim.id) ?? 0) + 1);
  const reject = (violations: PasswordViolation[]): CompletionResult => {
    countRefusal();
    const codes = Object.freeze(violations.map(({ code }) => code));
    emit({ type: "password_rejected", userId, violations: codes, ...origin });
    return { ok: false, reason: "password_rejected", violations };
  };
  // The application's hasher is most likely the one of the current hash, and hashing is the most expensive step.
  const usesBcrypt = isBcrypt(passwordHash ?? "");
  const rules = usesBcrypt ? [fitsBcrypt, ...passwordRules] : passwordRules;
  const violations = await judge(core, password, account, language, rules, origin);
  if (violations.length > 0 || typeof password !== "string") return reject(violations);
  const factor = await prepareSecondFactor(core, link, proof, origin);
  if (factor.name === "refused") {
    countRefusal();
    return factor.result;
  }
  const hash = () => hashPassword(calls, hasher, password, passwordHash);
  // Hashed first if the hash decides about the password, because a refused one must not cost a one-time code.
  const early = isTooLongForBcrypt(password) ? await hash() : undefined;
  if (early && isBcrypt(early)) return reject(await judge(core, password, account, language, [fitsBcrypt], origin));
  const wrongFactor = await factor.verify();
  if (wrongFactor) {
    countRefusal();
    return wrongFactor;
  }
  const next = early ?? (await hash());

  // Handed over before the commit, so that a crash after the commit loses neither the revocation nor the notice.
  const stamp = sessionStamp({ id: userId, passwordHash: next });
  const followUp: FollowUpJob = {
    ...createJob(now()),
    type: "follow_up",
    userId,
    email,
    previousStamp: sessionStamp(account),
    stamp,
    isCommitted: false,
    locale: chooseLanguage(languages, account.locale, language.tag).tag,
    ...mention,
    ...origin,
  };
  const settle = jobs.setPending(followUp);
  const refuse = (reason: "unknown" | "lost_race"): CompletionResult => {
    settle({ name: "canceled" });
    reportRefusal(core, reason, origin, userId);
    return refusedToken();
  };
  try {
    const [addedFactor] = await Promise.all([factor.confirm(), handOver(core, followUp)]);
    if (addedFactor) {
      settle({ name: "canceled" });
      return addedFactor;
    }
    if (claim.spend && !(await claim.spend())) return refuse("lost_race");
    // A revocation that came while the password was hashed wins.
    const [isRevoked] = await Promise.all([claim.isRevoked(), revokeSessions(config, userId, stamp)]);
    if (isRevoked) return refuse("unknown");
    // The state of an account without a password contains no secret, so its links must be gone before the commit.
    if (passwordHash === null) await links.revoke?.(userId);
  } catch (error) {
    settle({ name: "canceled" });
    throw error;
  }

  const written = writeHash(core, account, next);
  const inTime = within(calls.timeout, written, () => reportSlowCommit(core, account));
  try {
    if (!(await confirmCommit(core, inTime, userId, next))) return refuse("lost_race");
  } catch (error) {
    // The statement may still take effect, so a late response is still listened to.
    void settleLate(core, followUp, settle, confirmCommit(core, written, userId, next));
    throw error;
  }

  // Committed: from here on nothing may turn success into failure.
  await reportCommit(core, followUp, settle);
  const isEnded = await succeedsWithin(CLEANUP_LIMIT, () => revokeSessions(config, userId, stamp));
  if (!isEnded) emit({ type: "session_revocation_failed", userId, ...origin });
  const sessionsRevoked = isEnded && config.revokeSessions !== false;
  reportReset(core, followUp, sessionsRevoked);
  return { ok: true, userId, sessionsRevoked };
}

/** Reports a commit that did not respond in time. The call itself is not limited, because the commit may come later. */
function reportSlowCommit({ config: { calls } }: Core, { passwordHash }: Account): RelatchError {
  const name = passwordHash === null ? "users.setFirstPasswordHash" : "users.replacePasswordHash";
  const error = noResponse({ code: "ERR_USER_STORE", name }, calls.timeout);
  calls.report(error, undefined);
  return error;
}

function reportReset({ config }: Core, followUp: FollowUpJob, sessionsRevoked: boolean): void {
  const { userId } = followUp;
  const facts = { ...describeJob(followUp), userId, sessionsRevoked, isInvitation: isFirstPassword(followUp) };
  config.emit({ type: "password_reset", ...facts });
}

/** Reports whether the account had no password before. */
const isFirstPassword = ({ userId: id, previousStamp }: FollowUpJob): boolean =>
  previousStamp === sessionStamp({ id, passwordHash: null });

/** Starts the commit: one conditional write. Of any number of callers in any number of processes, one wins. */
function writeHash(
  { config: { users } }: Core,
  { id: userId, email, passwordHash }: Account,
  next: string,
): Promise<boolean> {
  if (passwordHash !== null) return users.replacePasswordHash({ userId, email, expected: passwordHash, next });
  return users.setFirstPasswordHash?.({ userId, email, next }) ?? Promise.resolve(false);
}

/**
 * Resolves with whether the commit happened. A write that failed may have happened all the same, and one that a driver
 * repeated finds its own work done: the row tells, because no other caller has this hash.
 */
async function confirmCommit(
  { config: { users } }: Core,
  written: Promise<boolean>,
  userId: string,
  next: string,
): Promise<boolean> {
  const outcome = await written.catch((error: unknown) => error);
  if (outcome === true) return true;
  // A return value of the wrong type is a mistake to report, not to guess at.
  const account = isWrongReturn(outcome) ? undefined : await users.findById(userId).catch(() => undefined);
  if (account?.passwordHash === next) return true;
  if (outcome !== false) throw outcome;
  return false;
}

/** Tells the follow-up job about a commit whose caller has got an error already. */
async function settleLate(
  core: Core,
  followUp: FollowUpJob,
  settle: (state: JobState) => void,
  confirmed: Promise<boolean>,
): Promise<void> {
  try {
    if (!(await confirmed)) return settle({ name: "canceled" });
    reportReset(core, followUp, false);
    await reportCommit(core, followUp, settle);
  } catch {
    // The follow-up job finds out from the account.
    settle({ name: "unclear" });
  }
}

/** Tells the follow-up job that its commit happened. */
async function reportCommit(core: Core, followUp: FollowUpJob, settle: (state: JobState) => void): Promise<void> {
  const now = core.config.now();
  const isLate = now.getTime() - followUp.at > LATE_COMMIT;
  // If the first password is removed again before a worker looks, the account looks as if it never had one.
  const isFirst = isFirstPassword(followUp);
  // A drain may have given the job up.
  const isDropped = core.jobs.get(followUp).name === "done";
  if (isLate || isFirst || isDropped) {
    const again = { ...followUp, ...createJob(now), isCommitted: true };
    const isHandedOver = await handOver(core, again).then(
      () => true,
      () => false,
    );
    if (isHandedOver) return settle({ name: "replaced" });
  }
  settle({ name: "committed" });
}

async function judge(
  { config }: Core,
  password: unknown,
  account: Account,
  language: Language,
  rules: readonly PasswordRule[],
  origin: Origin,
): Promise<PasswordViolation[]> {
  const { appName, calls, emit } = config;
  const { id: userId, email, name, tenant } = account;
  const { tag: locale } = language;
  const context = {
    userId,
    email,
    name,
    tenant,
    locale,
    appName: appName({ tenant, locale }),
    onUnavailable: (reason: "allowed" | "refused") =>
      emit({ type: "password_check_unavailable", userId, reason, ...origin }),
  };
  return judgePassword(calls, password, rules, context, language);
}

/** Recognizes a hash of bcrypt, also behind the name of the method: `{bcrypt}$2b$…`, `bcrypt$$2b$…`, `BCRYPT:$2b$…`. */
const isBcrypt = (hash: string): boolean => /^(?:\{[\w-]{1,32}\}|[\w-]{1,32}[$:])?\$2/.test(hash);

/** Reports whether bcrypt would ignore a part of a password, as typed or as some hashers normalize it first. */
const isTooLongForBcrypt = (password: string): boolean =>
  // In this order, because normalizing a long password takes milliseconds.
  byteLength(password) > BCRYPT_BYTES || byteLength(password.normalize("NFKC")) > BCRYPT_BYTES;

const fitsBcrypt: PasswordRule = (password) =>
  isTooLongForBcrypt(password) ? { code: "too_long", params: { maxBytes: BCRYPT_BYTES } } : undefined;
