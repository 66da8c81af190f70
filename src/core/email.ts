import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { encodeParts, utf8 } from "../lib/bytes.ts";
import { RelatchError } from "../lib/errors.ts";
import { describeType } from "../lib/shape.ts";
import { monotonicNow } from "../lib/time.ts";
import { createHeaders } from "../mailers/headers.ts";
import { chooseLanguage, type Language } from "../messages/language.ts";
import type { MessageContent, MessageInput } from "../messages/messages.ts";
import { sanitizeName, sanitizeSubject } from "../messages/sanitize.ts";
import type { Account } from "../ports/account.ts";
import { type Calls, callPort, mustReturn, type Port } from "../ports/calls.ts";
import type { Job, MailContext, MailKind, MailVariables, Recipient } from "../ports/contract.ts";
import { sendEmail } from "../ports/guarded.ts";
import type { Attempt, Core } from "./core.ts";
import { describeJob } from "./jobs.ts";
import type { Config } from "./options.ts";

/** Of how many deliveries it is remembered how long they took. */
const MAX_DELIVERY_TIMES = 20;

/** An email of a job, before it is composed. */
interface EmailPlan {
  address: string;
  idempotencyKey: string;
  input: MessageInput;
  write(): MessageContent | Promise<MessageContent> | undefined;
}

/** Facts that every email contains. */
export interface CommonInput {
  to: Recipient;
  language: Language;
  appName: string;
  name: string | undefined;
  requestedAt: Date | undefined;
  requestedFrom: string | undefined;
}

/** Collects the facts that every email contains. The account's own language takes precedence over that of the request. */
export function collectInput(
  { appName, languages, mentionRequest }: Config,
  { id, name: givenName, locale }: Partial<Pick<Account, "id" | "name" | "locale">>,
  job: Job,
): CommonInput {
  const { tenant } = job;
  const language = chooseLanguage(languages, locale, job.locale);
  const name = sanitizeName(givenName);
  return {
    // No address and no hash, because the application's functions get it.
    to: Object.freeze({ userId: id, name, locale: language.tag, tenant }),
    language,
    appName: appName({ tenant, locale: language.tag }),
    name,
    requestedAt: mentionRequest ? new Date(job.at) : undefined,
    requestedFrom: "ip" in job ? job.ip : undefined,
  };
}

/**
 * Composes an email and sends it, unless this process has sent it already.
 *
 * @throws {RelatchError} `ERR_MAILER` if it was not sent; `ERR_DISPATCHER` if the time of this attempt is up.
 */
export async function sendOnce(core: Core, current: Attempt, job: Job, email: EmailPlan): Promise<void> {
  const { idempotencyKey } = email;
  const other = core.sending.get(idempotencyKey);
  // Two jobs for one change are one email. The next attempt of the same job does not wait for one that may never end.
  if (other && other.jobId !== job.id) await other.work.catch(() => {});
  if (core.jobs.hasSent(idempotencyKey)) return;
  const sending = { jobId: job.id, work: send(core, current, job, email) };
  core.sending.set(idempotencyKey, sending);
  try {
    await sending.work;
  } finally {
    if (core.sending.get(idempotencyKey) === sending) core.sending.delete(idempotencyKey);
  }
}

async function send(core: Core, current: Attempt, job: Job, email: EmailPlan): Promise<void> {
  const { mailer, from: fromOf, calls, emit, now } = core.config;
  const { address: to, idempotencyKey, input } = email;
  const { kind } = input;
  const { userId, tenant, locale } = input.to;
  const content = await writeContent(calls, kind, email.write);
  assertInTime(current);

  const from = fromOf?.({ tenant, locale });
  const about: MailContext = { kind, idempotencyKey, jobId: job.id, correlationId: job.correlationId, ...input.to };
  const message = {
    from,
    to,
    ...content,
    headers: createHeaders(idempotencyKey, from),
    variables: pickVariables(input),
  };
  const refusal = await sendEmail(calls, mailer, message, about);
  const facts = { ...describeJob(job, userId), kind };
  if (refusal) {
    emit({ type: "mail_refused", ...facts, detail: refusal.detail });
    core.jobs.addUndelivered(job, "refused");
  } else {
    emit({ type: "mail_sent", ...facts, durationMs: Math.max(0, now().getTime() - job.at) });
    // A follow-up job may have waited for its commit.
    if (job.type !== "follow_up") core.deliveryTimes.push(monotonicNow() - current.startedAt);
    if (core.deliveryTimes.length > MAX_DELIVERY_TIMES) core.deliveryTimes.shift();
  }
  core.jobs.setSent(idempotencyKey);
}

/** Ends an attempt whose time is up: the next one has started, and this one must change nothing any more. */
export function assertInTime(current: Attempt): void {
  if (current.isOver) throw new RelatchError("ERR_DISPATCHER", "The time of this attempt is up.");
}

/** Writes the subject and the parts of an email. They are checked, because the application may write them. */
export function writeContent(calls: Calls, kind: MailKind, write: EmailPlan["write"]): Promise<MessageContent> {
  // `deliveryTimeout` covers the whole delivery.
  const port: Port = { code: "ERR_OPTIONS", name: `messages.${NAMES[kind]}`, timeout: Number.POSITIVE_INFINITY };
  return callPort(calls, port, write, (content: unknown) => {
    const { subject, text, html } = Object(content) as MessageContent;
    for (const part of [subject, text, html ?? ""] as unknown[]) {
      if (typeof part === "string") continue;
      throw mustReturn(port, "{ subject, text, html? } with strings", describeType(part));
    }
    return { subject: sanitizeSubject(subject), text, html };
  });
}

/** The name of each email among the option `messages`. */
const NAMES: Record<MailKind, string> = {
  reset_link: "resetLink",
  reset_code: "resetCode",
  invitation: "invitation",
  password_changed: "passwordChanged",
  no_account: "noAccount",
  no_password: "noPassword",
};

/** Leaves out the parts of the input that are not facts of the email. */
function pickVariables({ to: _, language: __, ...variables }: MessageInput): MailVariables {
  return Object.freeze(variables) as MailVariables;
}

const LINK_PREFIX = utf8("relatch/v2/mail\0");
const NOTICE_PREFIX = utf8("relatch/v2/notice\0");

/** Names the email of a job. It is the same for each attempt, so that a mail service can drop a repeated email. */
export const linkIdempotencyKey = (job: Job, kind: MailKind): string =>
  encodeBase64urlNoPadding(sha256(encodeParts(LINK_PREFIX, job.id, kind)));

/** Names a notice by the account's state and the recipient, so that two jobs for one change are one email. */
export const noticeIdempotencyKey = (userId: string, currentStamp: string, recipient: string): string =>
  encodeBase64urlNoPadding(sha256(encodeParts(NOTICE_PREFIX, userId, currentStamp, recipient)));
