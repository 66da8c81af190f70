import { TimeSpan } from "oslo";
import { randomBetween } from "../lib/bytes.ts";
import { isRelatchError, RelatchError } from "../lib/errors.ts";
import { optionError } from "../lib/shape.ts";
import { isDeclared } from "../lib/tenants.ts";
import { CLOCK_SKEW, monotonicNow, pauseInRealTime, within } from "../lib/time.ts";
import { ticketKeys } from "../limiters/keys.ts";
import { deriveLink, drawCode } from "../links/code.ts";
import { MAX_TICKET_LIFETIME } from "../links/ticket.ts";
import { durationInWords } from "../messages/in-words.ts";
import type { Language } from "../messages/language.ts";
import type { MessageContent, MessageInput } from "../messages/messages.ts";
import type { Account } from "../ports/account.ts";
import { callPort, type Port } from "../ports/calls.ts";
import type { DropReason, Job, LinkRequestedJob, ResetRequestedJob } from "../ports/contract.ts";
import { findObstacle } from "./account.ts";
import { mayIssueCode, TICKET_CODES } from "./attempts.ts";
import type { Attempt, Core } from "./core.ts";
import { assertInTime, collectInput, linkIdempotencyKey, sendOnce } from "./email.ts";
import type { JobDrop, SkipReason } from "./events.ts";
import { runFollowUp } from "./follow-up.ts";
import { describeJob, findSigningKey, parseJob, signJob } from "./jobs.ts";
import type { Config } from "./options.ts";

/** How old a follow-up job may be, in milliseconds. */
const MAX_FOLLOW_UP_AGE = 24 * 60 * 60 * 1000;
const MINUTE = 60_000;
/** How long a code must be valid to be sent, in milliseconds: less leaves no time to type it. */
const MIN_CODE_LIFETIME = MINUTE / 2;
/** How long a job that sends nothing may hold its place, in milliseconds. */
const MAX_PRETENSE = 5000;

/** Hands a job to the dispatcher. `watch` gets the dispatcher's response itself, which may come after this has given up. */
export async function handOver(core: Core, job: Job, watch?: (response: Promise<unknown>) => void): Promise<void> {
  const { dispatcher, keys, calls } = core.config;
  const deliver = (input: unknown) => runJob(core, input, { isOurs: true });
  const drop = (given: Job, reason: DropReason) => {
    core.config.emit({ type: "job_dropped", jobType: given.type, reason, ...describeJob(given) });
    core.jobs.addUndelivered(given, reason);
  };
  const port: Port = { code: "ERR_DISPATCHER", name: "dispatcher.dispatch", input: [job] };
  await callPort(calls, port, () => {
    const response = Promise.resolve(dispatcher.dispatch(signJob(job, keys), deliver, drop));
    watch?.(response);
    return response;
  });
}

/** Runs a job for the worker of a queue. */
export async function deliver(core: Core, input: unknown): Promise<void> {
  if (core.config.keys.length === 0) {
    throw optionError(
      "deliver must have the option keys, because jobs from a queue are signed. " +
        "Example: createPasswordReset({ ...options, keys: [key] }).",
    );
  }
  return runJob(core, input, { isOurs: false });
}

async function runJob(core: Core, input: unknown, { isOurs }: { isOurs: boolean }): Promise<void> {
  const { keys, tenants, emit, now } = core.config;
  const job = parseJob(input);
  if (!job) return emit({ type: "job_dropped", reason: "malformed" });
  const drop = (reason: JobDrop) => emit({ type: "job_dropped", jobType: job.type, reason, ...describeJob(job) });
  const key = isOurs ? keys[0] : findSigningKey(job, keys);
  if (!isOurs && !key) return drop("forged");
  const age = now().getTime() - job.at;
  if (age > maxAgeOf(core.config, job) || (age < -CLOCK_SKEW && !isOurs)) return drop("stale");
  if (!isDeclared(tenants, job.tenant)) return drop("unknown_tenant");
  if (core.jobs.get(job).name === "done") return drop("duplicate");

  const name = `${job.type}:${job.id}`;
  const work = core.underway.get(name) ?? attempt(core, job, { isOurs, key }).finally(() => core.underway.delete(name));
  core.underway.set(name, work);
  return work;
}

