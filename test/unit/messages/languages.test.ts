import * as exported from "relatch/languages";
import { describe, expect, test } from "vitest";
import type { Language } from "../../../src/messages/language.ts";
import { MISTAKES, SCRIPTS, TYPEWRITTEN } from "../../helpers/typography.ts";
import { kinds, languages, samplesOf } from "../../system/email/samples.ts";

const { en } = exported;

test("fifteen languages are exported under their tags", () => {
  const tags = Object.entries(exported).map(([name, { tag }]) => [name, tag.replace("-", "")]);
  expect(tags).toHaveLength(15);
  for (const [name, tag] of tags) expect(tag).toBe(name);
});

const sentencesOf = ({ violations }: Language) =>
  Object.values(violations).map((sentence) => sentence({ min: 8, max: 64, maxBytes: 72 }));
const english = new Set(sentencesOf(en));

const renderHorse = (words: string | ((name: string) => string)) => (typeof words === "string" ? words : words("🐴"));

/** The names of all texts of a language. Only some languages need a direction or formats. */
const shapeOf = ({ direction: _, formats: __, ...words }: Language): unknown =>
  JSON.parse(JSON.stringify(words, (_key, value) => (value?.constructor === Object ? value : "")));

describe.each(languages)("the language $tag", (language) => {
  const sentences = sentencesOf(language);

  test("has every sentence that English has, in its own script", async () => {
    expect(shapeOf(language)).toEqual(shapeOf(en));
    const persona = { mention: "2001:4860:4860::8888", options: { supportAddress: "help@acme.example" } };
    const samples = await samplesOf(language, persona);
    const paragraphs = samples.flatMap(({ content }) =>
      content.text.split("\n\n").filter((text) => !/^(https:|help@|-- |\d+$)/.test(text)),
    );
    for (const text of [...paragraphs, ...sentences]) {
      expect(text).toMatch(SCRIPTS[language.tag] ?? /\p{Script=Latin}/u);
      expect(text).not.toMatch(/undefined|NaN|\[object|\$\{|#|\s\s|^\s|\s$/);
    }
    expect(sentences.filter((text) => en !== language && english.has(text))).toEqual([]);
  });

  test("has one sentence for each code of a password rule, with its number", () => {
    const [digits] = new Intl.NumberFormat(language.tag, language.formats).format(72).match(/.+/) ?? [];
    for (const sentence of sentences) expect(sentence).toMatch(/^[^\p{Ll}\s].{4,}[.。।]$/u);
    for (const code of ["too_short", "too_long", "too_long_in_bytes"]) {
      expect(language.violations[code]?.({ min: 72, max: 72, maxBytes: 72 })).toContain(digits);
    }
  });

  test("puts names between words and never changes them", async () => {
    const name = "🐴";
    const samples = await samplesOf(language, { appName: name, options: { signInWith: name } });
    const text = samples.map(({ content }) => `${content.subject}\n${content.text}`).join("\n");
    expect(text.split(name).length).toBeGreaterThan(8);
    // No suffix and no article, because the ending of a name must not matter.
    expect(text).not.toMatch(/[\p{L}\p{M}'’]\u2068?🐴|🐴\u2069?[\p{L}\p{M}'’]/u);
    expect(language.greeting(name)).toContain(name);
    expect(language.greeting(undefined)).not.toMatch(/\s[,،!.:，：]/);
  });

  test("says how long the link and the code work in one or two sentences, which do not mention other links", () => {
    const newest = /newest|neuesten|reciente|récent|recente|najnowsz|последн|останн|最新|최근|أحدث|सबसे नए|en yeni/u;
    for (const { lifetime } of [language.resetLink, language.resetCode, language.invitation]) {
      const words = lifetime("🐴");
      expect(words.match(/[.。।]/gu)?.length).toBeLessThanOrEqual(2);
      expect(words).not.toMatch(newest);
    }
  });

  test("says that a request came, and never that some person made it, which sounds like an attack", () => {
    const someone =
      /someone|jemand|alguien|une personne|qualcuno|ktoś|alguém|кто-то|хтось|biri,|有人|誰か|누군가|شخص|किसी ने/iu;
    const { resetLink, resetCode, noAccount, noPassword } = language;
    for (const { intro } of [resetLink, resetCode, noAccount, noPassword]) expect(intro("🐴")).not.toMatch(someone);
  });

  test("invites in its own words, because nothing is reset", () => {
    const { resetLink, invitation } = language;
    for (const part of ["action", "notYou"] as const) expect(invitation[part]).not.toBe(resetLink[part]);
    for (const part of ["subject", "intro"] as const) expect(invitation[part]("🐴")).not.toBe(resetLink[part]("🐴"));
  });

  test("leads to the code and to the link, and warns of both in its own words", () => {
    const { resetLink, resetCode } = language;
    for (const words of [resetCode.intro("🐴"), resetCode.orLink]) expect(words).toMatch(/[:：。.]$/u);
    const texts = [resetCode.intro("🐴"), resetCode.lifetime("🐴"), resetCode.secrecy("🐴"), resetCode.notYou];
    for (const text of texts) expect(Object.values(resetLink).map(renderHorse)).not.toContain(text);
    for (const text of texts.slice(0, 3)) expect(text.split("🐴")).toHaveLength(2);
  });

  test("follows the typography of the language", async () => {
    const options = { supportAddress: "help@acme.example", signInWith: "Google" };
    const samples = await samplesOf(language, { name: "Mike", mention: "93.184.216.34", options });
    const texts = samples.map(({ content }) => content.text.replace(/^-- $/gm, ""));
    const text = [...texts, ...sentences].join("\n");
    expect(text).not.toMatch(TYPEWRITTEN);
    for (const mistake of MISTAKES[language.tag] ?? []) expect(text).not.toMatch(mistake);
  });

  test("has a different email of every kind, with a different subject of at most 60 characters unless it resets the password", async () => {
    const contents = (await samplesOf(language)).map(({ content }) => content);
    // A code does not show in the subject that it is one.
    expect(new Set(contents.map(({ subject }) => subject)).size).toBe(kinds.length - 1);
    expect(new Set(contents.map(({ text }) => text)).size).toBe(kinds.length);
    expect(Math.max(...contents.map(({ subject }) => subject.length))).toBeLessThanOrEqual(60);
  });
});

test("the list of mistakes finds the mistakes it is about", () => {
  const planted: Record<string, string> = {
    ...{ ar: "مرحبًا,", ja: "です.", "zh-CN": "密码:", hi: "है.", fr: "Attention !" },
    ...{ ru: "Кто-то — вы", uk: "Хтось — ви", pl: "z nami" },
  };
  const finds = (tag: string) => MISTAKES[tag]?.some((mistake) => mistake.test(planted[tag] ?? ""));
  expect(Object.keys(MISTAKES).map((tag) => [tag, finds(tag)])).toEqual(
    Object.keys(MISTAKES).map((tag) => [tag, true]),
  );
});
