import { chooseLanguage } from "../../messages/language.ts";
import type { TaggedTexts, Texts } from "./texts.ts";

/** The languages that the pages have. Each is loaded when its first page is shown. */
const LANGUAGES: Readonly<Record<string, () => Promise<Texts>>> = {
  en: async () => (await import("./languages/en.ts")).english,
  ar: async () => (await import("./languages/ar.ts")).arabic,
  de: async () => (await import("./languages/de.ts")).german,
  es: async () => (await import("./languages/es.ts")).spanish,
  fr: async () => (await import("./languages/fr.ts")).french,
  hi: async () => (await import("./languages/hi.ts")).hindi,
  it: async () => (await import("./languages/it.ts")).italian,
  ja: async () => (await import("./languages/ja.ts")).japanese,
  ko: async () => (await import("./languages/ko.ts")).korean,
  pl: async () => (await import("./languages/pl.ts")).polish,
  "pt-BR": async () => (await import("./languages/pt-br.ts")).brazilianPortuguese,
  ru: async () => (await import("./languages/ru.ts")).russian,
  tr: async () => (await import("./languages/tr.ts")).turkish,
  uk: async () => (await import("./languages/uk.ts")).ukrainian,
  "zh-CN": async () => (await import("./languages/zh-cn.ts")).simplifiedChinese,
};

/**
 * Loads the texts for a BCP 47 tag: in this language and script, or else in English. `own` are texts by their tags, which
 * come before those of the package.
 *
 * @example
 * const english = await loadTexts("en");
 * const pages = defaultPages({ texts: { en: { ...english, back: "Back to the log-in page" } } });
 */
export async function loadTexts(locale: string, own: Readonly<Record<string, Texts>> = {}): Promise<TaggedTexts> {
  const tags = [...Object.keys(own), ...Object.keys(LANGUAGES)].map((tag) => ({ tag }));
  const { tag } = chooseLanguage([{ tag: "en" }, ...tags], locale);
  return { ...(own[tag] ?? (await LANGUAGES[tag]?.())), tag } as TaggedTexts;
}
