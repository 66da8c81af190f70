import { canonicalStoredEmail } from "../lib/email-address.ts";
import { RelatchError } from "../lib/errors.ts";
import { monotonicNow } from "../lib/time.ts";
import type { Account } from "../ports/account.ts";
import type { FollowUpJob } from "../ports/contract.ts";
import { usableAddress } from "./account.ts";
import type { Attempt, Core } from "./core.ts";
import { assertInTime, collectInput, noticeIdempotencyKey, sendOnce } from "./email.ts";
import type { JobState } from "./job-states.ts";
import { describeJob } from "./jobs.ts";
import { sessionStamp } from "./session-stamp.ts";
import { revokeSessions } from "./sessions.ts";

/** How long a follow-up job waits for its commit, in milliseconds. A database statement must time out sooner. */
export const COMMIT_PATIENCE = 15 * 60 * 1000;
/** How long a drain waits for a commit that has failed or does not respond, in milliseconds. */
const DRAIN_PATIENCE = 1000;
/** How long the next attempt of a job that waits for its commit should wait. */
const RETRY_AFTER_SECONDS = 15;

/**
 * Ends the sessions once more and notifies the owner. The job was handed over before the commit, so it first finds out
 * whether the password did change.
 */
export async function runFollowUp(core: Core, current: Attempt, job: FollowUpJob): Promise<void> {
  const { users, calls, deliveryTimeout } = core.config;
  current.userId = job.userId;
  const state = await core.jobs.getSettled(job, Math.min(calls.timeout, deliveryTimeout / 2));
  if (state.name === "replaced") return;
  const account = state.name === "canceled" ? undefined : await users.findById(job.userId);
  const stamp = account ? sessionStamp(account) : "";
  const decision = decide(core, current, job, state, stamp);
  if (decision === "wait") {
    throw new RelatchError("ERR_DISPATCHER", "The password is not set yet.", {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      isWaiting: true,
    });
  }
  assertInTime(current);
  if (decision === "drop") {
    core.config.emit({
      type: "job_dropped",
      jobType: job.type,
      reason: "not_committed",
      ...describeJob(job, job.userId),
    });
    return core.jobs.set(job, { name: "done" });
  }

  // The notice goes out even if the revocation fails. The next attempt revokes again and does not repeat the email.
  await settleAll([revokeSessions(core.config, job.userId, stamp), notify(core, current, job, account, stamp)]);
  core.jobs.set(job, { name: "done" });
}

/**
 * Decides whether the password did change: from this process if it knows, otherwise from the account's stamp. The previous
 * stamp says "not yet". Any other stamp, or no account any more, says that it did, whatever happened to the account since.
 */
function decide(
  core: Core,
  { isOurs }: Attempt,
  job: FollowUpJob,
  state: JobState,
  stamp: string,
): "act" | "wait" | "drop" {
  if (state.name === "canceled") return "drop";
  if (job.isCommitted || state.name === "committed" || stamp === job.stamp) return "act";
  const { now } = core.config;
  const isLate = now().getTime() >= job.at + COMMIT_PATIENCE;
  if (stamp !== job.previousStamp) return state.name === "pending" && !isLate ? "wait" : "act";
  // A job in a queue outlives this process, so a drain does not have to decide about it.
  const drainedFor = core.drainingSince === undefined ? 0 : monotonicNow() - core.drainingSince;
  return isLate || (isOurs && drainedFor > DRAIN_PATIENCE) ? "drop" : "wait";
}

/** Notifies the address that the link was bound to, and also the address on file if it is another usable one. */
async function notify(
  core: Core,
  current: Attempt,
  job: FollowUpJob,
  account: Account | undefined,
  stamp: string,
): Promise<void> {
  const { userId } = job;
  const recipients = new Map<string, string>();
  recipients.set(canonicalStoredEmail(job.email) ?? "", job.email);
  if (account) recipients.set(usableAddress(account) ?? "", account.email);
  recipients.delete("");
  if (recipients.size === 0) {
    return core.config.emit({ type: "notice_skipped", reason: "unusable_address", ...describeJob(job, userId) });
  }
  // In the language of the reset: an intruder may have changed the account's own since.
  const common = collectInput(core.config, { id: userId, name: account?.name }, job);
  const input = { ...common, kind: "password_changed" as const, changedAt: new Date(job.at) };
  const notices = [...recipients].map(([recipient, address]) =>
    sendOnce(core, current, job, {
      address,
      idempotencyKey: noticeIdempotencyKey(userId, stamp, recipient),
      input,
      write: () => core.config.messages.passwordChanged(input),
    }),
  );
  await settleAll(notices);
}

/** Waits for all of these, and then throws the first error. */
async function settleAll(work: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}
