import * as exported from "relatch/languages";
import { describe, expect, test } from "vitest";
import { chooseLanguage, type Language } from "../../src/mail/language.ts";
import { durationInWords, instantInWords } from "../../src/mail/words.ts";
import { kinds, languages, samplesOf } from "./samples.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { ar, de, en, es, fr, hi, it: italian, ja, ko, pl, ptBR, ru, tr, uk, zhCN } = exported;

test("there are fifteen, each exported under its tag", () => {
  const tags = Object.entries(exported).map(([name, { tag }]) => [name, tag.replace("-", "")]);
  expect(tags).toHaveLength(15);
  for (const [name, tag] of tags) expect(tag).toBe(name);
});

describe("the choice among all of them", () => {
  const choose = (...wishes: unknown[]) => chooseLanguage(languages, ...wishes).tag;

  test.each(languages.map(({ tag }) => tag))("%s, also with a region or in other letter case", (tag) => {
    const { language, region = "AQ" } = new Intl.Locale(tag);
    expect(choose(tag)).toBe(tag);
    expect(choose(tag.toUpperCase())).toBe(tag);
    expect(choose(language)).toBe(tag);
    expect(choose(`${language}-${region}-x-private`)).toBe(tag);
  });

  test.each([
    ["de-AT", "de"],
    ["pt-PT", "pt-BR"],
    ["es-419", "es"],
    ["fr-CA", "fr"],
    ["ar-EG-u-nu-latn", "ar"],
    ["zh-SG", "zh-CN"],
    ["zh-Hans-HK", "zh-CN"],
    ["cmn", "zh-CN"],
    ["en-GB-oxendict", "en"],
    ["de-1996", "de"],
  ])("%s: %s", (wish, tag) => {
    expect(choose(wish)).toBe(tag);
  });

  test.each([
    ...["zh-TW", "zh-HK", "zh-Hant", "zh-Hant-CN", "yue"],
    ...["sr-Latn", "sr", "hi-Latn", "uk-Latn", "ru-Latn", "tr-Arab", "ko-Latn", "nl", "xx", "gsw"],
    ...["i-klingon", "i-default", "art-lojban", "zh-min-nan", "en-GB-oed", "x-private", "und", "und-DE"],
    ...["mul", "zxx", "no such", "de_DE", "de-", "-de", "d", "C", "POSIX", "*", "de-*", "", "\0"],
  ])("%j: the first, whichever that is", (wish) => {
    for (const first of [en, ru, ja]) {
      const list: [Language, ...Language[]] = [first, ...languages.filter((each) => each !== first)];
      expect(chooseLanguage(list, wish).tag).toBe(first.tag);
    }
  });

  test.each([
    ["nl, zh-TW;q=0.9, uk;q=0.8, de;q=0.7", "uk"],
    ["zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh-CN"],
    ["ja-JP, ko;q=0.1", "ja"],
    ["*, hi;q=0.5", "hi"],
    ["sr-Latn, und, pl;q=0.2", "pl"],
    ["ar;q=0, it", "it"],
  ])("for the header %j: %s", (header, tag) => {
    expect(choose(header)).toBe(tag);
  });

  test("the account's before the request's, and one that cannot be met stands back", () => {
    expect(choose("tr", "fr, de")).toBe("tr");
    expect(choose("zh-TW", "fr;q=0.1, de")).toBe("de");
    expect(choose(null, undefined)).toBe("en");
  });
});

