import { mustBe, optional, type Reader } from "../../lib/shape.ts";
import { readSafely } from "../../lib/untrusted-input.ts";
import { parseColor } from "../../messages/colors.ts";
import type { Texts } from "../texts/texts.ts";

/** Options of `defaultPages`. */
export interface DefaultPagesOptions {
  /**
   * The color of buttons, as `#rrggbb` or `#rgb`. Default: `#1d4ed8`. The words on them are black or white, so that they
   * can be read (WCAG 2.2 AA, 4.5 : 1). In dark mode it is lightened until it stands out, and on light pages the links
   * have it if it can be read there.
   */
  accent?: string | undefined;
  /**
   * An image above the page instead of the application's name, which is its alternative text: a path of this site, or an
   * https URL. It is shown 44 pixels high, and in the tab of the browser. Default: the name.
   */
  logoUrl?: string | undefined;
  /** Your own style sheet, which comes after that of the pages: a path of this site, or an https URL. Default: none. */
  stylesheet?: string | undefined;
  /**
   * Texts by the tags of their languages (BCP 47), for your own languages, or in place of texts of the package. Default:
   * those of the package.
   */
  texts?: Readonly<Record<string, Texts>> | undefined;
}

const anAccent: Reader<string> = (value, path) => {
  const color = parseColor(value);
  if (color === undefined) throw mustBe(path, "a color with three or six digits", value, '"#1d4ed8"');
  return color;
};

const BASE = "https://any.example";

const aPathOrUrl =
  (example: string): Reader<string> =>
  (value, path) => {
    // Two slashes at the start, or a backslash, lead to another host.
    const isPathOrUrl = typeof value === "string" && /^(?:\/(?![/\\])|https:\/\/)[!-~]*$/i.test(value);
    const url = isPathOrUrl ? readSafely(() => new URL(value, BASE)) : undefined;
    if (url?.protocol === "https:" && !url.username && !url.password) return String(value);
    throw mustBe(path, "a path that starts with one slash, or an https URL", value, example);
  };

/** Returns what a policy must allow: an origin, or "'self'" for a path. */
export const sourceOf = (target: string): string => (target.startsWith("/") ? "'self'" : new URL(target).origin);

const SECTIONS = [
  "request",
  "sent",
  "code",
  "newPassword",
  "invitation",
  "secondFactor",
  "signedIn",
  "problems",
  "details",
] as const;

const someTexts: Reader<Readonly<Record<string, Texts>>> = (value, path) => {
  if (Object(value) !== value || Array.isArray(value)) {
    throw mustBe(path, "an object of texts by their tags", value, "texts: { nl: dutch }");
  }
  for (const [tag, texts] of Object.entries(value as Record<string, Partial<Texts> | undefined>)) {
    if (readSafely(() => Intl.getCanonicalLocales(tag)) === undefined) {
      throw mustBe(`${path}: the tag of a language`, "a BCP 47 tag", tag, '"nl" or "pt-PT"');
    }
    for (const section of SECTIONS) {
      if (Object(texts?.[section]) !== texts?.[section]) {
        throw mustBe(`${path}.${tag}.${section}`, "an object", texts?.[section]);
      }
    }
  }
  return value as Readonly<Record<string, Texts>>;
};

export const SHAPE = {
  accent: optional(anAccent, "#1d4ed8"),
  logoUrl: optional(aPathOrUrl('"/logo.svg"')),
  stylesheet: optional(aPathOrUrl('"/password-reset.css"')),
  texts: optional(someTexts, {}),
};
