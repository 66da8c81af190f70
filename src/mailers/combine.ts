import type { Mailer } from "../types.ts";

/**
 * Sends every mail through each of these, at the same time. It counts as sent when all of them took it; when
 * one fails, the delivery is tried again with all of them.
 */
export function combine(...mailers: [Mailer, ...Mailer[]]): Mailer {
  return {
    async send(message, about) {
      const results = await Promise.allSettled(mailers.map(async (mailer) => mailer.send(message, about)));
      const failure = results.find((result) => result.status === "rejected");
      if (failure) throw failure.reason;
    },
  };
}
