import { port, wrong } from "../checks.ts";
import { Recent } from "../recent.ts";
import type { Mailer, MailFailure } from "../types.ts";

/** Mails of which it is remembered who took them. */
const MEMORY = 1000;

/**
 * Sends every mail through each of these, at the same time. It counts as sent when all of them took it; when one
 * fails, the delivery is tried again with those that did not take it.
 *
 * @throws RelatchError `ERR_OPTIONS` for none at all, or one that cannot send.
 */
export function combine(...mailers: [Mailer, ...Mailer[]]): Mailer {
  if (mailers.length === 0) throw wrong("combine needs at least one mailer");
  for (const mailer of mailers) port("combine", mailer, ["send"]);
  const taken = new Recent<Set<Mailer>>(MEMORY);
  return {
    async send(message, about) {
      const done = new Set(taken.get(about.idempotencyKey));
      const left = mailers.filter((mailer) => !done.has(mailer));
      const results = await Promise.allSettled(
        left.map(async (mailer) => {
          await mailer.send(message, about);
          done.add(mailer);
        }),
      );
      const reasons = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
      if (reasons.length === 0) return;
      taken.set(about.idempotencyKey, done);

      const failures = reasons.map((reason) => Object(reason) as MailFailure);
      // A refusal by one is the end only if no other is worth another try.
      const decisive = failures.findIndex(({ permanent }) => permanent !== true);
      const cause = reasons[Math.max(decisive, 0)];
      const { code, responseCode, retryAfterSeconds } = Object(cause);
      throw Object.assign(new Error("Not all mailers took the mail.", { cause }), {
        code,
        responseCode,
        retryAfterSeconds,
        permanent: decisive < 0,
        unsent: done.size === 0 && failures.every(({ permanent, unsent = permanent }) => unsent === true),
      });
    },
  };
}