describe("numbers and dates", () => {
  const INSTANT = new Date(Date.UTC(2026, 10, 22, 23, 5));
  const words: [Language, string[], RegExp][] = [
    [ar, ["ساعة", "ساعتان", "٢٤ ساعة", "٣٠ دقيقة", "٤٥ ثانية"], /^٢٢ نوفمبر ٢٠٢٦.* ١١:٠٥ م UTC$/],
    [
      de,
      ["1 Stunde", "2 Stunden", "24 Stunden", "30 Minuten", "45 Sekunden"],
      /^22\. November 2026.*23:05 UTC$/,
    ],
    [en, ["1 hour", "2 hours", "24 hours", "30 minutes", "45 seconds"], /^November 22, 2026.*11:05 PM UTC$/],
    [
      es,
      ["1 hora", "2 horas", "24 horas", "30 minutos", "45 segundos"],
      /^22 de noviembre de 2026.*23:05 UTC$/,
    ],
    [fr, ["1 heure", "2 heures", "24 heures", "30 minutes", "45 secondes"], /^22 novembre 2026.*23:05 UTC$/],
    [hi, ["1 घंटा", "2 घंटे", "24 घंटे", "30 मिनट", "45 सेकंड"], /^22 नवंबर 2026.*23:05.* UTC$/],
    [italian, ["1 ora", "2 ore", "24 ore", "30 minuti", "45 secondi"], /^22 novembre 2026.*23:05 UTC$/],
    [ja, ["1 時間", "2 時間", "24 時間", "30 分", "45 秒"], /^2026年11月22日 23:05 UTC$/],
    [ko, ["1시간", "2시간", "24시간", "30분", "45초"], /^2026년 11월 22일.* 23:05 UTC$/],
    [pl, ["1 godzina", "2 godziny", "24 godziny", "30 minut", "45 sekund"], /^22 listopada 2026.*23:05 UTC$/],
    [
      ptBR,
      ["1 hora", "2 horas", "24 horas", "30 minutos", "45 segundos"],
      /^22 de novembro de 2026.*23:05 UTC$/,
    ],
    [ru, ["1 час", "2 часа", "24 часа", "30 минут", "45 секунд"], /^22 ноября 2026.*23:05 UTC$/],
    [tr, ["1 saat", "2 saat", "24 saat", "30 dakika", "45 saniye"], /^22 Kasım 2026.*23:05 UTC$/],
    [uk, ["1 година", "2 години", "24 години", "30 хвилин", "45 секунд"], /^22 листопада 2026.*23:05 UTC$/],
    [zhCN, ["1小时", "2小时", "24小时", "30分钟", "45秒"], /^2026年11月22日 23:05 UTC$/],
  ];
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

  test.each(words.map(([language, ...rest]) => [language.tag, language, ...rest] as const))(
    "in %s",
    (_, language, durations, instant) => {
      const lengths = [HOUR, 2 * HOUR, 24 * HOUR, 30 * MINUTE, 45_000];
      const said = lengths.map((length) => plain(durationInWords(length, language)));
      expect(said.map((text) => text.replace("秒钟", "秒"))).toEqual(durations);
      expect(plain(instantInWords(INSTANT, language))).toMatch(instant);
    },
  );

  test("all of them are looked at", () => {
    expect(words.map(([language]) => language.tag).sort()).toEqual(languages.map(({ tag }) => tag).sort());
  });

  test("Arabic has its own digits whatever the runtime would take, and so it is with what is counted", () => {
    expect(durationInWords(30 * MINUTE, { ...ar, formats: undefined })).not.toBe("٣٠ دقيقة");
    expect(ar.violations["too_long"]?.({ max: 1024 })).toContain("١٠٢٤ حرف");
  });
});

describe("what is counted agrees with its number", () => {
  const said = (language: Language, code: string, params: Record<string, number>) =>
    language.violations[code]?.(params);

  test.each([
    [fr, [1, "1 caractère."], [8, "8 caractères."]],
    [es, [1, "1 carácter."], [8, "8 caracteres."]],
    [ptBR, [1, "1 caractere."], [8, "8 caracteres."]],
    [italian, [1, "1 carattere."], [8, "8 caratteri."]],
    [pl, [1, "1 znak."], [8, "8 znaków."], [22, "22 znaki."], [12, "12 znaków."], [21, "21 znaków."]],
    [uk, [1, "1 символ."], [8, "8 символів."], [22, "22 символи."], [12, "12 символів."], [21, "21 символ."]],
    [ar, [1, "حرف واحد."], [2, "حرفين."], [8, "٨ أحرف."], [15, "١٥ حرفًا."], [100, "١٠٠ حرف."]],
  ] as [Language, ...[number, string][]][])("in $tag", (language, ...cases) => {
    for (const [min, end] of cases) {
      expect(said(language, "too_short", { min })?.endsWith(` ${end}`), end).toBe(true);
    }
  });

  test("bytes as well", () => {
    expect(said(pl, "too_long", { maxBytes: 72 })).toContain("72 bajty ");
    expect(said(uk, "too_long", { maxBytes: 72 })).toContain("72 байти ");
    expect(said(ar, "too_long", { maxBytes: 72 })).toContain("٧٢ بايت ");
  });
});

