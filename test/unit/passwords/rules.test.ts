import { en, ru } from "relatch/languages";
import { describe, expect, test, vi } from "vitest";
import {
  checkPassword,
  defaultPasswordRules,
  notCommon,
  notPersonal,
  type PasswordRule,
  passwordLength,
} from "../../../src/passwords/rules.ts";
import { relatchError } from "../../helpers/errors.ts";

const codes = async (...input: Parameters<typeof checkPassword>) =>
  (await checkPassword(...input)).map(({ code }) => code);
const GOOD = "correct horse battery";
const HORSE = "🐴";

describe("checkPassword", () => {
  test.each([
    ...[[undefined], [null], [""], [0], [true], [[]], [[GOOD]], [{}], [{ toString: () => GOOD }]],
    ...[[new String(GOOD)], [Symbol("x")]],
  ] as [unknown][])("requires a string, and asks no rule about %o (CVE-2012-1168)", async (password) => {
    const rule = vi.fn<PasswordRule>();
    expect(await checkPassword(password, [rule])).toEqual([
      { code: "required", message: "Enter a new password.", params: {} },
    ]);
    expect(rule).not.toHaveBeenCalled();
  });

  test.each(["\ud83d", "passw\udc00rd-long", "long-password\ud800", "long\0password"])(
    "refuses a lone surrogate or a NUL before any rule: %j",
    async (password) => {
      const rule = vi.fn<PasswordRule>();
      expect(await codes(password, [rule])).toEqual(["invalid_characters"]);
      expect(rule).not.toHaveBeenCalled();
    },
  );

  const ACCEPTED = [
    GOOD,
    "пароль-подлиннее",
    "床前明月光疑是地上霜",
    "🐴🔋📎✅🌧🎻🪁🧭",
    " spaces around it ",
    "re\u0301sume\u0301 noir",
  ];
  test.each(ACCEPTED)("accepts %j by default", async (password) => {
    expect(await checkPassword(password)).toEqual([]);
  });

  test("asks every rule in order, with the password as it was typed and the context", async () => {
    const one = vi.fn<PasswordRule>(() => ({ code: "one" }));
    const two = vi.fn<PasswordRule>(async () => ({ code: "two" }));
    const account = { userId: "42", tenant: "blue", email: "mike@example.org", name: "Mike" };
    const context = { ...account, appName: "Acme", locale: "de" };
    expect(await codes(" Pässword ", [one, two, () => undefined], context)).toEqual(["one", "two"]);
    for (const rule of [one, two]) expect(rule.mock.calls).toEqual([[" Pässword ", context]]);
  });

  test.each([
    [1_025, 1024],
    [2_049, 1024],
    [8_193, 4096],
    [1_000_000, 4096],
  ])("asks no further rule about a password of %i characters (CVE-2013-1443)", async (length, max) => {
    const later = vi.fn<PasswordRule>();
    expect(await checkPassword("a".repeat(length), [passwordLength(), later])).toEqual([
      { code: "too_long", message: `Use at most ${max} characters.`, params: { max } },
    ]);
    expect(later).not.toHaveBeenCalled();
  });

  test("accepts every password but an empty one and one over 4096 characters if there are no rules", async () => {
    const passwords = ["x", "", HORSE.repeat(4096), `${HORSE.repeat(4095)}ab`, "a".repeat(4097)];
    const refused = await Promise.all(passwords.map((password) => codes(password, [])));
    expect(refused.flat()).toEqual(["required", "too_long", "too_long"]);
    expect(await codes(HORSE.repeat(4096), [passwordLength({ max: 4096 })])).toEqual([]);
  });

  test("never repeats the password in its result (CVE-2012-5508)", async () => {
    for (const password of ["baseball", "mike-mike", "tiny-pw"]) {
      const violations = await checkPassword(password, undefined, { name: "Mike" });
      expect(violations).not.toEqual([]);
      expect(JSON.stringify(violations)).not.toContain(password);
    }
  });

  test("returns the message of a rule, or the sentence that the language has for its code", async () => {
    const own: PasswordRule = () => ({ code: "no_digit", message: "Ziffer fehlt.", params: { digits: 1 } });
    const borrowed: PasswordRule = async () => ({ code: "too_short", params: { min: 20 } });
    expect(await checkPassword(GOOD, [own, borrowed], {}, ru)).toEqual([
      { code: "no_digit", message: "Ziffer fehlt.", params: { digits: 1 } },
      { code: "too_short", message: "Введите не менее 20 символов.", params: { min: 20 } },
    ]);
  });

  test("has a sentence about bytes for a limit in bytes, or the one for the code if the language has none", async () => {
    const refusal = { code: "too_long", params: { maxBytes: 72 } };
    const [violation] = await checkPassword(GOOD, [() => refusal]);
    expect(violation).toEqual({ ...refusal, message: expect.stringMatching(/at most 72 characters\..* as two/) });
    const sparse = { ...en, violations: { too_long: ({ maxBytes = 0 }) => `${maxBytes} B` } };
    expect(await checkPassword(GOOD, [() => refusal], {}, sparse)).toEqual([{ ...refusal, message: "72 B" }]);
  });

  test.each(["no_digit", "constructor", "toString", "__proto__", "hasOwnProperty"])(
    "returns a general sentence for the unknown code %s, or the code itself if the language has none",
    async (code) => {
      const message = "You can’t use this password. Choose another.";
      const rule = () => ({ code });
      expect(await checkPassword(GOOD, [rule])).toEqual([{ code, message, params: {} }]);
      const sparse = { ...en, violations: {} };
      expect(await checkPassword(GOOD, [rule], {}, sparse)).toEqual([{ code, message: code, params: {} }]);
    },
  );

  test.each([undefined, null])("counts %s from a rule as an acceptance", async (returned) => {
    expect(await checkPassword(GOOD, [() => returned as never])).toEqual([]);
  });

  // A predicate in place of a rule would accept exactly the passwords that it means to refuse.
  test.each([false, true, "too short", {}, { code: 1 }])("throws if a rule returns %j", async (returned) => {
    const failure = checkPassword(GOOD, [() => returned as never]);
    await expect(failure).rejects.toEqual(relatchError("ERR_OPTIONS", "{ code: string"));
  });

  const broken = () => expect.fail("out of order");
  test.each<[string, PasswordRule, typeof en]>([
    ["rejects", async () => broken(), en],
    ["throws synchronously", broken, en],
    ["gets a sentence that throws", () => ({ code: "no" }), { ...en, violations: { no: broken } }],
  ])("throws one error without a cause if a rule %s", async (_, rule, language) => {
    const error: unknown = await checkPassword(GOOD, [rule], {}, language).catch((thrown: unknown) => thrown);
    expect(error).toEqual(relatchError("ERR_OPTIONS", "passwordRules[0] threw"));
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).not.toContain("out of order");
  });

  test.each([
    ["null for the rules", null, {}, en, "rules"],
    ["a rule that is not a function", ["min8"], {}, en, "rules[0]"],
    ["one rule outside of an array", notCommon, {}, en, "rules"],
    ["null for the context", [notPersonal], null, en, "context"],
    ["a string for the context", [notPersonal], "mike@example.org", en, "context"],
    ["null for the language", [passwordLength()], {}, null, "language"],
    ["a tag for the language", [passwordLength()], {}, "ru", "language"],
  ])("throws on %s", async (_, rules, context, language, keyword) => {
    const result = checkPassword("short", rules as never, context as never, language as never);
    await expect(result).rejects.toEqual(relatchError("ERR_OPTIONS", `checkPassword.${keyword}`));
  });
});

