import { type Account, sessionStamp } from "./account.ts";
import { canonicalEmail } from "./email-address.ts";
import { RelatchError } from "./errors.ts";
import { detailOf, type JobDrop, type SkipReason } from "./events.ts";
import { type Job, type PasswordChangedJob, parseJob, type ResetRequestedJob } from "./jobs.ts";
import { inertAppName, inertSubject } from "./mail/inert.ts";
import { chooseLanguage } from "./mail/language.ts";
import type { MessageContent, MessageInput } from "./mail/messages.ts";
import type { Config } from "./options.ts";
import { call, isPermanent, send } from "./ports.ts";
import { addressKey } from "./rate-limit.ts";
import { Recent } from "./recent.ts";
import { recipientOf } from "./recipient.ts";
import { within } from "./time.ts";
import type { DropReason, MailKind } from "./types.ts";

/** How long a follow-up waits for the commit it was handed over before. */
const COMMIT_PATIENCE = 2 * 60 * 1000;
/** How far ahead of ours another process's clock may be. */
const CLOCK_SKEW = 5 * 60 * 1000;

/** What happens after the answer: the jobs. */
export interface Delivery {
  deliver(job: unknown): Promise<void>;
  /** Told by a dispatcher that it lets go of a job. */
  dropped(job: Job, reason: DropReason): void;
  /** Says that what this job announces will not happen. */
  callOff(job: Job): void;
  /** Says that this follow-up's sessions are ended: a later revocation would only hit newer ones. */
  revoked(job: Job): void;
}

