import { type Account, sessionStamp } from "./account.ts";
import { canonicalEmail } from "./email-address.ts";
import { RelatchError } from "./errors.ts";
import { detailOf, type JobDrop, type SkipReason } from "./events.ts";
import { attempt } from "./fields.ts";
import { type Job, type PasswordChangedJob, parseJob, type ResetRequestedJob } from "./jobs.ts";
import { addressKey } from "./limit-keys.ts";
import { inertAppName, inertSubject } from "./mail/inert.ts";
import { chooseLanguage } from "./mail/language.ts";
import type { MessageContent, MessageInput } from "./mail/messages.ts";
import type { Config } from "./options.ts";
import { call, isPermanent, reading, send } from "./ports.ts";
import { Recent } from "./recent.ts";
import { recipientOf } from "./recipient.ts";
import { CLOCK_SKEW, within } from "./time.ts";
import type { DropReason, MailKind, RateRule } from "./types.ts";

/** Milliseconds that a follow-up waits for the commit it was handed over before. */
const COMMIT_PATIENCE = 2 * 60 * 1000;
/** Jobs of which this process remembers how far they are. */
const MEMORY = 10_000;

/** How far a follow-up of this process is, from the one who knows. */
export type Progress = "called_off" | "committed" | "sessions_ended";

/** One try of a job. When its time is up another one begins, and it must have no effect any more. */
interface Try {
  isOver: boolean;
}

/** What happens after the answer: the jobs. */
export interface Delivery {
  deliver(job: unknown): Promise<void>;
  /** Told by a dispatcher that it lets go of a job. */
  dropped(job: Job, reason: DropReason): void;
  /** Says of a follow-up how far it is, so that it need not find out. */
  note(job: Job, progress: Progress): void;
}

