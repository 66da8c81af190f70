import { en, ru } from "relatch/languages";
import { describe, expect, test, vi } from "vitest";
import { commonPasswords } from "../src/common-passwords.ts";
import {
  checkPassword,
  defaultPasswordRules,
  notCommon,
  notPersonal,
  type PasswordRule,
  passwordLength,
} from "../src/password-rules.ts";
import { wrongOptions } from "./helpers/errors.ts";

const codes = async (...input: Parameters<typeof checkPassword>) =>
  (await checkPassword(...input)).map(({ code }) => code);
const GOOD = "correct horse battery";

describe("checkPassword", () => {
  test.each([
    [undefined],
    [null],
    [""],
    [0],
    [true],
    [[]],
    [[GOOD]],
    [{}],
    [{ toString: () => GOOD }],
    [new String(GOOD)],
    [Symbol("x")],
  ])("%o is no password, and no rule sees it (CVE-2012-1168)", async (password) => {
    const rule = vi.fn<PasswordRule>();
    expect(await checkPassword(password, [rule])).toEqual([
      { code: "required", message: "Enter a password.", params: {} },
    ]);
    expect(rule).not.toHaveBeenCalled();
  });

  test.each(["\ud83d", "passw\udc00rd-long", "long-password\ud800"])(
    "a lone surrogate is refused before any rule: %j",
    async (password) => {
      const rule = vi.fn<PasswordRule>();
      expect(await codes(password, [rule])).toEqual(["invalid_characters"]);
      expect(rule).not.toHaveBeenCalled();
    },
  );

  test.each([
    GOOD,
    "пароль-подлиннее",
    "密码密码密码密码码",
    "🐴🔋📎✅🐴🔋📎✅",
    " spaces around it ",
    "e\u0301".repeat(8),
  ])("accepts %j by default", async (password) => {
    expect(await checkPassword(password)).toEqual([]);
  });

  test("asks every rule, in order, with the password as it was typed and the context", async () => {
    const seen: unknown[] = [];
    const rule =
      (code: string): PasswordRule =>
      (password, context) => {
        seen.push([code, password, context]);
        return { code };
      };
    const context = { email: "mike@example.org", name: "Mike" };
    expect(
      await codes(
        " Pässword ",
        [rule("one"), async (...given) => rule("two")(...given), () => undefined],
        context,
      ),
    ).toEqual(["one", "two"]);
    expect(seen).toEqual([
      ["one", " Pässword ", context],
      ["two", " Pässword ", context],
    ]);
  });

  test.each([
    [1_025, 1024],
    [2_049, 1024],
    [8_193, 4096],
    [1_000_000, 4096],
  ])("a password of %i characters reaches no later rule (CVE-2013-1443)", async (length, max) => {
    const later = vi.fn<PasswordRule>();
    const answer = await checkPassword("a".repeat(length), [passwordLength(), later]);
    expect(answer).toEqual([
      { code: "too_long", message: `Use at most ${max} characters.`, params: { max } },
    ]);
    expect(later).not.toHaveBeenCalled();
  });

  test("no rules accept every password but none", async () => {
    expect(await codes("x", [])).toEqual([]);
    expect(await codes("", [])).toEqual(["required"]);
  });

  test("never repeats the password in its answer (CVE-2012-5508)", async () => {
    for (const password of ["baseball", "mike-mike", "tiny-pw"]) {
      const answer = await checkPassword(password, undefined, { name: "Mike" });
      expect(answer).not.toEqual([]);
      expect(JSON.stringify(answer)).not.toContain(password);
    }
  });
});

