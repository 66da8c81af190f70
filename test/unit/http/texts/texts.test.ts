import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PROBLEMS } from "../../../../src/http/pages.ts";
import { MISTAKES, SCRIPTS, TYPEWRITTEN } from "../../../helpers/typography.ts";
import { english, languages, listTexts, TAGS } from "./languages.ts";

/** Texts that are the same as in English, because the language uses that word. */
const SAME_AS_ENGLISH = new Set(["de: secondFactor.response", "es: errorTitle", "it: invitation.password"]);

/** Texts that do not end with a full stop. */
const TITLE =
  /^(?:errorTitle|email|back|home)$|(?:title|submit|submitForCode|again|account|password|confirmation|signOut|goOn)$|^code\.label$|^secondFactor\.(?:choice|response|methods\.\w+)$/;

const englishTexts = listTexts(english);

test("there is one file for each language", () => {
  const folder = new URL("../../../../src/http/texts/languages/", import.meta.url);
  expect(readdirSync(folder).sort()).toEqual(TAGS.map((tag) => `${tag.toLowerCase()}.ts`).sort());
});

test("English has a text for every status and for every reason that needs one", () => {
  const statuses = new Set(Object.values(PROBLEMS).map(([status]) => String(status)));
  expect(new Set(Object.keys(english.problems))).toEqual(statuses);
});