export function delivery(config: Config): Delivery {
  const { users, tokens, mailer, messages, languages, revokeSessions, emit, now } = config;
  const underway = new Map<string, Promise<void>>();
  const mailed = new Recent<true>(MEMORY);
  const refunded = new Recent<true>(MEMORY);
  const progress = new Recent<Progress>(MEMORY);

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
    const current: Try = { isOver: false };
    const late = () => {
      current.isOver = true;
      return new RelatchError("ERR_DISPATCHER", "A delivery took longer than deliveryTimeout.");
    };
    const work: Promise<unknown> =
      job.type === "reset_requested" ? sendLink(job, current) : followUp(job, current);
    const outcome = await within(config.deliveryTimeout, work, late).catch((cause: unknown) => {
      const error = attempt(() => cause instanceof RelatchError)
        ? (cause as RelatchError)
        : new RelatchError("ERR_DISPATCHER", "Delivery failed.", { cause });
      emit({ type: "delivery_failed", jobType: job.type, reason: error.code, detail: detailOf(error.cause) });
      throw error;
    });
    if (outcome === NOT_YET) throw new RelatchError("ERR_DISPATCHER", "The password is not committed yet.");
  }

  /** Somebody asked for a link: to the account that has this address, if one has and may. */
  async function sendLink(job: ResetRequestedJob, current: Try): Promise<void> {
    if (mailed.has(job.id)) return drop(job, "duplicate");
    const account = await users.findByEmail(job.email, job.tenant);
    const obstacle = account ? obstacleTo(account, job) : "unknown_account";
    if (!account || obstacle) {
      return emit({ type: "request_skipped", reason: obstacle ?? "unknown_account", tenant: job.tenant });
    }
    const input = await messageInput(account, job);
    const resetUrl = await config.resetUrl(input.to);
    // A token of this try would kill the one that a later try has mailed.
    if (current.isOver) return;
    const token = await tokens.issue(account, now().getTime() + config.tokenLifetime);
    const url = resetUrl(token);
    const sent = await mail(job, current, "reset_link", account, input, () =>
      messages.resetLink({ ...input, url, lifetime: config.tokenLifetime }),
    );
    if (sent === "refused") refund(job);
  }

  function obstacleTo(account: Account, job: ResetRequestedJob): SkipReason | undefined {
    const onFile = account.email === job.email ? job.email : usableAddress(account);
    if (onFile === undefined) return "unusable_address";
    // A store that matches loosely found somebody else (GHSA-qw9g-7549-7wg5).
    if (onFile !== job.email) return "other_address";
    if (account.tenant !== job.tenant) return "other_tenant";
    if (!account.resetAllowed) return "not_allowed";
    return account.passwordHash === null && !users.setFirstPasswordHash ? "no_password" : undefined;
  }

  /** A password was set: end the sessions, tell the owner. Acts only on exactly the commit it was made for. */
  async function followUp(job: PasswordChangedJob, current: Try): Promise<unknown> {
    const account = await users.findById(job.userId);
    const committed = account ? isCommitted(job, sessionStamp(account)) : false;
    if (!account || committed === false) return drop(job, "not_committed");
    if (committed === NOT_YET) return NOT_YET;

    // The notice goes out even when the revocation fails. The next try revokes again and does not repeat the mail.
    const [revocation, notice] = await Promise.allSettled([endSessions(job), notify(account, job, current)]);
    if (revocation.status === "rejected") throw revocation.reason;
    if (notice.status === "rejected") throw notice.reason;
    return undefined;
  }

  function isCommitted(job: PasswordChangedJob, stamp: string): boolean | typeof NOT_YET {
    const known = progress.get(job.id);
    if (known !== undefined) return known !== "called_off";
    if (stamp === job.stamp) return true;
    const hasPatience = now().getTime() < job.at + COMMIT_PATIENCE;
    return stamp === job.previousStamp && hasPatience ? NOT_YET : false;
  }

  async function endSessions({ id, userId, stamp }: PasswordChangedJob): Promise<void> {
    if (typeof revokeSessions !== "function" || progress.get(id) === "sessions_ended") return;
    await call("ERR_SESSIONS", "revokeSessions", () => revokeSessions(userId, { stamp }), config.callTimeout);
    progress.set(id, "sessions_ended");
  }

  async function notify(account: Account, job: PasswordChangedJob, current: Try): Promise<void> {
    if (mailed.has(job.id)) return;
    const { id: userId, tenant } = account;
    if (usableAddress(account) === undefined) {
      return emit({ type: "notice_skipped", userId, tenant, reason: "unusable_address" });
    }
    const input = await messageInput(account, job);
    await mail(job, current, "password_changed", account, input, () =>
      messages.passwordChanged({ ...input, changedAt: new Date(job.at) }),
    );
  }

  async function messageInput(account: Account, job: Job): Promise<MessageInput> {
    const language = chooseLanguage(languages, account.locale, job.locale);
    const to = recipientOf(account, language);
    return { to, language, appName: inertAppName(await config.appName(to)) };
  }

  /** Composes and sends, once a job. `refused`: the server definitely did, and nothing is to be repeated. */
  async function mail(
    job: Job,
    current: Try,
    kind: MailKind,
    account: Account,
    { to }: MessageInput,
    compose: () => MessageContent | Promise<MessageContent>,
  ): Promise<"sent" | "refused" | undefined> {
    const about = { userId: account.id, tenant: account.tenant, kind };
    const composed = await call("ERR_OPTIONS", `messages for ${kind}`, compose);
    const content = reading("ERR_OPTIONS", `messages for ${kind}`, () => checkedContent(kind, composed));
    if (current.isOver || mailed.has(job.id)) return undefined;
    try {
      await send(mailer, { to: account.email, ...content }, { ...to, kind });
    } catch (error) {
      if (!isPermanent(error)) throw error;
      mailed.set(job.id, true);
      emit({ ...about, type: "mail_refused", detail: detailOf((error as RelatchError).cause) });
      return "refused";
    }
    mailed.set(job.id, true);
    emit({ ...about, type: "mail_sent" });
    return "sent";
  }

  /** Gives the unit of the longest rule back. The others, which space the tries, keep theirs. */
  function refund(job: Job): void {
    const { rateLimiter, addressRules } = config;
    if (job.type !== "reset_requested" || addressRules.length < 2 || refunded.has(job.id)) return;
    refunded.set(job.id, true);
    const [longest] = addressRules.toSorted((a, b) => b.windowSeconds - a.windowSeconds);
    void call("ERR_RATE_LIMITER", "rateLimiter.refund", () =>
      rateLimiter.refund?.(addressKey(job.email, job.tenant), longest as RateRule),
    ).catch(() => {});
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
    note: (job, how) => progress.set(job.id, how),
  };
}

const NOT_YET = Symbol("not yet");

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
