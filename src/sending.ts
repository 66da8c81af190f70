import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { utf8 } from "./bytes.ts";
import { wrong } from "./checks.ts";
import { attempt } from "./fields.ts";
import type { Job } from "./jobs.ts";
import { addressKey } from "./limit-keys.ts";
import { inertSubject } from "./mail/inert.ts";
import type { MessageContent } from "./mail/messages.ts";
import type { Config } from "./options.ts";
import { call, reading } from "./ports.ts";
import type { MailFailure, MailKind, MailMessage } from "./types.ts";

/** The mail to an address, as the application words it; checked, since the application may word it itself. */
export async function composed(
  kind: MailKind,
  to: string,
  write: () => MessageContent | Promise<MessageContent>,
): Promise<MailMessage> {
  const name = `messages for ${kind}`;
  const content: unknown = await call("ERR_OPTIONS", name, write);
  return reading("ERR_OPTIONS", name, () => {
    const { subject, text, html } = (content ?? {}) as MessageContent;
    if (![subject, text, html ?? ""].every((part: unknown) => typeof part === "string")) {
      throw wrong(`The message for ${kind} must be { subject, text, html? }, all strings`);
    }
    return { to, subject: inertSubject(subject), text, html };
  });
}

/** The name of a mail without a link: a digest, since the id of a job may have come from anywhere. */
export const jobKey = (job: Job): string => encodeBase64urlNoPadding(sha256(utf8(job.id)));

/** What a mailer's error says of the mail: it will never be taken; it certainly was not taken this time. */
export function outcomeOf(error: unknown): { permanent: boolean; unsent: boolean } {
  const failure = Object(error) as MailFailure;
  return {
    permanent: attempt(() => failure.permanent) === true,
    unsent: attempt(() => failure.unsent ?? failure.permanent) === true,
  };
}

/**
 * Gives back what the job was counted against its address: the unit of the longest rule. The others, which space the
 * tries, keep theirs.
 */
export function refund({ rateLimiter, addressRules }: Config, job: Job): void {
  if (job.type !== "reset_requested" || addressRules.length < 2) return;
  const longest = addressRules.reduce((a, b) => (b.windowSeconds > a.windowSeconds ? b : a));
  void call("ERR_RATE_LIMITER", "rateLimiter.refund", () =>
    rateLimiter.refund?.(addressKey(job.email, job.tenant), longest),
  ).catch(() => {});
}
