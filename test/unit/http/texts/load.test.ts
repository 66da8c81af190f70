import { expect, test } from "vitest";
import { loadTexts } from "../../../../src/http/texts/load.ts";
import { english, TAGS } from "./languages.ts";

test.each(TAGS)("loadTexts finds the texts of %s, with their tag", async (tag) => {
  const texts = await loadTexts(tag);
  expect(texts.tag).toBe(tag);
  expect(texts.email === english.email).toBe(tag === "en");
  expect((await loadTexts(tag.toUpperCase())).tag).toBe(tag);
});

test.each([
  ["de-AT", "de"],
  ["pt", "pt-BR"],
  ["pt-PT", "pt-BR"],
  ["zh", "zh-CN"],
  ["zh-Hans-SG", "zh-CN"],
  ["en-GB", "en"],
  ["es-419", "es"],
])("loadTexts takes the texts of another region for %s: %s", async (locale, tag) => {
  expect((await loadTexts(locale)).tag).toBe(tag);
});

test.each([
  ...["", "nl", "xx", "zh-TW", "sr-Latn", "constructor", "__proto__", "toString", "../en", "und", "*"],
  ...["a".repeat(5000), "\0", "en_US"],
])("loadTexts takes English for a language that it does not have: %j", async (locale) => {
  expect(await loadTexts(locale)).toEqual(english);
});

test.each([undefined, null, 7, {}])("loadTexts takes English for what is not a tag: %j", async (locale) => {
  expect(await loadTexts(locale as unknown as string)).toEqual(english);
});

test("loadTexts prefers texts of one's own, and finds them by language as well", async () => {
  const dutch = { ...english, back: "Terug naar inloggen" };
  const own = { nl: dutch, en: { ...english, back: "Back to the door" } };
  expect((await loadTexts("nl", own)).back).toBe("Terug naar inloggen");
  expect(await loadTexts("nl-BE", own)).toEqual({ ...dutch, tag: "nl" });
  expect((await loadTexts("en-US", own)).back).toBe("Back to the door");
  expect((await loadTexts("xx", own)).back).toBe("Back to the door");
  expect((await loadTexts("de", own)).tag).toBe("de");
});

test("loadTexts returns texts that can be spread without changing those of the package", async () => {
  const texts = await loadTexts("en");
  texts.back = "Changed";
  expect((await loadTexts("en")).back).toBe("Back to sign in");
});