describe("passwordLength", () => {
  test.each([
    ["7 letters", "abcdefg", "too_short"],
    ["8 letters", "abcdefgh", undefined],
    ["7 emoji in 14 units", HORSE.repeat(7), "too_short"],
    ["8 emoji", HORSE.repeat(8), undefined],
    ["1024 letters", "a".repeat(1024), undefined],
    ["1025 letters", "a".repeat(1025), "too_long"],
    ["1024 emoji in 2048 units", HORSE.repeat(1024), undefined],
    ["1025 emoji", HORSE.repeat(1025), "too_long"],
    ["1023 emoji and two letters", `${HORSE.repeat(1023)}ab`, "too_long"],
  ])("judges %s by code points", async (_, password, code) => {
    expect((await passwordLength()(password, {}))?.code).toBe(code);
  });

  test("tells its minimum, for the hint in a form", () => {
    expect(passwordLength().minLength).toBe(8);
    expect(passwordLength({ min: 15 }).minLength).toBe(15);
    expect(defaultPasswordRules.map(({ minLength }) => minLength)).toEqual([8, undefined, undefined]);
  });

  test("refuses a megabyte without counting it", async () => {
    const counting = vi.spyOn(String.prototype, Symbol.iterator);
    const refusal = await passwordLength()("a".repeat(1_000_000), {});
    const counted = counting.mock.calls.length;
    counting.mockRestore();
    expect([refusal?.code, counted]).toEqual(["too_long", 0]);
  });

  test("takes other bounds, both or one of them, and names them in the sentence", async () => {
    const rules = [passwordLength({ min: 15, max: 20 })];
    expect(await checkPassword("a".repeat(14), rules)).toEqual([
      { code: "too_short", message: "Use at least 15 characters.", params: { min: 15 } },
    ]);
    expect(await checkPassword("a".repeat(21), rules, {}, ru)).toEqual([
      { code: "too_long", message: "Введите не более 20 символов.", params: { max: 20 } },
    ]);
    expect(await codes("a".repeat(20), rules)).toEqual([]);
    expect(await codes("a".repeat(12), [passwordLength({ min: 12, max: 12 })])).toEqual([]);
    expect(await codes("a".repeat(14), [passwordLength({ min: 15 })])).toEqual(["too_short"]);
    expect(await codes("a".repeat(1025), [passwordLength({ min: 15, max: undefined })])).toEqual(["too_long"]);
  });

  test.each([
    ...[null, 8].map((options) => [options, "object"]),
    // Every password would reach a minimum of NaN, and none would exceed a maximum of NaN.
    ...[0, "8", 8.5, Number.NaN].map((min) => [{ min }, "min"]),
    ...[Number.NaN, Number.POSITIVE_INFINITY, 4097].map((max) => [{ max }, "max"]),
    ...[{ min: 8, max: 7 }, { max: 7 }, { min: 1025 }].map((bounds) => [bounds, "max"]),
    [{ maximum: 64 }, "maximum"],
  ] as [never, string][])("throws on the options %o", (options, keyword) => {
    expect(() => passwordLength(options)).toThrow(relatchError("ERR_OPTIONS", keyword) as Error);
  });
});

