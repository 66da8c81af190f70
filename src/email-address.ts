import { byteLength, isAscii } from "./bytes.ts";
import { attempt } from "./fields.ts";

/**
 * The canonical form of an e-mail address, in which two spellings of one mailbox are equal and two mailboxes
 * are not: host as the URL standard writes it (lower case, Punycode), local part in NFC with ASCII letters in
 * lower case. Other letters keep their case, and nothing is folded that a provider might tell apart: no dots,
 * no `+tag` (CVE-2019-19844: `mıke` is not `mike`).
 *
 * Answers `undefined` for anything that is not one plain, mailable address: no string, two `@`, quoted local
 * parts, IP literals, white space inside, invisible or compatibility characters, over-long parts
 * (RFC 5321 §4.5.3.1; CVE-2022-35924, CVE-2025-13033, CVE-2026-73420). Linear in time.
 *
 * Use it to fill the column that `UserStore.findByEmail` looks into.
 */
export function canonicalEmail(input: unknown): string | undefined {
  if (typeof input !== "string" || input.length > 320) return undefined;
  const trimmed = input.trim();
  if (/[^\t\n\f\r ]/.test(input.replace(trimmed, ""))) return undefined;
  const lowered = isAscii(trimmed) ? trimmed.toLowerCase() : composedInLowerCase(trimmed);
  const at = lowered.indexOf("@");
  const local = lowered.slice(0, at);
  const domain = lowered.slice(at + 1);
  if (at < 1 || !LOCAL_PART.test(local) || byteLength(local) > 64) return undefined;
  const host = canonicalHost(domain);
  // Punycode may be the longer spelling, and is what counts on the wire.
  const address = `${local}@${host}`;
  return host && byteLength(lowered) <= 254 && byteLength(address) <= 254 ? address : undefined;
}

/** NFC with ASCII letters in lower case; empty for a text with compatibility characters in it. */
function composedInLowerCase(text: string): string {
  // Code point by code point: NFKC of the whole would turn U+212A into K and U+FF20 into a second @ unseen.
  for (const codePoint of text) if (codePoint.normalize("NFKC") !== codePoint) return "";
  const composed = text.normalize("NFC");
  // Once more: some small letters join with their accents, and the capitals do not.
  return composed.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).normalize("NFC");
}

// RFC 5322 dot-atom characters with the letters of RFC 6531, leading and double dots included because real
// mailboxes have them. No leading hyphen (GHSA-48ww-j4fc-435p), no encoded word (RFC 2047), nothing invisible.
const LOCAL_PART =
  /^(?!-)(?!(?:(?!=\?).)*=\?.+\?[bq]\?)(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-])+$/u;
// Joiners are invisible too, but some scripts need them, and IDNA has rules for them (RFC 5892 Appendix A).
// The capital sharp s is "ss" to some versions of IDNA and "ß" to others.
const DOMAIN = /^(?:[\u200c\u200d]|(?![\u1e9e\p{Default_Ignorable_Code_Point}])[\p{L}\p{M}\p{N}.-])+$/u;
// Labels as RFC 1123 §2.1 has them; the last is no number, or the whole would be an IPv4 address to some.
const HOST = /^(?:(?!-)[a-z\d-]{1,63}(?<!-)\.)*(?!-|0x|[\d-]+$)[a-z\d-]{1,63}(?<!-)$/;

/** Empty for a domain that is none. */
function canonicalHost(domain: string): string {
  // Plain names are what they are; only the rest needs the URL parser, which takes longer than all else here.
  const host = isAscii(domain) && !domain.includes("xn--") ? domain : internationalHost(domain);
  return HOST.test(host) ? host : "";
}

function internationalHost(domain: string): string {
  if (!DOMAIN.test(domain)) return "";
  const host = hostOf(domain);
  const typed = domain.split(".");
  const labels = host.split(".");
  // A label with other letters that came out without them lost something on the way.
  const isWhole = (label: string, index: number) => isAscii(typed[index] ?? "") || label.startsWith("xn--");
  return labels.length === typed.length && labels.every(isWhole) ? host : "";
}

// The URL parser is the one implementation of IDNA (UTS #46) that every runtime carries. Node's from 24 on lets a
// name through unread that is ASCII, with broken Punycode and all: the label behind it makes it read.
const hostOf = (domain: string): string =>
  attempt(() => new URL(`http://${domain}.ü`).hostname.slice(0, -".xn--tda".length)) ?? "";
