import { port, wrong } from "../checks.ts";
import { ownFields } from "../fields.ts";
import type { Mailer } from "../types.ts";

/** As much of a nodemailer transport as is used. */
export interface NodemailerTransport {
  sendMail(mail: {
    from: string;
    to: string;
    subject: string;
    text: string;
    html?: string | undefined;
    headers: Record<string, string>;
  }): Promise<unknown>;
}

/**
 * Sends through nodemailer. Give the transport its own time-outs, and a pool where many mails go out:
 *
 *     nodemailerMailer(nodemailer.createTransport({ host, port, auth, requireTLS: true }), { from })
 *
 * A refusal of the mail or its recipient (SMTP 55x) is marked `permanent` and not tried again.
 *
 * @throws RelatchError `ERR_OPTIONS` for a transport that cannot send, or no sender.
 */
export function nodemailerMailer(transport: NodemailerTransport, options: { from: string }): Mailer {
  port("nodemailerMailer", transport, ["sendMail"]);
  const { from } = ownFields(options);
  if (typeof from !== "string" || from === "")
    throw wrong('from is a sender like "Acme <noreply@example.com>"');
  return {
    async send({ to, subject, text, html }) {
      try {
        // RFC 3834: keeps out-of-office robots from answering.
        await transport.sendMail({
          from,
          to,
          subject,
          text,
          html,
          headers: { "Auto-Submitted": "auto-generated" },
        });
      } catch (error) {
        const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
        const failure = new Error("The SMTP transport did not take the mail.", { cause: error });
        throw Object.assign(failure, { code, responseCode, permanent: isRefusal(responseCode) });
      }
    },
  };
}

// 535 is about our own credentials (RFC 4954 §6) and 530 about TLS: the recipient was not refused.
const isRefusal = (status: unknown): boolean => typeof status === "number" && status >= 550 && status < 560;