describe("rules of one's own", () => {
  test("with a message", async () => {
    const rule: PasswordRule = () => ({ code: "no_digit", message: "Ziffer fehlt.", params: { digits: 1 } });
    expect(await checkPassword(GOOD, [rule])).toEqual([
      { code: "no_digit", message: "Ziffer fehlt.", params: { digits: 1 } },
    ]);
  });

  test("with the sentence of a code that the language has", async () => {
    const rule: PasswordRule = async () => ({ code: "too_short", params: { min: 20 } });
    expect(await checkPassword(GOOD, [rule], {}, ru)).toEqual([
      { code: "too_short", message: "Минимальная длина пароля в символах: 20.", params: { min: 20 } },
    ]);
  });

  test.each(["no_digit", "constructor", "toString", "__proto__", "hasOwnProperty"])(
    "with a general sentence for a code that it has not: %s",
    async (code) => {
      expect(await checkPassword(GOOD, [() => ({ code })])).toEqual([
        { code, message: "This password cannot be used. Choose another one.", params: {} },
      ]);
    },
  );

  test("with the code itself where the language lacks the general sentence too", async () => {
    const sparse = { ...en, violations: {} };
    expect(await checkPassword(GOOD, [() => ({ code: "no_digit" })], {}, sparse)).toEqual([
      { code: "no_digit", message: "no_digit", params: {} },
    ]);
  });

  // A predicate in the place of a rule would wave through exactly what it means to refuse.
  test.each([false, true, "too short", {}, { code: 1 }])(
    "that answer %j are a mistake, not a verdict",
    async (answer) => {
      await expect(checkPassword(GOOD, [() => answer as never])).rejects.toEqual(
        wrongOptions("A password rule answers { code: string, … } or nothing"),
      );
    },
  );

  test.each([undefined, null])("that answer %s have nothing to say", async (answer) => {
    expect(await checkPassword(GOOD, [() => answer as never])).toEqual([]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("out of order");
      },
    ],
    ["rejects", () => Promise.reject(new Error("out of order"))],
  ])("one that %s is reported as one error, its own beside it", async (_, rule) => {
    const failure = checkPassword(GOOD, [rule as PasswordRule]);
    await expect(failure).rejects.toEqual(wrongOptions("A password rule failed"));
    await expect(failure).rejects.toMatchObject({ cause: { message: "out of order" } });
  });

  test.each([
    ["null for the rules", null, {}, en, "rules is a list of functions"],
    ["a rule that is none", ["min8"], {}, en, "rules is a list of functions"],
    ["one rule outside of a list", notCommon, {}, en, "rules is a list of functions"],
    ["null for the context", [notPersonal], null, en, "context is an object"],
    ["a text for the context", [notPersonal], "mike@example.org", en, "context is an object"],
    ["null for the language", [passwordLength()], {}, null, "language is one of relatch/languages"],
    ["a language that is none", [passwordLength()], {}, "ru", "language is one of relatch/languages"],
  ])("%s is a wrong argument", async (_, rules, context, language, message) => {
    const answer = checkPassword("short", rules as never, context as never, language as never);
    await expect(answer).rejects.toEqual(wrongOptions(message));
  });
});

