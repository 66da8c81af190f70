/** The longest name that an email prints, in code points: long enough for people, too short for a message. */
const MAX_NAME = 64;
/** Text that email clients turn into links by themselves: `://`, `www.`, `user@host`, `host.tld`, paths. */
const LINK_LIKE = /[:/\\@]|[.\u3002][\p{L}\p{M}\p{N}]{2}/u;
/** Text that phones turn into a number to call. */
const CALLABLE = /(?:\p{Nd}\P{L}*){7}/u;

/** Reads the compatibility form, as a client may: a full-width stop makes a link as well. */
const isLinkLike = (text: string): boolean => LINK_LIKE.test(text.normalize("NFKC"));

/**
 * Returns a name that the application itself has written, such as a constant `appName`: in one line without invisible
 * characters, cut to 64 code points, and otherwise as it is.
 */
export function cleanName(name: string): string {
  const visible = name.replace(/[\p{C}\p{Z}\s\p{Default_Ignorable_Code_Point}]+/gu, " ").trim();
  return [...visible].slice(0, MAX_NAME).join("").trim();
}

/**
 * Returns a person's name for the greeting, or `undefined` if it looks like a link or a phone number. Anyone who signs up
 * chooses it, and "Your account is at risk, see evil.example" must not reach the reader in the application's name.
 */
export function sanitizeName(name: string | undefined): string | undefined {
  const text = cleanName(name ?? "");
  return text === "" || isLinkLike(text) || CALLABLE.test(text) ? undefined : text;
}

/**
 * Returns a name of the application that comes from data, such as the name of a tenant. It cannot be left out: its dots
 * look the same and make no link, and a number to call loses its digits.
 */
export function sanitizeAppName(given: string): string {
  const name = cleanName(given);
  const text = CALLABLE.test(name) ? cleanName(name.replace(/\p{Nd}+/gu, "#")) : name;
  if (!isLinkLike(text)) return text;
  const inert = text.normalize("NFKC").replace(/[.\u3002]/g, "\u2024");
  return cleanName(inert.replace(/[:/\\@]+/g, " "));
}

/** Returns a subject as one line without encoded words, which a mailer might pass on as they are (RFC 2047 §2). */
export const sanitizeSubject = (subject: string): string =>
  subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+|=(?=\?)/gu, " ").trim();
