import { byteLength } from "./bytes.ts";
import { readSafely } from "./untrusted-input.ts";

/**
 * Returns the canonical form of an email address, in which two spellings of one mailbox are equal and two mailboxes are
 * not: the host as the URL standard writes it (lower case, Punycode), the local part in NFC with ASCII letters in lower
 * case. Other letters keep their case, and nothing is folded that a provider might tell apart: no dots, no `+tag`
 * (CVE-2019-19844: `mıke` is not `mike`).
 *
 * White space and invisible characters around an address are trimmed, because they come with it when it is pasted.
 *
 * Returns `undefined` for everything that is not one plain, mailable address: another type, two `@`, quoted local parts,
 * IP literals, white space or invisible characters inside, compatibility characters, parts that are too long (RFC 5321
 * §4.5.3.1; CVE-2022-35924, CVE-2025-13033, CVE-2026-73420). Takes linear time and never throws.
 *
 * Use it to fill the column that `UserStore.findByEmail` searches.
 *
 * @example
 * canonicalEmail(" Mike@Example.ORG "); // "mike@example.org"
 * canonicalEmail("mike@münchen.de"); // "mike@xn--mnchen-3ya.de"
 * canonicalEmail("mike@example.org, eve@example.org"); // undefined
 */
export function canonicalEmail(input: unknown): string | undefined {
  if (typeof input !== "string" || input.length > 320) return undefined;
  const trimmed = trimInvisible(input);
  const lowered = isAscii(trimmed) ? trimmed.toLowerCase() : composeInLowerCase(trimmed);
  const at = lowered.indexOf("@");
  const local = lowered.slice(0, at);
  const domain = lowered.slice(at + 1);
  if (at < 1 || !LOCAL_PART.test(local) || byteLength(local) > 64) return undefined;
  const host = canonicalHost(domain);
  // Punycode may be the longer spelling, and is what counts on the wire.
  const address = `${local}@${host}`;
  return host && byteLength(lowered) <= 254 && byteLength(address) <= 254 ? address : undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

// From the first visible character to the last one, in linear time. \p{DI} is Default_Ignorable_Code_Point: invisible.
const VISIBLE = /[^\p{White_Space}\p{DI}](?:.*[^\p{White_Space}\p{DI}])?/su;

/** Returns a text without white space and invisible characters around it. */
export const trimInvisible = (text: string): string => VISIBLE.exec(text)?.[0] ?? "";

/** Returns the canonical form of an address on file, or `undefined` if email cannot be sent to it exactly as it is. */
export const canonicalStoredEmail = (email: string): string | undefined =>
  email === trimInvisible(email) ? canonicalEmail(email) : undefined;

/** Returns the NFC with ASCII letters in lower case, or "" if the text contains characters that stand for others. */
function composeInLowerCase(text: string): string {
  // The Kelvin sign, the Greek question mark and a Greek accent: NFC makes ASCII of these three and of no others.
  if (/[\u212a\u037e\u1fef]/.test(text)) return "";
  const composed = text.normalize("NFC");
  // The two forms differ if a compatibility character is in the text, for example U+FF20, which is a second @ in NFKC.
  if (text.normalize("NFKC") !== composed) return "";
  // Once more: some small letters join with their accents, and the capitals do not.
  return composed.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).normalize("NFC");
}

// RFC 5322 dot-atom characters with the letters of RFC 6531, leading and double dots included because real
// mailboxes have them. No leading hyphen (GHSA-48ww-j4fc-435p), no encoded word (RFC 2047), nothing invisible.
const LOCAL_PART = /^(?!-)(?!(?:(?!=\?).)*=\?.+\?[bq]\?)(?:(?!\p{DI})[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-])+$/u;
// Joiners are invisible too, but some scripts need them, and IDNA has rules for them (RFC 5892 Appendix A). The eight
// characters after them are not letters, and IDNA2008 allows them all the same (§2.6 and Appendix A), for example the
// middle dot of paral·lel. The capital sharp s is "ss" to some versions of IDNA and "ß" to others.
const DOMAIN =
  /^(?:\u200c|\u200d|[\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u30fb]|(?![\u1e9e\p{DI}])[\p{L}\p{M}\p{N}.-])+$/u;
// Labels as in RFC 1123 §2.1. The last one is not a number, because some parsers would read an IPv4 address.
const HOST = /^(?:(?!-)[a-z\d-]{1,63}(?<!-)\.)*(?!-|0x|[\d-]+$)[a-z\d-]{1,63}(?<!-)$/;

/** Returns the host in Punycode, or "" if the domain is not a valid one. */
function canonicalHost(domain: string): string {
  const host = isAscii(domain) && !domain.includes("xn--") ? domain : encodeInternationalHost(domain);
  return HOST.test(host) ? host : "";
}

function encodeInternationalHost(domain: string): string {
  if (!DOMAIN.test(domain)) return "";
  const host = parseHost(domain);
  const typed = domain.split(".");
  const labels = host.split(".");
  // A label with other letters that became plain ASCII lost something on the way.
  const isWhole = (label: string, index: number) => isAscii(typed[index] ?? "") || label.startsWith("xn--");
  return labels.length === typed.length && labels.every(isWhole) ? host : "";
}

// The URL parser is the only implementation of IDNA (UTS #46) that every runtime has. Node.js 24 and later pass an ASCII
// name through unread, even with broken Punycode; the non-ASCII label behind it makes the parser read all of it.
const parseHost = (domain: string): string =>
  readSafely(() => new URL(`http://${domain}.ü`).hostname.slice(0, -".xn--tda".length)) ?? "";