/** A request that is too old was given up by the person who made it. */
function maxAgeOf({ tokenLifetime, invitationLifetime }: Config, { type }: Job): number {
  if (type === "follow_up") return MAX_FOLLOW_UP_AGE;
  return type === "reset_requested" ? tokenLifetime : Math.max(tokenLifetime, invitationLifetime);
}

/** Makes one attempt at a job, within `deliveryTimeout`. */
async function attempt(core: Core, job: Job, origin: Pick<Attempt, "isOurs" | "key">): Promise<void> {
  const { deliveryTimeout, calls, emit } = core.config;
  const current: Attempt = { isOver: false, startedAt: monotonicNow(), ...origin };
  const late = () => {
    current.isOver = true;
    return new RelatchError("ERR_DISPATCHER", `The delivery took longer than ${deliveryTimeout} ms (deliveryTimeout).`);
  };
  try {
    await within(deliveryTimeout, runMoment(core, current, job), late);
  } catch (cause) {
    const error = isRelatchError(cause) ? cause : new RelatchError("ERR_DISPATCHER", "The delivery failed.");
    if (!error.isWaiting) {
      // Failures of the application's functions were reported already, and are not reported twice.
      calls.report(error, error === cause ? undefined : cause);
      const { code: reason, detail } = error;
      emit({ type: "delivery_failed", jobType: job.type, reason, detail, ...describeJob(job, current.userId) });
    }
    throw error;
  }
}

function runMoment(core: Core, current: Attempt, job: Job): Promise<void> {
  if (job.type === "follow_up") return runFollowUp(core, current, job);
  return job.type === "reset_requested" ? deliverRequest(core, current, job) : deliverLink(core, current, job);
}

/** Sends a link to the account that has the requested address, if there is one and it may reset. */
async function deliverRequest(core: Core, current: Attempt, job: ResetRequestedJob): Promise<void> {
  const { users } = core.config;
  const account = await users.findByEmail(job.email, job.tenant);
  current.userId = account?.id;
  const obstacle = account ? findObstacle(account, job, !!users.setFirstPasswordHash) : "unknown_account";
  if (account && !obstacle) return issueLink(core, current, job, account, "reset_link");
  if (!account) await sendRefusal(core, current, job, "no_account", undefined);
  else if (obstacle === "no_password") await sendRefusal(core, current, job, "no_password", account);
  else await holdPlace(core, current);
  skip(core, current, job, obstacle ?? "unknown_account");
}

/** Sends the link that the back office asked for, if the account may still have one. */
async function deliverLink(core: Core, current: Attempt, job: LinkRequestedJob): Promise<void> {
  const { users } = core.config;
  const account = await users.findById(job.userId);
  current.userId = job.userId;
  const obstacle = account ? findObstacle(account, job, !!users.setFirstPasswordHash) : "unknown_account";
  if (!account || obstacle) return skip(core, current, job, obstacle ?? "unknown_account");
  return issueLink(core, current, job, account, account.passwordHash === null ? "invitation" : "reset_link");
}

function skip(core: Core, { userId }: Attempt, job: Job, reason: SkipReason): void {
  core.config.emit({ type: "request_skipped", reason, ...describeJob(job, userId) });
  core.jobs.set(job, { name: "done" });
}

/** Issues a link for an account and sends it. */
async function issueLink(
  core: Core,
  current: Attempt,
  job: ResetRequestedJob | LinkRequestedJob,
  account: Account,
  kind: "reset_link" | "invitation",
): Promise<void> {
  const { links, messages, resetUrl, originOf, tokenLifetime, invitationLifetime, now } = core.config;
  const input = collectInput(core.config, account, job);
  const url = resetUrl({ tenant: job.tenant, locale: input.language.tag });
  const lifetime = kind === "invitation" ? invitationLifetime : tokenLifetime;
  const expiresAt = Math.floor((now().getTime() + lifetime) / 1000) * 1000;
  assertInTime(current);
  const token = await links.issue(account, expiresAt, originOf(job.tenant));
  const facts = {
    ...input,
    url: url.linkTo(token),
    expiresAt: new Date(expiresAt),
    validFor: durationInWords(new TimeSpan(lifetime, "ms"), input.language),
  };
  const code = await issueCode(core, current, job, account, input.language);
  const email = code
    ? composeWith({ ...facts, ...code, kind: "reset_code" }, messages.resetCode)
    : kind === "invitation"
      ? composeWith({ ...facts, kind }, messages.invitation)
      : composeWith({ ...facts, kind }, messages.resetLink);
  await sendOnce(core, current, job, {
    address: account.email,
    idempotencyKey: linkIdempotencyKey(job, email.input.kind),
    ...email,
  });
  core.jobs.set(job, { name: "done" });
}

