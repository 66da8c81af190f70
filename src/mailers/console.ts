import type { Mailer } from "../types.ts";

/**
 * Prints mails instead of sending them, for development: the link can be clicked in most terminals. Never for
 * production, where logs are read by more people than mailboxes.
 */
export function consoleMailer(print: (text: string) => unknown = console.log): Mailer {
  return {
    async send({ to, subject, text }) {
      const lines = [`To: ${to}`, `Subject: ${subject}`, "", ...text.trimEnd().split("\n")];
      print(["┌─ mail", ...lines.map((line) => `│ ${line}`), "└─"].join("\n"));
    },
  };
}
