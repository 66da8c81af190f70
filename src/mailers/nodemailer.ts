import { anObjectWith } from "../lib/shape.ts";
import type { Mailer, MailFailure } from "../ports/contract.ts";
import { createFailure } from "./failures.ts";
import { parseSender } from "./sender.ts";

/** The part of a nodemailer transport that is used. */
export interface NodemailerTransport {
  /** Sends one email, or rejects. */
  sendMail(email: {
    from: string;
    to: string;
    subject: string;
    text: string;
    html?: string | undefined;
    messageId?: string | undefined;
    headers: Record<string, string>;
  }): Promise<unknown>;
}

/**
 * Sends through nodemailer. Give the transport timeouts that together stay below `deliveryTimeout`, and a pool if you
 * send many emails.
 *
 * The failure is `permanent` if the server refused the email or its recipient (SMTP 5xx to RCPT TO or DATA, or an
 * address that cannot be written into an envelope). Everything else is attempted again: temporary refusals (4xx), a
 * server that cannot be reached, and problems that only you can fix (credentials, TLS, a sender that is not allowed).
 * The Message-ID of an email stays the same.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the transport has no `sendMail`.
 * @example
 * const timeouts = { connectionTimeout: 8_000, greetingTimeout: 8_000, socketTimeout: 15_000 };
 * const transport = nodemailer.createTransport({ host, port: 587, auth, requireTLS: true, ...timeouts });
 * const mailer = nodemailerMailer(transport);
 */
export function nodemailerMailer(transport: NodemailerTransport): Mailer {
  anObjectWith(["sendMail"])(transport, "nodemailerMailer.transport");
  return {
    needsFrom: true,
    async send({ from, to, subject, text, html, headers }) {
      const { "Message-ID": messageId, ...others } = headers ?? {};
      const email = { from: parseSender(from).header, to, subject, text, html, messageId, headers: others };
      let result: unknown;
      try {
        result = await transport.sendMail(email);
      } catch (error) {
        throw toFailure(error);
      }
      // LMTP responds for each recipient after the email, and nodemailer calls that a success.
      const { rejected, rejectedErrors } = Object(result) as { rejected?: unknown; rejectedErrors?: unknown[] };
      if (Array.isArray(rejected) && rejected.length > 0) throw toFailure(rejectedErrors?.[0] ?? REJECTED);
    },
  };
}

/** Properties of an error of nodemailer. */
interface SmtpError {
  code?: unknown;
  /** The command that failed, `CONN` before the first one, `API` before anything was sent. */
  command?: unknown;
  responseCode?: unknown;
  response?: unknown;
}

const REJECTED: SmtpError = Object.freeze({ code: "EENVELOPE", command: "RCPT TO", responseCode: 450 });

function toFailure(error: unknown): Error & MailFailure {
  const smtp = Object(error) as SmtpError;
  const { code, responseCode } = smtp;
  const facts = { code, responseCode, permanent: isRefusal(smtp) };
  return createFailure("The SMTP transport did not send the email.", facts, { cause: error });
}

/**
 * Reports whether this email, or its recipient, is refused for good. 503 is about the session, 530, 534, 535 and 538
 * are about our own credentials or TLS (RFC 4954 §6), codes 5.1.7 and 5.1.8 are about the sender (RFC 3463 §3.2).
 */
function isRefusal({ code, command, responseCode: status, response }: SmtpError): boolean {
  if (typeof status !== "number") {
    // Nothing was sent: there is no address to write into the envelope, or the email is longer than the server's limit.
    return (code === "EENVELOPE" && command === "API") || (code === "EMESSAGE" && command === "MAIL FROM");
  }
  if (status < 500 || status > 599 || [503, 530, 534, 535, 538].includes(status)) return false;
  if (/^\d{3}[ -]5\.1\.[78]\b/.test(String(response))) return false;
  // MAIL FROM announces the size of the email, which may exceed the limit (RFC 1870 §6.1). Any other refusal of it is
  // about the sender. Transports other than SMTP report no command.
  if (command === "MAIL FROM") return status === 552;
  return ["RCPT TO", "DATA"].includes(String(command)) || (command === undefined && status >= 550 && status < 560);
}
