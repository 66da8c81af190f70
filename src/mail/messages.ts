import { section, wrong } from "../checks.ts";
import { canonicalEmail } from "../email-address.ts";
import { attempt } from "../fields.ts";
import type { Recipient } from "../types.ts";
import { buttonColours, DEFAULT_ACCENT, parseColour } from "./colours.ts";
import { inertAppName } from "./inert.ts";
import type { Language } from "./language.ts";
import { type Common, notices, type StandardMessages, type StandardNotices, standard } from "./standard.ts";

export type { StandardMessages, StandardNotices };

/** What a mail says. */
export interface MessageContent {
  subject: string;
  /** Complete by itself. */
  text: string;
  html?: string | undefined;
}

/** What every message is told. Names are inert already: no control characters, nothing like a link. */
export interface MessageInput {
  to: Recipient;
  appName: string;
  language: Language;
}

/** What `messages.resetLink` is told. */
export interface ResetLinkInput extends MessageInput {
  /** The link, token and all. It belongs into the mail and nowhere else. */
  url: string;
  /** How long it lives, in milliseconds. */
  lifetime: number;
}

/** What `messages.passwordChanged` is told. */
export interface PasswordChangedInput extends MessageInput {
  changedAt: Date;
}

/** The mails, each a function that may be asynchronous. The optional ones are sent when they are given. */
export interface Messages {
  resetLink(input: ResetLinkInput): MessageContent | Promise<MessageContent>;
  passwordChanged(input: PasswordChangedInput): MessageContent | Promise<MessageContent>;
  /** Tells the owner of an address that no account has it. `to` has no `userId` then. Never holds a link. */
  noAccount?: ((input: MessageInput) => MessageContent | Promise<MessageContent>) | undefined;
  /** Tells somebody whose account has no password how to sign in instead. */
  noPassword?: ((input: MessageInput) => MessageContent | Promise<MessageContent>) | undefined;
}

/** How the standard mails look, and where they send people for help. */
export interface StandardMessageOptions {
  /** One plain e-mail address, read by people: where "it was not me" goes. Printed, not linked. */
  supportAddress?: string | undefined;
  /**
   * An image on https, above the text: PNG or JPEG (many clients draw no SVG), shown at most 160 pixels wide and 64
   * high. Its text is the application's name; a mail whose images are blocked says the same without it.
   */
  logoUrl?: string | undefined;
  /**
   * The button, as `#rrggbb` or `#rgb`. The words on it are black or white, whichever can be read (WCAG 2.2 AA,
   * 4.5 : 1); in dark mode it is lightened until it stands out (3 : 1).
   */
  accent?: string | undefined;
}

/** What {@link standardNotices} is told besides. */
export interface StandardNoticeOptions extends StandardMessageOptions {
  /**
   * How people without a password sign in: a name, "Google". Or a function, asked for each mail; where it answers
   * nothing the mail says "the way you usually do".
   */
  signInWith?:
    | string
    | ((to: Recipient) => string | null | undefined | Promise<string | null | undefined>)
    | undefined;
}

/**
 * The mails as they come, to be spread and altered. They do not include the notices of {@link standardNotices}, so
 * that to spread them switches nothing on.
 *
 * @throws RelatchError `ERR_OPTIONS`, with what to write instead.
 */
export const standardMessages = (options: StandardMessageOptions = {}): StandardMessages =>
  standard(common(section("options of standardMessages", options, COMMON)));

/**
 * The notices for somebody who asked in vain: no account has the address, or the account has no password. Without
 * them such a request is answered by nothing at all. Neither holds a link.
 *
 * @throws RelatchError `ERR_OPTIONS`, with what to write instead; from `noPassword`, for a `signInWith` that answers
 * no name.
 */
export function standardNotices(options: StandardNoticeOptions = {}): StandardNotices {
  const given = section("options of standardNotices", options, [...COMMON, "signInWith"]);
  return notices(common(given), wayOf(given.signInWith));
}

const COMMON = ["supportAddress", "logoUrl", "accent"] as const;

function common({ supportAddress, logoUrl, accent }: Record<(typeof COMMON)[number], unknown>): Common {
  const colour = parseColour(accent === undefined ? DEFAULT_ACCENT : accent);
  if (colour === undefined) throw wrong('accent is a colour like "#1d4ed8" or "#14b"');
  return {
    supportAddress: supportAddress === undefined ? undefined : checkedAddress(supportAddress),
    logoUrl: logoUrl === undefined ? undefined : checkedLogo(logoUrl),
    button: buttonColours(colour),
  };
}

function checkedAddress(value: unknown): string {
  if (typeof value === "string" && value === value.trim() && canonicalEmail(value) !== undefined)
    return value;
  throw wrong('supportAddress is one plain e-mail address like "help@example.com"');
}

function checkedLogo(value: unknown): string {
  const url = typeof value === "string" ? attempt(() => new URL(value)) : undefined;
  if (url?.protocol === "https:" && !url.username && !url.password && url.href.length <= 512) return url.href;
  throw wrong('logoUrl is an address like "https://example.com/logo.png", of at most 512 characters');
}

function wayOf(value: unknown): (to: Recipient) => Promise<string | undefined> {
  const usable = (name: unknown): string | undefined => {
    if (name === undefined || name === null) return undefined;
    const text = typeof name === "string" ? inertAppName(name) : "";
    if (text !== "") return text;
    throw wrong('signInWith is a name like "Google", or a function that answers one or nothing');
  };
  if (typeof value === "function") return async (to) => usable(await value(to));
  const name = usable(value);
  return async () => name;
}
