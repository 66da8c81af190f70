import { canonicalStoredEmail } from "../lib/email-address.ts";
import { mustBe, optional, type Reader, type readOptions } from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Recipient } from "../ports/contract.ts";
import { type ButtonColors, chooseButtonColors, parseColor } from "./colors.ts";
import { cleanName, sanitizeAppName } from "./sanitize.ts";

/** Options of `standardMessages`: the look of the emails, and where they send people for help. */
export interface StandardMessageOptions {
  /**
   * One plain email address, read by people, for owners who did not ask for the reset. It is printed without a link.
   * Default: none.
   */
  supportAddress?: string | undefined;
  /**
   * The https URL of an image above the text, at most 512 characters: PNG or JPEG (many clients draw no SVG), shown at
   * most 160 pixels wide and 64 high. Its alternative text is the application's name. Default: no image.
   */
  logoUrl?: string | undefined;
  /**
   * The color of the button, as `#rrggbb` or `#rgb`. Default: `#1d4ed8`. The words on it are black or white, so that they
   * can be read (WCAG 2.2 AA, 4.5 : 1). In dark mode it is lightened until it stands out (3 : 1).
   */
  accent?: string | undefined;
}

/** Options of `standardNotices`. */
export interface StandardNoticeOptions extends StandardMessageOptions {
  /**
   * How people without a password sign in: a name like "Google", or a function that is called for each email. If it
   * returns nothing, the email says "the way you usually do". What it returns is printed so that nothing in it becomes a
   * link. Default: the same sentence.
   */
  signInWith?: string | ((to: Recipient) => string | null | undefined | Promise<string | null | undefined>) | undefined;
}

const aSupportAddress: Reader<string> = (value, path) => {
  if (typeof value === "string" && canonicalStoredEmail(value) !== undefined) return value;
  throw mustBe(path, "one plain email address", value, '"help@example.com"');
};

const aLogoUrl: Reader<string> = (value, path) => {
  const url = typeof value === "string" ? readSafely(() => new URL(value)) : undefined;
  if (url?.protocol === "https:" && !url.username && !url.password && url.href.length <= 512) return url.href;
  const expected = "an https URL without a password, of at most 512 characters";
  throw mustBe(path, expected, value, '"https://example.com/logo.png"');
};

const anAccent: Reader<ButtonColors> = (value, path) => {
  const color = parseColor(value);
  if (color === undefined) throw mustBe(path, "a color with three or six digits", value, '"#1d4ed8"');
  return chooseButtonColors(color);
};

export const messageOptions = {
  supportAddress: optional(aSupportAddress),
  logoUrl: optional(aLogoUrl),
  accent: optional(anAccent, chooseButtonColors("#1d4ed8")),
};

/** The options of `standardMessages`, read. */
export type EmailStyle = ReturnType<typeof readOptions<typeof messageOptions>>;

const aWay =
  (print: (name: string) => string): Reader<string | undefined> =>
  (value, path) => {
    if (value === undefined || value === null) return undefined;
    const name = typeof value === "string" ? print(value) : "";
    if (name === "") throw mustBe(path, "a visible name, or a function that returns one", value, '"Google"');
    return name;
  };

/** Reads what the function `signInWith` returned: a name that comes from data, if there is one. */
export const readReturnedWay = aWay(sanitizeAppName);

const aSignInWith: Reader<StandardNoticeOptions["signInWith"]> = (value, path) =>
  typeof value === "function" ? (value as () => string) : aWay(cleanName)(value, path);

export const noticeOptions = { ...messageOptions, signInWith: aSignInWith };
