import type { Mailer } from "../ports/contract.ts";

/**
 * Prints emails instead of sending them, for development: most terminals open the link on a click. Do not use it in
 * production, where more people read the logs than a mailbox. `print` defaults to `console.log`.
 *
 * @example
 * const mailer = consoleMailer();
 */
export function consoleMailer(print: (text: string) => unknown = console.log): Mailer {
  return {
    async send({ to, subject, text }) {
      const lines = [`To: ${to}`, `Subject: ${subject}`, "", ...text.trimEnd().split("\n")];
      print(["┌─ email", ...lines.map((line) => `│ ${line}`), "└─"].join("\n"));
    },
  };
}
