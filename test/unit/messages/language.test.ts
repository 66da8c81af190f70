import { en } from "relatch/languages";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { chooseLanguage, type Language } from "../../../src/messages/language.ts";
import { languages } from "../../system/email/samples.ts";

const stub = (tag: string): Language => ({ ...en, tag });

describe("chooseLanguage", () => {
  const offered = [stub("nl"), ...languages, stub("sr-Latn"), stub("he")] as [Language, ...Language[]];
  const choose = (...wishes: unknown[]) => chooseLanguage(offered, ...wishes).tag;

  test.each(languages.map(({ tag }) => tag))("finds %s in any letter case and with any region", (tag) => {
    const { language, region = "AQ" } = new Intl.Locale(tag);
    for (const wish of [tag, tag.toUpperCase(), language, `${language}-${region}-x-private`]) {
      expect(choose(wish)).toBe(tag);
    }
  });

  test.each([
    ["de-AT", "de"],
    ["de-1996", "de"],
    ["de-Latn-CH-1996", "de"],
    ["pt-PT", "pt-BR"],
    ["es-419", "es"],
    ["ar-EG-u-nu-latn", "ar"],
    ["en-GB-oxendict", "en"],
    ["zh-SG", "zh-CN"],
    ["zh-Hans-TW", "zh-CN"],
    ["cmn", "zh-CN"],
    ["sr-Latn-RS", "sr-Latn"],
    ["iw", "he"],
    // Headers, by weight and then by order.
    ["sv-SE, sv;q=0.9, de;q=0.7, *;q=0.5", "de"],
    ["zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh-CN"],
    ["sr, und, pl;q=0.2", "pl"],
    ["de;q=0.1, pt-PT;q=0.9", "pt-BR"],
    ["pt, de", "pt-BR"],
    ["de;q=0, pt;q=0.1", "pt-BR"],
    ["de ; q=0.2 , pt ; q=0.8", "pt-BR"],
    ["de;Q=0.2, pt;q=0.8", "pt-BR"],
    ["*;q=1, de;q=0.5", "de"],
    ["\u0000;q=1, a_b, de;q=0.3, *", "de"],
  ])("matches %j to %s", (wish, tag) => {
    expect(choose(wish)).toBe(tag);
  });

  test.each([
    ...["zh-TW", "zh-HK", "zh-Hant", "zh-Hant-CN", "yue", "sr", "hi-Latn", "uk-Latn", "ru-Latn", "tr-Arab"],
    ...["ko-Latn", "sv", "xx", "xx-nonsense-tag", "gsw", "i-klingon", "i-default", "art-lojban"],
    ...["zh-min-nan", "en-GB-oed", "x-private", "und", "und-DE", "mul", "zxx", "no such", "de_DE", "de-"],
    ...["-de", "d", "C", "POSIX", "*", "de-*", "de;q=0", "de;q=abc, de;q=, de;q=-1, de;q=NaN", ",;,;=q,,"],
    ...["", "\0", "__proto__, constructor, toString", "de\r\nX-Evil: 1", `d${",é".repeat(20)}`, 1, ["de"]],
    ...[null, { toString: () => "de" }, undefined],
  ])("returns the first language for %j", (wish) => {
    expect(choose(wish)).toBe("nl");
  });

  test("reads headers of up to 512 characters, and ten tags of them", () => {
    const header = (length: number) => `de${" ".repeat(length - 2)}`;
    expect([choose(header(512)), choose(header(513)), choose("de,".repeat(400_000))]).toEqual(["de", "nl", "nl"]);
    const behind = (count: number) => `${"sv,".repeat(count)}de`;
    expect([choose(behind(9)), choose(behind(10))]).toEqual(["de", "nl"]);
  });

  test("searches the tables of the runtime once for each tag of a header, however many languages there are", () => {
    const fresh = languages.map(({ tag }) => stub(`${tag}-x-fresh`)) as [Language, ...Language[]];
    const maximize = vi.spyOn(Intl.Locale.prototype, "maximize");
    onTestFinished(() => void maximize.mockRestore());
    const letters = [..."abcdefghijkl"];
    const header = letters.map((letter) => `q${letter}-u-aa-bb-cc-dd-ee-ff-gg-hh-ii`).join(",");
    expect(chooseLanguage(fresh, header)).toBe(fresh[0]);
    expect(maximize).toHaveBeenCalledTimes(10 + fresh.length);
    for (let nth = 1; nth <= 3; nth++) {
      maximize.mockClear();
      chooseLanguage(fresh, header);
      expect(maximize).toHaveBeenCalledTimes(10);
    }
    maximize.mockClear();
    expect(chooseLanguage(fresh, `de-u-${"aa-".repeat(11)}bb`)).toBe(fresh[0]);
    expect(maximize).not.toHaveBeenCalled();
  });

  test("prefers an exact match to one of another region", () => {
    const both = [stub("pt-PT"), stub("pt-BR")] as [Language, Language];
    expect(chooseLanguage(both, "pt-BR").tag).toBe("pt-BR");
    expect(chooseLanguage(both, "pt-AO").tag).toBe("pt-PT");
  });

  test("prefers the wish of the account to the wishes of the request", () => {
    expect(choose("tr", "fr, de")).toBe("tr");
    expect(choose("zh-TW", "fr;q=0.1, de")).toBe("de");
    expect(choose(null, "de")).toBe("de");
    expect(choose()).toBe("nl");
  });

  test("does not match a language whose tag is malformed to a malformed wish", () => {
    expect(chooseLanguage([en, stub("not a tag")], "neither is this").tag).toBe("en");
  });
});
