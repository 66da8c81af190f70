import { wrong } from "../checks.ts";
import { canonicalEmail } from "../email-address.ts";
import type { MailContext } from "../types.ts";

/** Who mails are from: `Acme <noreply@example.com>`, one for all or chosen for each, by its tenant for instance. */
export type From = string | ((about: MailContext) => string | Promise<string>);

/** A sender, taken apart. */
export interface Sender {
  readonly name: string | undefined;
  /** With its host in Punycode, as mail servers and services take it. */
  readonly address: string;
  /** The host of the address. */
  readonly domain: string;
  /** As it stands in a header (RFC 5322 §3.4): the name quoted, where it has to be. */
  readonly header: string;
}

/**
 * Answers who each mail is from. A fixed sender is checked at once, a chosen one with every mail.
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no sender.
 */
export function senders(from: unknown): (about: MailContext) => Promise<Sender> {
  if (typeof from !== "function") {
    const sender = parseSender(from);
    return async () => sender;
  }
  return async (about) => {
    try {
      return parseSender(await from(about));
    } catch (error) {
      throw Object.assign(new Error("There is no sender for this mail.", { cause: error }), { unsent: true });
    }
  };
}

const WITH_NAME = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>]*)>$/;
/** What needs no quotes: atoms (RFC 5322 §3.2.3) with white space between them. */
const PHRASE = /^[\p{L}\p{M}\p{N} !#$%&'*+/=?^_`{|}~-]*$/u;

function parseSender(value: unknown): Sender {
  const text = typeof value === "string" && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value) ? value.trim() : "";
  const [, quoted, plain, inBrackets] = WITH_NAME.exec(text) ?? [];
  const wire = wireAddress(inBrackets ?? text);
  if (!wire) throw wrong('from is a sender like "Acme <noreply@example.com>"');
  const { address, domain } = wire;
  const name = (quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "").trim();
  if (name === "") return Object.freeze({ name: undefined, address, domain, header: address });
  const phrase = PHRASE.test(name) ? name : `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  return Object.freeze({ name, address, domain, header: `${phrase} <${address}>` });
}

/** An address with its host in Punycode: what a mailbox is called over the wire. `undefined` for what is none. */
export function wireAddress(address: string): { address: string; domain: string } | undefined {
  const canonical = canonicalEmail(address);
  if (canonical === undefined) return undefined;
  const domain = canonical.slice(canonical.indexOf("@") + 1);
  return { address: `${address.trim().split("@")[0]}@${domain}`, domain };
}
