import type { MailContext } from "../types.ts";
import type { Sender } from "./sender.ts";

/**
 * Keeps robots from answering a robot. The first is the standard (RFC 3834 §5); the second is Exchange's own word for
 * out-of-office notices and other automatic replies (MS-OXCMAIL §2.1.3.2.20), which leaves bounces alone: those are
 * wanted. No List-Unsubscribe and no Precedence: this is no bulk mail.
 */
export const AUTOMATIC: Readonly<Record<string, string>> = Object.freeze({
  "Auto-Submitted": "auto-generated",
  "X-Auto-Response-Suppress": "OOF, AutoReply",
});

/**
 * The Message-ID of a mail (RFC 5322 §3.6.4), the same each time it is sent. `undefined` for a key that is none: then
 * whoever sends makes one up.
 */
export const messageIdOf = ({ idempotencyKey }: MailContext, { domain }: Sender): string | undefined =>
  typeof idempotencyKey === "string" && /^[\w-]{1,128}$/.test(idempotencyKey)
    ? `<${idempotencyKey}@${domain}>`
    : undefined;