const composeWith = <Input extends MessageInput>(
  input: Input,
  compose: (input: Input) => MessageContent | Promise<MessageContent>,
) => ({ input, write: () => compose(input) });

/**
 * Issues the link behind a code, for a request with `method: "code"`. Every attempt draws another code, so a code that was
 * sent works, whatever became of the attempts before and after it. Returns `undefined` if the email has the link alone:
 * the code would expire too soon, five were issued, or the account has no password, so that nothing secret binds the code.
 */
async function issueCode(
  core: Core,
  current: Attempt,
  job: ResetRequestedJob | LinkRequestedJob,
  account: Account,
  language: Language,
): Promise<{ code: string; codeExpiresAt: Date; codeValidFor: string } | undefined> {
  const { codes, links, now } = core.config;
  if (job.type !== "reset_requested" || account.passwordHash === null) return undefined;
  const { ticketDigest, codeExpiresAt } = job;
  if (!codes || !links.codes || !current.key || ticketDigest === undefined || codeExpiresAt === undefined)
    return undefined;
  const left = codeExpiresAt - now().getTime();
  if (left < MIN_CODE_LIFETIME || left > MAX_TICKET_LIFETIME) return undefined;
  const { codes: key } = ticketKeys(ticketDigest, job.tenant);
  if (!(await mayIssueCode(core, key, TICKET_CODES, { tenant: job.tenant, correlationId: job.correlationId })))
    return undefined;
  const code = drawCode(codes.digits);
  assertInTime(current);
  await links.codes.issue(deriveLink(current.key, ticketDigest, code), account, codeExpiresAt);
  const minutes = new TimeSpan(Math.round(left / MINUTE), "m");
  return { code, codeExpiresAt: new Date(codeExpiresAt), codeValidFor: durationInWords(minutes, language) };
}

/** Sends the optional email to someone who cannot get a link, if the application has one. */
async function sendRefusal(
  core: Core,
  current: Attempt,
  job: ResetRequestedJob,
  kind: "no_account" | "no_password",
  account: Account | undefined,
): Promise<void> {
  const { messages } = core.config;
  const isWanted = kind === "no_account" ? messages.noAccount : messages.noPassword;
  if (!isWanted) return holdPlace(core, current);
  const input = collectInput(core.config, account ?? {}, job);
  const write =
    kind === "no_account"
      ? () => messages.noAccount?.({ ...input, kind })
      : () => messages.noPassword?.({ ...input, kind });
  await sendOnce(core, current, job, {
    address: account?.email ?? job.email,
    idempotencyKey: linkIdempotencyKey(job, kind),
    input: { ...input, kind },
    write,
  });
}

/**
 * A job that sends nothing ends when it would have ended with an email. Otherwise people could tell from the delay of their
 * own email, requested right after, whether the job before it sent one. The time is one of the middle half of the last, at
 * random: emails take different times, and no single mailbox sets it by accepting an email at once, or by refusing it.
 */
async function holdPlace({ deliveryTimes, drainingSince }: Core, { startedAt }: Attempt): Promise<void> {
  if (drainingSince !== undefined) return;
  const { length } = deliveryTimes;
  const usual = deliveryTimes.toSorted((a, b) => a - b)[Math.floor(randomBetween(length / 4, (3 * length) / 4))] ?? 0;
  const left = Math.min(usual, MAX_PRETENSE) - (monotonicNow() - startedAt);
  if (left >= 1) await pauseInRealTime(left);
}
