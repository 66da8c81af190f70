import { Recent } from "../lib/recent.ts";
import { anObjectWith, optionError } from "../lib/shape.ts";
import type { Mailer, MailFailure } from "../ports/contract.ts";
import { createFailure } from "./failures.ts";

/** For how many emails it is remembered which mailers have sent them. */
const MEMORY = 1000;

/**
 * Sends every email through each of these mailers, at the same time. The email counts as sent when all of them sent it.
 * If one fails, the next attempt uses only the mailers that have not sent it yet.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if there is no mailer, or if one has no `send`.
 * @example
 * const mailer = combine(nodemailerMailer(transport), textMessageMailer);
 */
export function combine(...mailers: [Mailer, ...Mailer[]]): Mailer {
  if (mailers.length === 0)
    throw optionError("combine must be given at least one mailer, received none. Example: combine(mailer).");
  for (const [index, mailer] of mailers.entries()) anObjectWith(["send"])(mailer, `combine[${index}]`);
  const sentBy = new Recent<Set<Mailer>>(MEMORY);
  return {
    needsFrom: mailers.some(({ needsFrom }) => needsFrom === true),
    async send(message, about) {
      const done = new Set(sentBy.get(about.idempotencyKey));
      const left = mailers.filter((mailer) => !done.has(mailer));
      const results = await Promise.allSettled(
        left.map(async (mailer) => {
          // A transport of nodemailer adds its own header fields to these.
          await mailer.send({ ...message, headers: { ...message.headers } }, about);
          done.add(mailer);
        }),
      );
      const reasons = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
      if (reasons.length === 0) return;
      sentBy.set(about.idempotencyKey, done);

      const failures = reasons.map((reason) => Object(reason) as MailFailure);
      // The email is refused for good only if no mailer is worth another attempt.
      const decisive = failures.findIndex(({ permanent }) => permanent !== true);
      const cause = reasons[Math.max(decisive, 0)];
      const { code, responseCode, retryAfterSeconds } = Object(cause);
      const facts = { code, responseCode, retryAfterSeconds, permanent: decisive < 0 };
      throw createFailure("Not all mailers sent the email.", facts, { cause });
    },
  };
}