describe("notCommon", () => {
  test.each(["password", "12345678", "PASSWORD", "BaseBall", "P@ssw0rd2026!", "abababab", "        "])(
    "refuses %j",
    async (password) => {
      expect(await codes(password)).toEqual(["common"]);
    },
  );

  test("accepts a password that only contains a common one", async () => {
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
    ["the longer of two words that begin alike", "annabelle1234567", { name: "Anna Annabelle" }],
    ["the first 256 characters of a name", "a".repeat(260), { name: "a".repeat(300) }],
    ["a word of four emoji", "🐴🔋📎✅1234567", { name: "🐴🔋📎✅" }],
    ["a word and seven emoji", "stone🐴🔋📎✅🐴🔋📎"],
    ["a word with the signs of a replacement", "$&$&$&$&", { name: "$&$&" }],
  ])("refuses %s: %s", async (_, password, known = context) => {
    expect(await notPersonal(password, known)).toEqual({ code: "personal" });
  });

  test.each([
    ["eight more characters", "stone-in-my-shoe"],
    ["exactly eight", "stone12345678"],
    ["no such word", "kfjw9-2kd"],
    ["a word of three letters", "abc-abc-", { name: "Abc Abc" }],
    ["a word of three emoji", "🐴🔋📎1234567", { name: "🐴🔋📎" }],
    ["a longer word that contains one", "cornerstone-laid"],
    ["a name that is a pattern", "abcdefgh", { name: ".{4}" }],
    ["an empty form", "anything at all", {}],
    ["nothing but undefined", "anything at all", { email: undefined, name: undefined, appName: undefined }],
    ["nothing but null, as columns have it", "anything at all", { email: null, name: null, appName: null }],
    ["empty words", "anything at all", { email: "@", name: "  ", appName: "" }],
  ])("accepts %s: %s", async (_, password, known = context) => {
    expect(await notPersonal(password, known)).toBeUndefined();
  });
});

test("the default rules cannot be changed", () => {
  expect(Object.isFrozen(defaultPasswordRules)).toBe(true);
});
