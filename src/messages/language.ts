import { readSafely } from "../lib/untrusted-input.ts";

/** The sentences of every email. */
export interface EmailSentences {
  /** The subject, without a link. */
  subject(appName: string): string;
  /** The first sentences after the greeting. */
  intro(appName: string): string;
  /** For somebody who did not ask for this email. */
  notYou: string;
}

/** The sentences of an email with a link. The end of `intro` leads to the link, which follows. */
export interface LinkSentences extends EmailSentences {
  /** The text of the button. */
  action: string;
  /** Introduces the link written out. */
  plainLink: string;
  /** `duration` is in words: "1 hour". Mail clients also show this sentence next to the subject. */
  lifetime(duration: string): string;
}

/**
 * The texts of one language: emails, and the reasons why a password is refused. Each language is one file. Names are
 * inserted unchanged, so no sentence may need another grammatical case of them.
 *
 * @example
 * const informal: Language = { ...de, greeting: (name) => (name ? `Hallo ${name},` : "Hallo,") };
 */
export interface Language {
  /** A BCP 47 tag. */
  tag: string;
  /** Default: `"ltr"`. */
  direction?: "ltr" | "rtl" | undefined;
  /** How numbers and times are written, if the default for the tag differs between runtimes. */
  formats?: { numberingSystem?: string | undefined; hourCycle?: "h12" | "h23" | undefined } | undefined;
  /** Greets with a name that is safe to print, or without one. */
  greeting(name: string | undefined): string;
  resetLink: LinkSentences;
  /**
   * Sentences of an email with a code, and with the link of `resetLink` for those who cannot type it. The end of `intro` leads
   * to the code, which follows, and `orLink` to the button.
   */
  resetCode: Pick<EmailSentences, "intro" | "notYou"> & {
    /** `duration` is in words: "10 minutes". Mail clients also show this sentence next to the subject. */
    lifetime(duration: string): string;
    /** Nobody ever asks for the code. */
    secrecy(appName: string): string;
    orLink: string;
  };
  /** For an account that has no password yet: somebody of the application has created it, or asks its owner to set one. */
  invitation: LinkSentences;
  passwordChanged: Omit<EmailSentences, "intro"> & {
    /** `when` is a date and time in words, with the time zone. `address` is the IP address of the client, if it is known. */
    intro(appName: string, when: string, address: string | undefined): string;
    signedOut: string;
  };
  noAccount: EmailSentences & { otherAddress: string };
  noPassword: EmailSentences & {
    /** `way` is a name like "Google". */
    signInWith(way: string): string;
    /** Replaces `signInWith` if the way to sign in is not known. */
    signIn: string;
  };
  /**
   * Says when this email was requested, and from which IP address if that is known. Appears with the option
   * `mentionRequest`, before the sentence for those who did not request it.
   */
  requested(when: string, address: string | undefined): string;
  /** Introduces the address for help. */
  contact: string;
  /**
   * Sentences for the codes of password rules. `unacceptable` is for a code without a sentence, and `too_long_in_bytes`
   * for `too_long` if the limit is `maxBytes`.
   */
  violations: Readonly<Record<string, (params: Readonly<Record<string, number>>) => string>>;
}

/**
 * Chooses the language for these wishes: BCP 47 tags or whole `Accept-Language` headers, the most important first.
 * Without a match it returns the first language.
 *
 * Language and script must match, the region does not matter: `pt-PT` gets `pt-BR`, but `zh-Hant` does not get `zh-CN`,
 * which is another script (the lookup of RFC 4647 §3.4 would return it).
 */
export function chooseLanguage<L extends Pick<Language, "tag">>(
  languages: readonly [L, ...L[]],
  ...wishes: unknown[]
): L {
  if (languages.length === 1) return languages[0];
  for (const { tag, script } of wishes.flatMap(readWishes)) {
    const exact = languages.find((language) => language.tag.toLowerCase() === tag.toLowerCase());
    const found = exact ?? languages.find((language) => readOwnScript(language) === script);
    if (found) return found;
  }
  return languages[0];
}

/** More tags than a browser sends, and longer ones (RFC 5646 §4.4.1). Each costs a search in the tables of the runtime. */
const MAX_WISHES = 10;
const MAX_TAG_LENGTH = 35;

/**
 * Returns the tags of a header by preference (RFC 9110 §12.5.4). Ignores malformed tags, and headers of more than 512
 * characters, which is longer than any browser sends.
 */
function readWishes(header: unknown): { tag: string; script: string }[] {
  if (typeof header !== "string" || header.length > 512) return [];
  return header
    .split(",", MAX_WISHES)
    .map((item) => {
      const [tag = "", weight] = item.split(";").map((part) => part.trim());
      return { tag, weight: /^q=/i.test(weight ?? "") ? Number(weight?.slice(2)) : 1 };
    })
    .filter(({ tag, weight }) => weight > 0 && tag.length <= MAX_TAG_LENGTH)
    .sort((a, b) => b.weight - a.weight)
    .flatMap(({ tag }) => {
      const script = readScript(tag);
      return script === undefined ? [] : [{ tag, script }];
    });
}

/**
 * Scripts by the tags of the application's languages. Without them, a header of a stranger would search the tables of the runtime
 * once for each tag and language: 15 ms with fifteen languages.
 */
const scripts = new Map<string, string | undefined>();

function readOwnScript({ tag }: Pick<Language, "tag">): string | undefined {
  if (!scripts.has(tag)) scripts.set(tag, readScript(tag));
  return scripts.get(tag);
}

/** Returns language and script, for example `zh-Hans` for `zh-CN`, or `undefined` if the tag is malformed. */
function readScript(tag: string): string | undefined {
  return readSafely(() => {
    // Canonical first, because Bun leaves an alias in `language` (iw for he).
    const locale = new Intl.Locale(String(Intl.getCanonicalLocales(tag)));
    // `language` is not maximized, or "und" would become English.
    return `${locale.language}-${locale.maximize().script}`;
  });
}