export function delivery(config: Config): Delivery {
  const { users, tokens, mailer, messages, languages, revokeSessions, emit, now } = config;
  /** Jobs of this process that are running, and those that need no mail, no refund, no revocation any more. */
  const underway = new Map<string, Promise<void>>();
  const mailed = new Recent(10_000);
  const refunded = new Recent(10_000);
  const revoked = new Recent(10_000);

  async function deliver(input: unknown): Promise<void> {
    const job = parseJob(input);
    if (!job) return emit({ type: "job_dropped", reason: "malformed" });
    const age = now().getTime() - job.at;
    // A request that is too old was given up by whoever made it. A follow-up never is: it says what it waits for.
    const maxAge = job.type === "reset_requested" ? config.tokenLifetime : Number.POSITIVE_INFINITY;
    if (age > maxAge || age < -CLOCK_SKEW) return drop(job, "stale");

    const work = underway.get(job.id) ?? run(job).finally(() => underway.delete(job.id));
    underway.set(job.id, work);
    return work;
  }

  async function run(job: Job): Promise<void> {
    const late = () => new RelatchError("ERR_DISPATCHER", "A delivery took longer than deliveryTimeout.");
    const work: Promise<unknown> = job.type === "reset_requested" ? sendLink(job) : followUp(job);
    const outcome = await within(config.deliveryTimeout, work, late).catch((cause: unknown) => {
      const error =
        cause instanceof RelatchError
          ? cause
          : new RelatchError("ERR_DISPATCHER", "Delivery failed.", { cause });
      emit({ type: "delivery_failed", jobType: job.type, reason: error.code, detail: detailOf(error.cause) });
      throw error;
    });
    if (outcome === "not_yet") {
      throw new RelatchError("ERR_DISPATCHER", "The new password is not committed yet: try this job again.");
    }
  }

  /** Somebody asked for a link: to the account that has this address, if one has and may. */
  async function sendLink(job: ResetRequestedJob): Promise<void> {
    if (mailed.has(job.id)) return drop(job, "duplicate");
    const account = await users.findByEmail(job.email, job.tenant);
    const obstacle = account ? obstacleTo(account, job) : "unknown_account";
    if (!account || obstacle) {
      return emit({ type: "request_skipped", reason: obstacle ?? "unknown_account", tenant: job.tenant });
    }
    const input = await messageInput(account, job);
    const resetUrl = await config.resetUrl(input.to);
    const token = await tokens.issue(account, now().getTime() + config.tokenLifetime);
    const url = resetUrl(token);
    const sent = await mail(job, "reset_link", account, input, () =>
      messages.resetLink({ ...input, url, lifetime: config.tokenLifetime }),
    );
    if (!sent) refund(job);
  }

  function obstacleTo(account: Account, job: ResetRequestedJob): SkipReason | undefined {
    const onFile = usableAddress(account);
    if (onFile === undefined) return "unusable_address";
    // A store that matches loosely found somebody else (GHSA-qw9g-7549-7wg5).
    if (onFile !== job.email) return "other_address";
    if (account.tenant !== job.tenant) return "other_tenant";
    if (!account.resetAllowed) return "not_allowed";
    return account.passwordHash === null && !users.setFirstPasswordHash ? "no_password" : undefined;
  }

  /** A password was set: end the sessions, tell the owner. Acts only on exactly the commit it was made for. */
  async function followUp(job: PasswordChangedJob): Promise<"not_yet" | undefined> {
    const account = await users.findById(job.userId);
    const stamp = account && sessionStamp(account);
    if (!account || stamp !== job.stamp) {
      const patience = job.at + COMMIT_PATIENCE - now().getTime();
      if (stamp === job.previousStamp && patience > 0 && !mailed.has(job.id)) return "not_yet";
      drop(job, "not_committed");
      return undefined;
    }
    // The notice goes out even when the revocation fails; the next try revokes again and does not repeat the mail.
    const failure = await endSessions(job).then(
      () => undefined,
      (error: unknown) => error,
    );
    await notify(account, job);
    if (failure) throw failure;
    return undefined;
  }

  async function endSessions({ id, userId, stamp }: PasswordChangedJob): Promise<void> {
    if (typeof revokeSessions !== "function" || revoked.has(id)) return;
    await call("ERR_SESSIONS", "revokeSessions", () => revokeSessions(userId, { stamp }), config.callTimeout);
    revoked.add(id);
  }

  async function notify(account: Account, job: PasswordChangedJob): Promise<void> {
    if (mailed.has(job.id)) return;
    if (usableAddress(account) === undefined) {
      return emit({
        type: "notice_skipped",
        userId: account.id,
        tenant: account.tenant,
        reason: "unusable_address",
      });
    }
    const input = await messageInput(account, job);
    await mail(job, "password_changed", account, input, () =>
      messages.passwordChanged({ ...input, changedAt: new Date(job.at) }),
    );
  }

  async function messageInput(account: Account, job: Job): Promise<MessageInput> {
    const language = chooseLanguage(languages, account.locale, job.locale);
    const to = recipientOf(account, language);
    return { to, language, appName: inertAppName(await config.appName(to)) };
  }

  /** Composes and sends. Answers `false` when the server definitely refused: then nothing is to be repeated. */
  async function mail(
    job: Job,
    kind: MailKind,
    account: Account,
    { to }: MessageInput,
    compose: () => MessageContent | Promise<MessageContent>,
  ): Promise<boolean> {
    const about = { type: "mail_sent", userId: account.id, tenant: account.tenant, kind } as const;
    const content = checkedContent(kind, await call("ERR_OPTIONS", `messages for ${kind}`, compose));
    try {
      await send(mailer, { to: account.email, ...content }, { ...to, kind });
    } catch (error) {
      if (!isPermanent(error)) throw error;
      mailed.add(job.id);
      emit({ ...about, type: "mail_refused", detail: detailOf((error as RelatchError).cause) });
      return false;
    }
    mailed.add(job.id);
    emit(about);
    return true;
  }

  function refund(job: Job): void {
    const { rateLimiter, addressRules } = config;
    if (job.type !== "reset_requested" || refunded.has(job.id)) return;
    refunded.add(job.id);
    // Not the rule that spaces the tries.
    for (const rule of addressRules.filter(({ windowSeconds }) => windowSeconds > 60)) {
      void call("ERR_RATE_LIMITER", "rateLimiter.refund", () =>
        rateLimiter.refund?.(addressKey(job.email, job.tenant), rule),
      ).catch(() => {});
    }
  }

  function drop(job: Job, reason: JobDrop): void {
    emit({ type: "job_dropped", jobType: job.type, reason });
  }

  return {
    deliver,
    dropped(job, reason) {
      drop(job, reason);
      if (reason === "queue_full") refund(job);
    },
    callOff: (job) => mailed.add(job.id),
    revoked: (job) => revoked.add(job.id),
  };
}

/** The address on file in canonical form, if mail can go to it exactly as it is stored. */
const usableAddress = ({ email }: Account): string | undefined =>
  email === email.trim() ? canonicalEmail(email) : undefined;

function checkedContent(kind: MailKind, content: unknown): MessageContent {
  const { subject, text, html } = (content ?? {}) as Record<string, unknown>;
  if (
    typeof subject === "string" &&
    typeof text === "string" &&
    (html === undefined || typeof html === "string")
  ) {
    return { subject: inertSubject(subject), text, html };
  }
  throw new RelatchError(
    "ERR_OPTIONS",
    `The message for ${kind} must be { subject, text, html? }, all strings.`,
  );
}