describe.each(languages.map((language) => [language.tag, language] as const))("the texts in %s", (tag, language) => {
  const texts = listTexts(language);
  const all = [...texts.values()];

  test("has the keys of English, and functions where English has functions", () => {
    expect([...texts.keys()].sort()).toEqual([...englishTexts.keys()].sort());
    for (const [path, text] of englishTexts) {
      expect(texts.get(path)?.includes("🐴"), path).toBe(text.includes("🐴"));
    }
  });

  test("has no text of English, except words that the language shares", () => {
    if (language.tag === "en") return;
    const same = [...texts]
      .filter(([path, text]) => englishTexts.get(path) === text)
      .map(([path]) => `${tag}: ${path}`);
    expect(same.filter((path) => !SAME_AS_ENGLISH.has(path))).toEqual([]);
    const sentences = new Set([...englishTexts.values()].filter((text) => text.includes(" ") && !text.includes("🐴")));
    expect(all.filter((text) => sentences.has(text))).toEqual([]);
  });

  test("is written in the script of the language, without gaps", () => {
    for (const text of all) {
      expect(text).toMatch(SCRIPTS[tag] ?? /\p{Script=Latin}/u);
      expect(text).not.toMatch(/undefined|NaN|\[object|\$\{|#|\s\s|^\s|\s$/);
    }
  });

  test("ends sentences with a full stop, and titles, labels and buttons without one", () => {
    for (const [path, text] of texts) {
      if (TITLE.test(path)) expect(text, path).not.toMatch(/[.。।]$/);
      else expect(text, path).toMatch(/[.。।]$/);
    }
  });

  test("follows the typography of the language", () => {
    for (const text of all) {
      expect(text).not.toMatch(TYPEWRITTEN);
      for (const mistake of MISTAKES[tag] ?? []) expect(text).not.toMatch(mistake);
    }
  });

  test("puts titles and addresses between words and never changes them", () => {
    for (const text of [language.sent.lead("🐴"), language.code.lead("🐴"), language.errorTitle("🐴")]) {
      expect(text.split("🐴")).toHaveLength(2);
      expect(text).not.toMatch(/[\p{L}\p{M}'’]🐴|🐴[\p{L}\p{M}'’]/u);
    }
  });

  test("does not mention the newest link, and never says that a person other than the visitor asked", () => {
    const newest =
      /newest|neuesten|reciente|récent|recente|najnowsz|последн|останн|最新|最近|최근|أحدث|सबसे नए|en yeni/u;
    const someone =
      /someone|jemand|alguien|quelqu’un|qualcuno|ktoś|alguém|кто-то|хтось|biri,|有人|誰か|누군가|شخص ما|किसी ने/iu;
    for (const text of all) expect(text).not.toMatch(newest);
    for (const text of all) expect(text).not.toMatch(someone);
  });

  test("uses one title for the same thing", () => {
    expect(language.problems[409].title).toBe(language.signedIn.title);
    expect(language.newPassword.title).not.toBe(language.invitation.title);
    expect(new Set(Object.values(language.request.notices).map(({ title }) => title)).size).toBe(4);
  });

  test("has short titles and buttons, which fit on a phone", () => {
    for (const [path, text] of texts)
      if (TITLE.test(path)) expect(text.length, `${path}: ${text}`).toBeLessThanOrEqual(48);
  });
});

test("English for people has no jargon, no blame and no log-in", () => {
  const forPeople = [...englishTexts].filter(([path]) => !path.startsWith("details.")).map(([, text]) => text);
  for (const text of forPeople) {
    expect(text).not.toMatch(/\b(?:token|request|invalid|e-mail|please|log in|login|mistake|wrong password)\b/i);
  }
});

test.each([
  ["en", [1, "At least 1 character."], [8, "At least 8 characters."]],
  ["de", [8, "Mindestens 8 Zeichen."]],
  ["fr", [1, "Au moins 1 caractère."], [8, "Au moins 8 caractères."]],
  ["es", [1, "Al menos 1 carácter."], [8, "Al menos 8 caracteres."]],
  ["it", [1, "Almeno 1 carattere."], [8, "Almeno 8 caratteri."]],
  ["pt-BR", [1, "Pelo menos 1 caractere."], [8, "Pelo menos 8 caracteres."]],
  [
    "pl",
    [1, "Co najmniej 1 znak."],
    [8, "Co najmniej 8 znaków."],
    [22, "Co najmniej 22 znaki."],
    [12, "Co najmniej 12 znaków."],
  ],
  [
    "ru",
    [1, "Не менее 1 символа."],
    [8, "Не менее 8 символов."],
    [21, "Не менее 21 символа."],
    [22, "Не менее 22 символов."],
  ],
  ["uk", [1, "Щонайменше 1 символ."], [8, "Щонайменше 8 символів."], [22, "Щонайменше 22 символи."]],
  [
    "ar",
    [1, "يجب ألا تقل كلمة المرور عن حرف واحد."],
    [2, "يجب ألا تقل كلمة المرور عن حرفين."],
    [8, "يجب ألا تقل كلمة المرور عن ٨ أحرف."],
    [15, "يجب ألا تقل كلمة المرور عن ١٥ حرفًا."],
  ],
  ["hi", [8, "कम से कम 8 वर्ण।"]],
  ["ja", [8, "8 文字以上で入力してください。"]],
  ["ko", [8, "8자 이상이어야 합니다."]],
  ["tr", [8, "En az 8 karakter."]],
  ["zh-CN", [8, "至少 8 个字符。"]],
] as [string, ...[number, string][]][])("in %s the noun agrees with the length of a password", (tag, ...cases) => {
  const language = languages.find((each) => each.tag === tag);
  expect(cases.map(([min]) => language?.newPassword.minLength(min))).toEqual(cases.map(([, text]) => text));
});

test.each([
  ["en", [1, "1 digit."], [8, "8 digits."]],
  ["de", [8, "8 Ziffern."]],
  ["fr", [8, "8 chiffres."]],
  ["es", [8, "8 cifras."]],
  ["it", [8, "8 cifre."]],
  ["pt-BR", [8, "8 dígitos."]],
  ["pl", [4, "4 cyfry."], [8, "8 cyfr."]],
  ["ru", [4, "4 цифры."], [8, "8 цифр."]],
  ["uk", [4, "4 цифри."], [8, "8 цифр."]],
  ["ar", [8, "٨ أرقام."], [11, "١١ رقمًا."]],
  ["hi", [8, "8 अंक।"]],
  ["ja", [8, "8 桁の数字です。"]],
  ["ko", [8, "숫자 8자리입니다."]],
  ["tr", [8, "8 rakam."]],
  ["zh-CN", [8, "8 位数字。"]],
] as [string, ...[number, string][]][])("in %s the noun agrees with the number of digits", (tag, ...cases) => {
  const language = languages.find((each) => each.tag === tag);
  expect(cases.map(([count]) => language?.code.digits(count))).toEqual(cases.map(([, text]) => text));
});

test("only Arabic is read from right to left", () => {
  expect(languages.filter(({ direction }) => direction === "rtl").map(({ tag }) => tag)).toEqual(["ar"]);
});
