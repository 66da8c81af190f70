/** Longest name that a mail prints, in code points: enough for people, too short for a message. */
const MAX_NAME = 64;

/** What mail clients turn into links by themselves: `://`, `www.`, `user@host`, `host.tld`, paths. */
const LINK_LIKE = /[:/\\@]|\.[\p{L}\p{N}]{2}/u;

/**
 * Control characters, line separators, bidirectional controls and other invisible ones go; white space is one
 * space; the rest is cut to 64 characters.
 */
const plain = (text: string): string =>
  [...text.replace(/[\p{C}\p{Z}\s]+/gu, " ").trim()].slice(0, MAX_NAME).join("").trim();

/**
 * A person's name for the greeting, or none: whoever signs up chooses it, and "Your account is at risk, see
 * evil.example" must not reach the reader in our name. What looks like a link is left out altogether.
 */
export function inertName(name: string | undefined): string | undefined {
  const text = plain(name ?? "");
  return text === "" || LINK_LIKE.test(text) ? undefined : text;
}

/** The application's name, which cannot be left out: dots and the like lose the power to make a link. */
export const inertAppName = (name: string): string =>
  plain(LINK_LIKE.test(name) ? name.replaceAll(".", "\u2024").replace(/[:/\\@]+/g, " ") : name);

/** One line of a header. */
export const inertSubject = (subject: string): string =>
  subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

/** Text as HTML shows it, in content and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