describe("passwordLength", () => {
  const horse = "🐴";
  test.each([
    ["7 letters", "abcdefg", "too_short"],
    ["8 letters", "abcdefgh", undefined],
    ["7 emoji in 14 units", horse.repeat(7), "too_short"],
    ["8 emoji", horse.repeat(8), undefined],
    ["1024 letters", "a".repeat(1024), undefined],
    ["1025 letters", "a".repeat(1025), "too_long"],
    ["1024 emoji in 2048 units", horse.repeat(1024), undefined],
    ["1025 emoji", horse.repeat(1025), "too_long"],
    ["1023 emoji and two letters", `${horse.repeat(1023)}ab`, "too_long"],
  ])("%s", async (_, password, code) => {
    expect((await passwordLength()(password, {}))?.code).toBe(code);
  });

  test("a megabyte is not even counted", async () => {
    const counting = vi.spyOn(String.prototype, Symbol.iterator);
    const refusal = await passwordLength()("a".repeat(1_000_000), {});
    const counted = counting.mock.calls.length;
    counting.mockRestore();
    expect([refusal?.code, counted]).toEqual(["too_long", 0]);
  });

  test("with numbers of one's own, said in the sentence", async () => {
    const rules = [passwordLength({ min: 15, max: 20 })];
    expect(await checkPassword("a".repeat(14), rules)).toEqual([
      { code: "too_short", message: "Use at least 15 characters.", params: { min: 15 } },
    ]);
    expect(await checkPassword("a".repeat(21), rules, {}, ru)).toEqual([
      { code: "too_long", message: "Максимальная длина пароля в символах: 20.", params: { max: 20 } },
    ]);
    expect(await checkPassword("a".repeat(20), rules)).toEqual([]);
  });

  test("with one of them left out, or undefined", async () => {
    expect(await codes("a".repeat(14), [passwordLength({ min: 15 })])).toEqual(["too_short"]);
    const max = undefined as never;
    expect(await codes("a".repeat(1025), [passwordLength({ min: 15, max })])).toEqual(["too_long"]);
  });

  test("of one length alone", async () => {
    expect(await codes("a".repeat(12), [passwordLength({ min: 12, max: 12 })])).toEqual([]);
  });

  test("up to 4096 of them, which no password exceeds, whatever the rules", async () => {
    expect(await codes(horse.repeat(4096), [passwordLength({ max: 4096 })])).toEqual([]);
    expect(await codes(horse.repeat(4096), [])).toEqual([]);
    expect(await codes(`${horse.repeat(4095)}ab`, [])).toEqual(["too_long"]);
    expect(await codes("a".repeat(4097), [])).toEqual(["too_long"]);
  });

  test.each([
    ["null", null, "options of passwordLength is an object"],
    ["a number", 8, "options of passwordLength is an object"],
    ["a minimum that is no number", { min: "8" }, "min is a whole number from 1 to 2147483647"],
    ["half a character", { min: 8.5 }, "min is a whole number from 1 to 2147483647"],
    [
      "NaN, with which everything would be long enough",
      { min: Number.NaN },
      "min is a whole number from 1 to 2147483647",
    ],
    [
      "NaN, with which nothing would be too long",
      { max: Number.NaN },
      "max is a whole number from 8 to 4096",
    ],
    ["no maximum at all", { max: Number.POSITIVE_INFINITY }, "max is a whole number from 8 to 4096"],
    ["a maximum below the minimum", { min: 8, max: 7 }, "max is a whole number from 8 to 4096"],
    ["a maximum below the default minimum", { max: 7 }, "max is a whole number from 8 to 4096"],
    ["a minimum above the default maximum", { min: 1025 }, "max is not below min"],
  ])("refuses %s at construction", (_, options, message) => {
    expect(() => passwordLength(options as never)).toThrow(wrongOptions(message));
  });
});

describe("notCommon", () => {
  test("knows exactly 10,000 passwords, all of them long enough to be chosen", () => {
    const list = [...commonPasswords];
    expect(list).toHaveLength(10_000);
    expect(list.filter((password) => [...password].length < 8)).toEqual([]);
    expect(list.filter((password) => password !== password.toLowerCase() || /\s/.test(password))).toEqual([]);
  });

  test.each(["password", "12345678", "PASSWORD", "Password", "BaseBall"])("refuses %s", async (password) => {
    expect(await codes(password)).toEqual(["common"]);
  });

  test("and nothing that merely holds one", async () => {
    expect(await codes("password of Mike's horse")).toEqual([]);
  });
});

