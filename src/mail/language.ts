import { attempt } from "../fields.ts";

/**
 * The words of one language: what the mails say and why a password is refused. One file each. Names are put in as
 * they are, so no sentence may ask for another case of them.
 */
export interface Language {
  /** BCP 47. */
  tag: string;
  direction: "ltr" | "rtl";
  /** Where numbers and times are to be written otherwise than `Intl` does it for the tag, or does it everywhere. */
  formats?: { numberingSystem?: string | undefined; hourCycle?: "h12" | "h23" | undefined } | undefined;
  /** With a name that is safe to print, or without one. */
  greeting(name: string | undefined): string;
  resetLink: {
    subject(appName: string): string;
    /** Ends where the link follows. */
    intro(appName: string): string;
    /** On the button. */
    action: string;
    /** Above the address in plain sight. */
    plainLink: string;
    /** `duration` in words, e.g. "1 hour". Also what mail clients show beside the subject. */
    lifetime(duration: string): string;
    notYou: string;
  };
  passwordChanged: {
    subject(appName: string): string;
    /** `when`: date and time in words, with the time zone. */
    intro(appName: string, when: string): string;
    signedOut: string;
    notYou: string;
  };
  noAccount: {
    subject(appName: string): string;
    intro(appName: string): string;
    otherAddress: string;
    notYou: string;
  };
  noPassword: {
    subject(appName: string): string;
    intro(appName: string): string;
    /** `way`: a name like "Google". */
    signInWith(way: string): string;
    /** Where the way is not known. */
    signIn: string;
    notYou: string;
  };
  /** Above the address for help. */
  contact: string;
  /** Sentences for the codes of the rules; `unacceptable` for a code that has none. */
  violations: Readonly<Record<string, (params: Readonly<Record<string, number>>) => string>>;
}

/**
 * The language for somebody who wishes for these, in order: BCP 47 tags or whole Accept-Language headers, the
 * first that can be met. Matched by language and script, the region aside: `pt-PT` gets `pt-BR`, but `zh-Hant`
 * does not get `zh-CN`, which is another script (RFC 4647 §3.4 would have given it). Else the first.
 */
export function chooseLanguage(
  languages: readonly [Language, ...Language[]],
  ...wishes: unknown[]
): Language {
  if (languages.length === 1) return languages[0];
  for (const tag of wishes.flatMap(tagsByPreference)) {
    const exact = languages.find((language) => language.tag.toLowerCase() === tag.toLowerCase());
    const found = exact ?? languages.find((language) => script(language.tag) === script(tag));
    if (found) return found;
  }
  return languages[0];
}

/** More than a browser sends; each costs a look into the tables of the runtime. */
const MAX_WISHES = 10;

/** RFC 9110 §12.5.4. Longer ones than any browser sends are ignored, and so are tags that are none. */
function tagsByPreference(header: unknown): string[] {
  if (typeof header !== "string" || header.length > 512) return [];
  if (/^[a-z]{2,3}(-[A-Z]{2})?$/.test(header)) return [header];
  return header
    .split(",", MAX_WISHES)
    .map((item) => {
      const [tag = "", weight] = item.split(";").map((part) => part.trim());
      return { tag, weight: /^q=/i.test(weight ?? "") ? Number(weight?.slice(2)) : 1 };
    })
    .filter(({ tag, weight }) => weight > 0 && isTag(tag))
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

const isTag = (text: string): boolean => attempt(() => new Intl.Locale(text)) !== undefined;

/** Language and script, e.g. `zh-Hans` for `zh-CN`. */
function script(tag: string): string | undefined {
  return attempt(() => {
    // Canonical first: Bun leaves an alias in `language`, iw for he.
    const locale = new Intl.Locale(String(Intl.getCanonicalLocales(tag)));
    // Maximized, "und" would be English.
    return `${locale.language}-${locale.maximize().script}`;
  });
}
