import { port, section } from "../checks.ts";
import type { Mailer, MailFailure } from "../types.ts";
import { NO_CONNECTION } from "./connection.ts";
import { AUTOMATIC, messageIdOf } from "./headers.ts";
import { type From, senders } from "./sender.ts";

export type { From };

/** As much of a nodemailer transport as is used. */
export interface NodemailerTransport {
  sendMail(mail: {
    from: string;
    to: string;
    subject: string;
    text: string;
    html?: string | undefined;
    messageId?: string | undefined;
    headers: Record<string, string>;
  }): Promise<unknown>;
}

/** Options of {@link nodemailerMailer}. */
export interface NodemailerMailerOptions {
  /** `"Acme <noreply@example.com>"`, or a function that chooses one for each mail, by its tenant for instance. */
  from: From;
}

/**
 * Sends through nodemailer. Give the transport time-outs that together stay below `deliveryTimeout`, and a pool where
 * many mails go out:
 *
 *     const transport = nodemailer.createTransport({
 *       host, port: 587, auth, requireTLS: true,
 *       connectionTimeout: 8_000, greetingTimeout: 8_000, socketTimeout: 15_000,
 *     });
 *     nodemailerMailer(transport, { from: "Acme <noreply@example.com>" })
 *
 * A refusal of the mail or its recipient (SMTP 5xx to RCPT TO or DATA, an address that cannot be written into an
 * envelope) is `permanent`. Everything else is tried again: what the server calls temporary (4xx), a server that is
 * not there, and what is the sender's own to mend (credentials, TLS, a sender that is not allowed). The Message-ID
 * stays the same for the same mail.
 *
 * @throws RelatchError `ERR_OPTIONS` for a transport that cannot send, or no sender.
 */
export function nodemailerMailer(transport: NodemailerTransport, options: NodemailerMailerOptions): Mailer {
  port("nodemailerMailer", transport, ["sendMail"]);
  const senderFor = senders(section("options of nodemailerMailer", options, ["from"]).from);
  return {
    async send({ to, subject, text, html }, about) {
      const sender = await senderFor(about);
      const headers = { ...AUTOMATIC };
      const messageId = messageIdOf(about, sender);
      let outcome: unknown;
      try {
        outcome = await transport.sendMail({
          from: sender.header,
          to,
          subject,
          text,
          html,
          messageId,
          headers,
        });
      } catch (error) {
        throw failure(error);
      }
      // LMTP answers for each recipient after the mail, and nodemailer calls that a success.
      const { rejected, rejectedErrors } = Object(outcome) as SentInfo;
      if (Array.isArray(rejected) && rejected.length > 0) throw failure(rejectedErrors?.[0] ?? REJECTED);
    },
  };
}

interface SentInfo {
  rejected?: unknown;
  rejectedErrors?: unknown[];
}

/** What nodemailer says of a failure. */
interface SmtpError {
  code?: unknown;
  /** What was answered, `CONN` while nothing was asked, `API` before anything went over the wire. */
  command?: unknown;
  responseCode?: unknown;
  response?: unknown;
  /** What `code` was before nodemailer put its own. */
  originalCode?: unknown;
  syscall?: unknown;
  timeoutType?: unknown;
}

const REJECTED: SmtpError = Object.freeze({ code: "EENVELOPE", command: "RCPT TO", responseCode: 450 });

function failure(error: unknown): Error & MailFailure {
  const smtp = Object(error) as SmtpError;
  const { code, responseCode } = smtp;
  const permanent = isRefusal(smtp);
  const unsent = permanent || isUnsent(smtp);
  const summary = new Error("The SMTP transport did not take the mail.", { cause: error });
  return Object.assign(summary, { code, responseCode, permanent, unsent });
}

/**
 * Whether it is this mail, or its recipient, that will never be taken. 503 is about the session, 530, 534, 535 and 538
 * about our own credentials or TLS (RFC 4954 §6), enhanced codes 5.1.7 and 5.1.8 about the sender (RFC 3463 §3.2).
 */
function isRefusal({ code, command, responseCode: status, response }: SmtpError): boolean {
  if (typeof status !== "number") {
    // Before a word was said: no address to write into the envelope; a mail that is longer than the server takes.
    return (code === "EENVELOPE" && command === "API") || (code === "EMESSAGE" && command === "MAIL FROM");
  }
  if (status < 500 || status > 599 || [503, 530, 534, 535, 538].includes(status)) return false;
  if (/^\d{3}[ -]5\.1\.[78]\b/.test(String(response))) return false;
  // A message over the limit of the server is refused by its size in MAIL FROM (RFC 1870 §6.1); else that is about
  // the sender. Other transports tell no command.
  if (command === "MAIL FROM") return status === 552;
  return (
    command === "RCPT TO" || command === "DATA" || (command === undefined && status >= 550 && status < 560)
  );
}

/** Codes of what fails before the mail is handed over. */
const BEFORE = [
  "EDNS",
  "ETLS",
  "EREQUIRETLS",
  "EAUTH",
  "ENOAUTH",
  "EOAUTH2",
  "EPROXY",
  "ECONFIG",
  "EENVELOPE",
];

/**
 * Whether it is certain that nothing went out: the server said no (4xx, 5xx), or the attempt never came to the mail.
 * A connection lost later is no such case: the answer to the last line of the mail may be what was lost, and the mail
 * under way (RFC 5321 §4.5.3.2.6, RFC 1047).
 */
function isUnsent({ code, responseCode, originalCode, syscall, timeoutType }: SmtpError): boolean {
  if (typeof responseCode === "number") return responseCode >= 400;
  if (typeof timeoutType === "string") return timeoutType !== "SOCKET_TIMEOUT";
  return syscall === "connect" || NO_CONNECTION.test(String(originalCode)) || BEFORE.includes(String(code));
}
