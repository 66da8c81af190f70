import { type Account, sessionStamp } from "./account.ts";
import type { Undelivered } from "./api.ts";
import { RelatchError } from "./errors.ts";
import { detailOf, type JobDrop } from "./events.ts";
import { attempt } from "./fields.ts";
import { type Job, type PasswordChangedJob, parseJob, type ResetRequestedJob } from "./jobs.ts";
import { chooseLanguage } from "./mail/language.ts";
import type { MessageContent, MessageInput } from "./mail/messages.ts";
import type { Config } from "./options.ts";
import { call, send } from "./ports.ts";
import { Recent } from "./recent.ts";
import { type Addressee, obstacleTo, recipientOf, usableAddress } from "./recipient.ts";
import { composed, jobKey, outcomeOf, refund } from "./sending.ts";
import { CLOCK_SKEW, within } from "./time.ts";
import type { DropReason, MailKind } from "./types.ts";

/** Milliseconds that a follow-up waits for the commit it was handed over before. */
const COMMIT_PATIENCE = 2 * 60 * 1000;
/** Jobs of which this process remembers how far they are. */
const MEMORY = 10_000;
/** Jobs without their mail that are kept for the next drain. */
const MAX_LOST = 1000;

/** How far a follow-up of this process is, from the one who knows. */
export type Progress = "called_off" | "committed" | "sessions_ended";

/** What this process knows of a job. */
interface Memory {
  progress?: Progress;
  /** Its mail is on its way, or was refused for good: nothing is to be sent any more. */
  isDone?: boolean;
  /** A mail may have gone out: what may have to be said again, or `null` where nothing has. */
  doubt?: Named | null | undefined;
  /** The `key` of the newest link. The one in a mail of before may be dead. */
  newest?: string;
}

/**
 * What makes a mail this mail, an object for each try. Under one name there is one link, or whoever drops duplicates
 * drops the one that works.
 */
interface Named {
  /** Of the link; empty in a mail without one. */
  token: string;
  /** The `idempotencyKey`. Nothing can be told from it of the token. */
  key: string;
}

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
  /** The jobs that ended without their mail since this was last asked; of many the newest. */
  undelivered(): Undelivered[];
}