const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{Script=Arabic}/u,
  hi: /\p{Script=Devanagari}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  ko: /\p{Script=Hangul}/u,
  ru: /\p{Script=Cyrillic}/u,
  uk: /\p{Script=Cyrillic}/u,
  "zh-CN": /\p{Script=Han}/u,
};

describe.each(languages)("$tag", (language) => {
  const MARK = "🐴";
  const sentences = [
    ...Object.values(language.violations).map((sentence) => sentence({ min: 8, max: 64 })),
    language.violations["too_long"]?.({ maxBytes: 72 }) ?? "",
  ];

  test("says every sentence that English says, in its own script", async () => {
    expect(shape(language)).toEqual(shape(en));
    const script = SCRIPTS[language.tag] ?? /\p{Script=Latin}/u;
    const samples = await samplesOf(language, { options: { supportAddress: "help@acme.example" } });
    const paragraphs = samples.flatMap(({ content }) =>
      content.text.split("\n\n").filter((text) => !/^(https:|help@|-- )/.test(text)),
    );
    for (const text of [...paragraphs, ...sentences]) {
      expect(text).toMatch(script);
      expect(text).not.toMatch(/undefined|NaN|\[object|\$\{|#|\s\s|^\s|\s$/);
    }
    expect(sentences.filter((text) => en !== language && english.has(text))).toEqual([]);
  });

  test("puts names in between words and never changes them", async () => {
    const samples = await samplesOf(language, { appName: MARK, options: { signInWith: MARK } });
    const text = samples.map(({ content }) => `${content.subject}\n${content.text}`).join("\n");
    expect(text.split(MARK).length).toBeGreaterThan(8);
    // No suffix, no article: what a name ends with must not matter.
    expect(text).not.toMatch(
      new RegExp(`[\\p{L}\\p{M}'’]\u2068?${MARK}|${MARK}\u2069?[\\p{L}\\p{M}'’]`, "u"),
    );
    expect(language.greeting(MARK)).toContain(MARK);
    expect(language.greeting(undefined)).not.toMatch(/\s[,،!.:，：]/);
  });

  test("keeps to the typography of the language", async () => {
    const samples = await samplesOf(language, {
      name: "Mike",
      options: { supportAddress: "help@acme.example", signInWith: "Google" },
    });
    const text = [...samples.map(({ content }) => content.text.replace(/^-- $/gm, "")), ...sentences].join(
      "\n",
    );
    expect(text).not.toMatch(/"|\.\.\./);
    // Typewriter apostrophes.
    expect(text).not.toMatch(/\p{L}'\p{L}/u);
    for (const rule of FORBIDDEN[language.tag] ?? []) expect(text).not.toMatch(rule);
  });

  test("has a mail of every kind that differs from the others, on a subject of its own", async () => {
    const samples = await samplesOf(language);
    expect(new Set(samples.map(({ content }) => content.subject)).size).toBe(kinds.length);
    expect(new Set(samples.map(({ content }) => content.text)).size).toBe(kinds.length);
    for (const { content } of samples) expect(content.subject.length).toBeLessThanOrEqual(60);
  });
});

/** What an editor of the language would strike out. */
const FORBIDDEN: Record<string, RegExp[]> = {
  // ASCII or Latin punctuation where the script has its own.
  ar: [/[,;?](?!\d)/, /[0-9]+ (?:حرف|دقيقة)/],
  ja: [/\p{Script=Hiragana}[,.:!?()]/u, /[,.!?()]\p{Script=Hiragana}/u],
  "zh-CN": [/\p{Script=Han}[,.:;!?()]/u, /[,.:;!?()]\p{Script=Han}/u],
  hi: [/\p{Script=Devanagari}\./u],
  // A colon with no space, or with one where the line may break.
  fr: [/[^\s\d\u00a0]:(?!\/\/)/, / [:;!?»]/, /[^\u00a0\u202f][;!?]/],
  // A dash that may begin a line.
  ru: [/ —/],
  uk: [/ —/],
  // A word of one letter that may end a line.
  pl: [/(?:^|\s)[aiouwz] /im],
};

const english = new Set(Object.values(en.violations).map((sentence) => sentence({ min: 8, max: 64 })));

/** The names of all that a language says. `formats` is for those that need it. */
const shape = ({ formats: _, ...words }: Language): unknown =>
  JSON.parse(JSON.stringify(words, (_key, value) => (value?.constructor === Object ? value : "")));
