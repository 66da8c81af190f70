import { canonicalEmail, trimInvisible } from "../lib/email-address.ts";
import { mustBe } from "../lib/shape.ts";

/** The parts of a sender. */
export interface Sender {
  readonly name: string | undefined;
  /** With its host in Punycode, as mail servers and services take it. */
  readonly address: string;
  /** The host of the address. */
  readonly domain: string;
  /** As written in a header (RFC 5322 §3.4): the name is quoted if it must be. */
  readonly header: string;
}

const WITH_NAME = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>]*)>$/;
/** A name that needs no quotes: atoms (RFC 5322 §3.2.3) with white space between them. */
const PHRASE = /^[\p{L}\p{M}\p{N} !#$%&'*+/=?^_`{|}~-]*$/u;

/**
 * Reads the option `from`, or `MailMessage.from`.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if it is not a sender.
 */
export function parseSender(value: unknown, path = "from"): Sender {
  const text = typeof value === "string" && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value) ? value.trim() : "";
  const [, quoted, plain, inBrackets] = WITH_NAME.exec(text) ?? [];
  const address = toWireAddress(inBrackets ?? text);
  if (!address) throw mustBe(path, 'a sender like "Acme <noreply@example.com>"', value);
  const domain = address.slice(address.indexOf("@") + 1);
  const name = (quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "").trim();
  if (name === "") return Object.freeze({ name: undefined, address, domain, header: address });
  const phrase = PHRASE.test(name) ? name : `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  return Object.freeze({ name, address, domain, header: `${phrase} <${address}>` });
}

/** Returns an address with its host in Punycode and its local part as it is, or `undefined` if it is not an address. */
export function toWireAddress(address: string): string | undefined {
  const host = canonicalEmail(address)?.split("@")[1];
  return host && `${trimInvisible(address).split("@")[0]}@${host}`;
}
