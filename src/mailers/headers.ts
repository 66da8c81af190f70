import { parseSender } from "./sender.ts";

/**
 * Returns the header fields that every email has besides the usual ones.
 *
 * The first two keep robots from replying to a robot: the standard (RFC 3834 §5), and the one for Exchange, which then
 * suppresses out-of-office notices and other automatic replies (MS-OXCMAIL §2.1.3.2.20), but not bounces, which are
 * wanted. No List-Unsubscribe and no Precedence, because this is not bulk mail.
 *
 * The others name this email: mail clients that group by References or by X-Entity-Ref-ID do not fold two resets into one
 * conversation, where the person would see only one of the links. The Message-ID (RFC 5322 §3.6.4) is the same each time
 * the email is sent. Both need a domain, so without `from` the transport or the service makes up a Message-ID.
 *
 * Not frozen, because a transport of nodemailer adds its default header fields to this object.
 */
export function createHeaders(idempotencyKey: string, from: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
    "X-Entity-Ref-ID": idempotencyKey,
  };
  if (from !== undefined) {
    const { domain } = parseSender(from);
    headers["References"] = `<about-${idempotencyKey}@${domain}>`;
    headers["Message-ID"] = `<${idempotencyKey}@${domain}>`;
  }
  return headers;
}
