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
  const trimmed = input.replace(/^[\t\n\f\r ]+/, "").replace(/[\t\n\f\r ]+$/, "");

  // Code point by code point: NFKC of the whole would turn U+212A into K and U+FF20 into a second @ unseen.
  if (!isAscii(trimmed)) {
    for (const codePoint of trimmed) if (codePoint.normalize("NFKC") !== codePoint) return undefined;
  }
  const composed = trimmed.normalize("NFC");
  // Once more: some small letters join with their accents, and the capitals do not.
  const lowered = composed.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()).normalize("NFC");
  const [local, domain, ...more] = lowered.split("@");
  if (local === undefined || domain === undefined || more.length > 0) return undefined;
  if (!LOCAL_PART.test(local) || byteLength(local) > 64) return undefined;
  const host = canonicalHost(domain);
  const address = `${local}@${host}`;
  // Punycode may be the longer spelling, and is what counts on the wire.
  return host !== undefined && byteLength(lowered) <= 254 && byteLength(address) <= 254 ? address : undefined;
}

// RFC 5322 dot-atom characters with the letters of RFC 6531, leading and double dots included because real
// mailboxes have them. No leading hyphen (GHSA-48ww-j4fc-435p), no encoded word (RFC 2047), nothing invisible.
const LOCAL_PART =
  /^(?!-)(?!.*=\?.+\?[bq]\?)(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-])+$/u;
// Joiners are invisible too, but some scripts need them, and IDNA has rules for them (RFC 5892 Appendix A).
// The capital sharp s is "ss" to some versions of IDNA and "ß" to others.
const DOMAIN = /^(?:[\u200c\u200d]|(?![\u1e9e\p{Default_Ignorable_Code_Point}])[\p{L}\p{M}\p{N}.-])+$/u;
const LABEL = /^[a-z0-9-]{1,63}$/;

function canonicalHost(domain: string): string | undefined {
  if (!DOMAIN.test(domain)) return undefined;
  // Plain names are what they are; only the rest needs the URL parser, which takes longer than all else here.
  const isPlain = isAscii(domain) && !domain.includes("xn--");
  const host = isPlain ? domain : hostOf(domain);
  const typed = domain.split(".");
  const labels = host.split(".");
  if (host.length > 253 || labels.length !== typed.length) return undefined;
  // IDNA may take one letter for others, as "ss" for a capital sharp s. A change of case is all it may do.
  if (!isPlain && hostOf([...domain].map((letter) => letter.toLowerCase()).join("")) !== host)
    return undefined;

  for (const [index, label] of labels.entries()) {
    if (!LABEL.test(label) || label.startsWith("-") || label.endsWith("-")) return undefined;
    // A label with other letters that came out without them lost something on the way.
    if (!isAscii(typed[index] ?? "") && !label.startsWith("xn--")) return undefined;
  }
  const last = labels.at(-1) ?? "";
  return /[a-z]/.test(last) && !last.startsWith("0x") ? host : undefined;
}

// The URL parser is the one implementation of IDNA (UTS #46) that every runtime carries. Node's from 24 on lets a
// name through unread that is ASCII, with broken Punycode and all: the label behind it makes it read.
const hostOf = (domain: string): string =>
  attempt(() => new URL(`http://${domain}.ü`).hostname.slice(0, -".xn--tda".length)) ?? "";
