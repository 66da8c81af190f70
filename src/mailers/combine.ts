import { port, wrong } from "../checks.ts";
import type { Mailer } from "../types.ts";

/**
 * Sends every mail through each of these, at the same time. It counts as sent when all of them took it; when
 * one fails, the delivery is tried again with all of them.
 *
 * @throws RelatchError `ERR_OPTIONS` for none at all, or one that cannot send.
 */
export function combine(...mailers: [Mailer, ...Mailer[]]): Mailer {
  if (mailers.length === 0) throw wrong("combine needs at least one mailer");
  for (const mailer of mailers) port("combine", mailer, ["send"]);
  return {
    async send(message, about) {
      const results = await Promise.allSettled(mailers.map(async (mailer) => mailer.send(message, about)));
      const failures = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
      // A refusal by one is the end only if no other is worth another try.
      if (failures.length > 0) throw failures.find((reason) => reason?.permanent !== true) ?? failures[0];
    },
  };
}