export function delivery(config: Config): Delivery {
  const { users, tokens, tokenLifetime, messages, revokeSessions, emit, now } = config;
  const underway = new Map<string, Promise<void>>();
  const memories = new Recent<Memory>(MEMORY);
  const lost: Undelivered[] = [];

  const memoryOf = (job: Job): Memory => memories.get(job.id) ?? {};

  function remember(job: Job, news: Memory): Memory {
    const memory = Object.assign(memoryOf(job), news);
    memories.set(job.id, memory);
    return memory;
  }

  async function deliver(input: unknown): Promise<void> {
    const job = parseJob(input);
    if (!job) return emit({ type: "job_dropped", reason: "malformed" });
    const age = now().getTime() - job.at;
    // A request that is too old was given up by whoever made it. A follow-up never is: it says what it waits for.
    const isLate = job.type === "reset_requested" && age > tokenLifetime;
    if (isLate || age < -CLOCK_SKEW) return drop(job, "stale");

    const work = underway.get(job.id) ?? run(job).finally(() => underway.delete(job.id));
    underway.set(job.id, work);
    return work;
  }

  async function run(job: Job): Promise<void> {
    const current: Try = { isOver: false };
    const late = () => {
      current.isOver = true;
      return new RelatchError("ERR_DISPATCHER", "Delivery took longer than deliveryTimeout.");
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
    if (outcome === NOT_YET) throw new RelatchError("ERR_DISPATCHER", "The password is not set yet.");
  }

  /** Somebody asked for a link: to the account that has this address, if one has and may. */
  async function sendLink(job: ResetRequestedJob, current: Try): Promise<void> {
    const { isDone, doubt } = memoryOf(job);
    if (isDone) return drop(job, "duplicate");
    const { email, tenant } = job;
    const account = await users.findByEmail(email, tenant);
    const reason = account ? obstacleTo(account, job, !!users.setFirstPasswordHash) : "unknown_account";
    if (!account || reason) {
      const [kind, write] = account
        ? (["no_password", reason === "no_password" ? messages.noPassword : undefined] as const)
        : (["no_account", messages.noAccount] as const);
      const about = account ?? { email, tenant };
      if (write) await mail(job, current, kind, about.email, await messageInput(about, job), write);
      return emit({ type: "request_skipped", reason: reason ?? "unknown_account", tenant });
    }
    const input = await messageInput(account, job);
    const resetUrl = await config.resetUrl(input.to);
    // What may have been mailed is said again while it is as good as new: then the link works in whichever of the two
    // mails arrives, and a receiver can tell that they are one.
    const claim = doubt?.token && (await tokens.find(doubt.token));
    const isFresh = claim && claim.expiresAt - now().getTime() > 0.9 * tokenLifetime;
    // A token of this try would kill the one that a later try has mailed.
    if (current.isOver) return;
    const isSame = doubt && isFresh && claim.boundTo(account);
    const key = isSame ? doubt.key : crypto.randomUUID();
    remember(job, { newest: key });
    const token = isSame ? doubt.token : await tokens.issue(account, now().getTime() + tokenLifetime);
    const content = { url: resetUrl(token), lifetime: tokenLifetime, ...input };
    await mail(job, current, "reset_link", account.email, content, messages.resetLink, { token, key });
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
    const { progress } = memoryOf(job);
    if (progress !== undefined) return progress !== "called_off";
    if (stamp === job.stamp) return true;
    const hasPatience = now().getTime() < job.at + COMMIT_PATIENCE;
    return stamp === job.previousStamp && hasPatience ? NOT_YET : false;
  }

  async function endSessions(job: PasswordChangedJob): Promise<void> {
    if (typeof revokeSessions !== "function" || memoryOf(job).progress === "sessions_ended") return;
    const { userId, stamp } = job;
    await call("ERR_SESSIONS", "revokeSessions", () => revokeSessions(userId, { stamp }), config.callTimeout);
    remember(job, { progress: "sessions_ended" });
  }

  async function notify(account: Account, job: PasswordChangedJob, current: Try): Promise<void> {
    if (memoryOf(job).isDone) return;
    const { id: userId, tenant } = account;
    if (usableAddress(account) === undefined) {
      return emit({ type: "notice_skipped", userId, tenant, reason: "unusable_address" });
    }
    const input = { changedAt: new Date(job.at), ...(await messageInput(account, job)) };
    await mail(job, current, "password_changed", account.email, input, messages.passwordChanged);
  }

  async function messageInput(about: Addressee, job: Job): Promise<MessageInput> {
    const language = chooseLanguage(config.languages, about.locale, job.locale);
    const to = recipientOf(about, language);
    return { to, language, appName: await config.appName(to) };
  }

  /** Composes and sends, once a job. */
  async function mail<Input extends MessageInput>(
    job: Job,
    current: Try,
    kind: MailKind,
    address: string,
    input: Input,
    write: (input: Input) => MessageContent | Promise<MessageContent>,
    named: Named = { token: "", key: jobKey(job) },
  ): Promise<void> {
    const message = await composed(kind, address, () => write.call(messages, input));
    const { doubt, isDone } = memoryOf(job);
    if (current.isOver || isDone) return;

    const { userId, tenant } = input.to;
    // Before the call: while it lasts, the time of this try may be up and the next one begin.
    const memory = remember(job, { doubt: named });
    try {
      await send(config.mailer, message, { kind, idempotencyKey: named.key, ...input.to });
      emit({ type: "mail_sent", userId, tenant, kind });
      if ((memory.newest ?? named.key) !== named.key) return;
      memory.doubt = null;
    } catch (error) {
      // A later try has begun when the time of this one was up, and what became of this one no longer counts.
      if (memory.doubt !== named) throw error;
      const { cause } = error as RelatchError;
      const { permanent, unsent } = outcomeOf(cause);
      if (unsent) memory.doubt = doubt;
      if (!permanent) throw error;
      emit({ type: "mail_refused", userId, tenant, kind, detail: detailOf(cause) });
      lose(job, "refused");
    }
    memory.isDone = true;
  }

  function drop(job: Job, reason: JobDrop): void {
    emit({ type: "job_dropped", jobType: job.type, reason });
  }

  /** It ends without its mail. What it was counted is given back once, if certainly nothing went out. */
  function lose(job: Job, reason: Undelivered["reason"]): void {
    lost.push({ jobId: job.id, type: job.type, reason });
    if (lost.length > MAX_LOST) lost.shift();
    if (memoryOf(job).doubt === undefined) refund(config, job);
    remember(job, { doubt: null });
  }

  return {
    deliver,
    dropped(job, reason) {
      drop(job, reason);
      lose(job, reason);
    },
    note: (job, progress) => void remember(job, { progress }),
    undelivered: () => lost.splice(0),
  };
}

const NOT_YET = Symbol("not yet");