describe("notPersonal", () => {
  const context = { email: "Mike.Stone@example.org", name: "Анна-Maria Stone", appName: "Acme Cloud" };
  test.each([
    ["the address", "mike.stone@example.org"],
    ["the local part", "mike.stone"],
    ["the local part in capitals, and a year", "MIKE.STONE2026"],
    ["the local part twice", "mike.stonemike.stone"],
    ["a word of the name", "stone123"],
    ["the whole name", "анна-maria stone"],
    ["the name in capitals", "АННА-MARIA!"],
    ["a whole name of short words", "li bo 12345", { name: "Li Bo" }],
    ["the application", "AcmeCloud"],
    ["the application and a little", "acme-1234"],
    ["full-width letters", "ＳＴＯＮＥ１２３"],
    ["several of the words", "stone-acme-cloud"],
  ])("refuses %s: %s", async (_, password, other = context) => {
    expect(await notPersonal(password, other)).toEqual({ code: "personal" });
  });

  test.each([
    ["eight more characters", "stone-in-my-shoe"],
    ["exactly eight", "stone12345678"],
    ["no such word", "kfjw9-2kd"],
    ["a word of three letters only", "abc-abc-", { name: "Abc Abc" }],
    ["what is a word only by chance", "cornerstone-laid", context],
  ])("accepts %s: %s", async (_, password, other = context) => {
    expect(await notPersonal(password, other)).toBeUndefined();
  });

  test("counts code points, also in a word", async () => {
    expect(await notPersonal("🐴🔋📎1234567", { name: "🐴🔋📎" })).toBeUndefined();
    expect(await notPersonal("🐴🔋📎✅1234567", { name: "🐴🔋📎✅" })).toEqual({ code: "personal" });
    expect(await notPersonal("stone🐴🔋📎✅🐴🔋📎", { name: "Stone" })).toEqual({ code: "personal" });
  });

  test("reads so much of a name as the longest of passwords needs", async () => {
    expect(await notPersonal("a".repeat(260), { name: "a".repeat(300) })).toEqual({ code: "personal" });
  });

  test("takes away the longer word first", async () => {
    expect(await notPersonal("annabelle1234567", { name: "Anna Annabelle" })).toEqual({ code: "personal" });
  });

  test.each([
    ["nothing", {}],
    ["undefined", { email: undefined, name: undefined, appName: undefined }],
    ["nulls, as columns have them", { email: null, name: null, appName: null }],
    ["empty words", { email: "", name: "  ", appName: "" }],
    ["no address", { email: "@" }],
  ])("knows nothing of a form that has %s", async (_, known) => {
    expect(await notPersonal("anything at all", known as never)).toBeUndefined();
  });

  test("takes a word as it is written, not as a pattern", async () => {
    expect(await notPersonal("abcdefgh", { name: ".{4}" })).toBeUndefined();
    expect(await notPersonal("$&$&$&$&", { name: "$&$&" })).toEqual({ code: "personal" });
  });
});

describe("the sentences", () => {
  const rules: Record<string, Readonly<Record<string, number>>> = {
    required: {},
    invalid_characters: {},
    too_short: { min: 8 },
    too_long: { max: 1024 },
    common: {},
    personal: {},
    breached: {},
    breach_check_unavailable: {},
    unacceptable: {},
  };
  test.each(Object.entries(rules))("for %s stand in both languages", (code, params) => {
    const [english, russian] = [en, ru].map((language) => language.violations[code]?.(params) ?? "");
    for (const sentence of [english, russian]) {
      expect(sentence).toMatch(/^\p{Lu}.{8,}[.]$/u);
      for (const number of Object.values(params)) expect(sentence).toContain(String(number));
      expect(sentence).not.toMatch(/undefined|NaN|\[object/);
    }
    expect(russian).toMatch(/[а-яё]/);
    expect(english).not.toMatch(/[^\x20-\x7e]/);
  });

  test("for too many bytes say so", () => {
    expect(en.violations["too_long"]?.({ maxBytes: 72 })).toMatch(/72 bytes/);
    expect(ru.violations["too_long"]?.({ maxBytes: 72 })).toMatch(/72 байт/);
  });

  test("are the same ones in both", () => {
    expect(Object.keys(ru.violations).sort()).toEqual(Object.keys(en.violations).sort());
  });
});

test("the default rules cannot be changed", () => {
  expect(Object.isFrozen(defaultPasswordRules)).toBe(true);
});
