/** Longest name that a mail prints, in code points: enough for people, too short for a message. */
const MAX_NAME = 64;

/** What mail clients turn into links by themselves: `://`, `www.`, `user@host`, `host.tld`, paths. */
const LINK_LIKE = /[:/\\@]|[.\u3002][\p{L}\p{M}\p{N}]{2}/u;

/** What phones turn into a number to call. */
const CALLABLE = /(?:\p{Nd}\P{L}*){7}/u;

/** In compatibility form, as a client may read it: a full-width stop makes a link as well. */
const isLinkLike = (text: string): boolean => LINK_LIKE.test(text.normalize("NFKC"));

/**
 * Control characters, line separators, bidirectional controls and other invisible ones go; white space is one
 * space; the rest is cut to 64 characters.
 */
const plain = (text: string): string => {
  const visible = text.replace(/[\p{C}\p{Z}\s\p{Default_Ignorable_Code_Point}]+/gu, " ").trim();
  return [...visible].slice(0, MAX_NAME).join("").trim();
};

/**
 * A person's name for the greeting, or none: whoever signs up chooses it, and "Your account is at risk, see
 * evil.example" must not reach the reader in our name. What looks like a link is left out altogether.
 */
export function inertName(name: string | undefined): string | undefined {
  const text = plain(name ?? "");
  return text === "" || isLinkLike(text) || CALLABLE.test(text) ? undefined : text;
}

/** The application's name, which cannot be left out: its dots look the same and make no link. */
export function inertAppName(name: string): string {
  const text = plain(name);
  if (!isLinkLike(text)) return text;
  return plain(
    text
      .normalize("NFKC")
      .replace(/[.\u3002]/g, "\u2024")
      .replace(/[:/\\@]+/g, " "),
  );
}

/** One line of a header, and no encoded word: who sends it may take that for encoded already (RFC 2047 §2). */
export const inertSubject = (subject: string): string =>
  subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+|=(?=\?)/gu, " ").trim();
