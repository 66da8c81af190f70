import { dictionary } from "@zxcvbn-ts/language-common";
import { describe, expect, test } from "vitest";
import { isCommon } from "../../../src/passwords/common.ts";
import { commonPasswords } from "../../../src/passwords/common-passwords.ts";

const judge = (password: string) => isCommon(password, commonPasswords);
const wrongOnes = (passwords: readonly string[], expected: boolean) =>
  passwords.filter((password) => judge(password) !== expected);

test("The 10,000 most common passwords of 8 characters or more are common, in capitals and with punctuation as well", () => {
  const passwords = dictionary["passwords-common"].filter((password) => password.length >= 8).slice(0, 10_000);
  expect(passwords).toHaveLength(10_000);
  const inCapitals = passwords.map((password) => password.toUpperCase());
  const decorated = passwords.filter((password) => /^[a-z\d].*[a-z\d]$/.test(password)).map((each) => `(${each}!)`);
  expect(decorated.length).toBeGreaterThan(9_900);
  expect(wrongOnes([...passwords, ...inCapitals, ...decorated], true)).toEqual([]);
});

describe("isCommon refuses", () => {
  const REFUSED: Record<string, string[]> = {
    "digits behind a common word": [
      "password123456",
      "Summer2026",
      "monkey12345",
      "test1234",
      "love2026",
      "michael1985",
    ],
    "punctuation behind one": ["password!", "welcome!!!", "sunshine?", "password\u3002", "dragon()!"],
    "digits and punctuation behind one": ["Password1!", "Welcome123!", "Summer2026!", "Admin@123", "Test1234!"],
    "decorations in front of one": ["123password", "2026Summer", "!!!password", "$Password", "007superman"],
    "decorations on both sides": ["_password_", "1password1", "<password>", "\u201cpassword\u201d", "**dragon99**"],
    "long decorations that are runs": [
      "password1234567890!@#$%",
      `password${"!".repeat(50)}`,
      "password12345543210000",
    ],
    "digits of other scripts": [
      "password\u0661\u0662\u0663",
      "password\uff11\uff12\uff13",
      "password\u{1d7d8}\u{1d7d9}",
    ],
    "emoji behind one": ["password\u{1f600}", "princess\u2764\ufe0f"],
    "signs for letters": [
      "P@ssw0rd",
      "p4$$w0rd",
      "Pa55word",
      "$uperm@n",
      "5uperman",
      "foo+ba11",
      "|loveyou",
      "b@s3ba||",
    ],
    "signs for letters, and decorations": [
      "P@$$w0rd2026!",
      "m0nk3y99",
      "Sup3rman!",
      "$ummer2026",
      "l3tm31n!!",
      "@dm1n1234",
    ],
    "signs for letters at the edge": ["hell0123", "princes5!", "princ3$$2026", "1loveyou!", "!loveyou2"],
    "a 1 that is an i or an l": ["pr1ncess", "1i1i4n123", "d01phins", "k!ller99"],
    "accents and compatibility characters": [
      "p\u00e1ssw\u00f6rd",
      "pa\u0301ssword",
      "\uff50\uff41\uff53\uff53word",
      "\u24df\u24d0ssword",
    ],
    "separators between the letters": ["p-a-s-s-w-o-r-d", "pass word 1", "pass_word!", "star.wars.77", "i love you 2"],
    "invisible characters between the letters": [
      "pass\u200bword",
      "pass\u00adword1",
      "\ufeffpassword",
      "p\u034fassword",
    ],
    "a common password twice": ["passwordpassword", "Password1Password1", "password password", "dragon-dragon-dragon"],
    "a repeated character": [
      "aaaaaaaa",
      "11111111",
      "........",
      "\u0430".repeat(9),
      "\u{1f434}".repeat(8),
      "e\u0301".repeat(8),
    ],
    "a repeated unit": ["abababab", "abcabcabc", "abcabcabca", "12341234", "lolololol", "mike-mike", "xk7q2mxk7q2m"],
    "a repeated unit of other scripts": [
      "\u0445\u0430\u0445\u0430\u0445\u0430",
      "\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801",
      "\u{1f434}\u{1f50b}\u{1f434}\u{1f50b}\u{1f434}\u{1f50b}",
    ],
    "a repetition and a decoration": ["hahaha123!", "abcabc2026", "aaaaaaa1", "!abababab!", "11111111a"],
    "repeated characters in a row": ["aaaabbbb", "aabbccdd", "112233445566", "aaa111bbb222"],
    "runs of digits": [
      "12345678",
      "123456789012345",
      "987654321",
      "0987654321",
      "09876543210",
      "34567890",
      "\u0661\u0662\u0663\u0664\u0665\u0666",
    ],
    "runs of the alphabet": [
      "abcdefgh",
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
      "zyxwvuts",
      "\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u0439\u043a\u043b\u043c",
      "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8",
    ],
    "rows of keys": [
      "qwertyuiop",
      "poiuytrewq",
      "asdfghjkl;",
      "zxcvbnm,./",
      "!@#$%^&*()",
      "qwertyuiopasdfghjklzxcvbnm",
      "lkjhgfdsa1",
    ],
    "rows of other keyboards": [
      "qwertzuiop",
      "azertyuiop",
      "\u0439\u0446\u0443\u043a\u0435\u043d\u0433\u0448\u0449",
      "\u0439\u0446\u0443\u043a\u0435\u043d1",
      "\u0444\u044b\u0432\u0430\u043f\u0440\u043e\u043b\u0434",
    ],
    "several runs": [
      "abcd1234",
      "Abcd1234!",
      "qwe123!@#",
      "123abc456def",
      "abc12345!",
      "12345678ab",
      "1qaz2wsx3edc4rfv",
    ],
    "runs into each other": ["1q2w3e4r5t6y", "a1b2c3d4e5f6", "1a2b3c4d5e", "a1!b2!c3!d4!", "2001200220032004"],
    "blanks alone": [
      " ".repeat(8),
      "\u3000".repeat(8),
      "\u00a0".repeat(8),
      "\t\n\v\f\r\u2028\u2029\u0085",
      " \u2003\u2009\u202f\u205f\u1680 ",
    ],
    "invisible characters alone": [
      "\u200b".repeat(8),
      "\u3164".repeat(8),
      "\u2800".repeat(8),
      "\u00ad\u200e\u2060\ufeff\u034f\ufe0f\u{e0041}\u{1d159}",
    ],
  };
  test.each(Object.entries(REFUSED))("%s", (_, passwords) => {
    expect(wrongOnes(passwords, true)).toEqual([]);
  });
});

describe("isCommon accepts", () => {
  const ACCEPTED: Record<string, string[]> = {
    "words in a row": [
      "correct horse battery staple",
      "correct horse battery",
      "purple-monkey-dishwasher",
      "red-blue-green-7",
    ],
    "a common word with more words": [
      "password lamp river seventeen",
      "passwordlampriver",
      "summer in the city 2026",
      "my dragon eats monkeys",
    ],
    "a common word in a longer one": ["passwordless-cupboard", "dragonfly over ponds", "unwelcome guests!"],
    "a common word and eight random characters": ["dragon-8241-7733", "password83914027", "k8#x!2q$monkey"],
    "a short word and more random characters than letters": ["love839140", "!8#3love?5"],
    "a tiny word between random characters": ["a1b2c3d4!x9", "7#pet!92%4", "9x!cat-7&k2"],
    "signs that would be a word": ["@+/+C475^#", "&%C475#(", '"/5417}=', "5#1+$!|3&7", "8%0#0*8!2&"],
    "random characters": ["kfjw9-2kd", "xK9#mP2$vL", "8f3kq0zv", "T4t!v8Qz", "u7m2x9c4w1"],
    "random characters and padding": [`k7#mQ2x9!${".".repeat(20)}`, `${"-".repeat(20)}u7m2x9c4w1`],
    "random characters twice": ["kfjw9-2x kfjw9-2x", "correct horse correct horse"],
    "runs and enough else": ["abcdef-vault-9XQ", "12345-left-the-barn", "qwerty is a layout"],
    "other languages": [
      "\u043f\u0430\u0440\u043e\u043b\u044c-\u043f\u043e\u0434\u043b\u0438\u043d\u043d\u0435\u0435",
      "\u043c\u043e\u0439 \u0434\u044f\u0434\u044f \u0441\u0430\u043c\u044b\u0445 \u0447\u0435\u0441\u0442\u043d\u044b\u0445",
      "\u543e\u8f29\u306f\u732b\u3067\u3042\u308b\u540d\u524d\u306f\u307e\u3060\u7121\u3044",
      "\u3044\u308d\u306f\u306b\u307b\u3078\u3068\u3061\u308a\u306c\u308b\u3092",
      "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
      "\ud55c\uad6d\uc5b4 \ube44\ubc00\ubc88\ud638 \ubb38\uc7a5",
    ],
    "what it does not know": ["passworddragon", "zeitungspapier", "mypasswordis1a"],
  };
  test.each(Object.entries(ACCEPTED))("%s", (_, passwords) => {
    expect(wrongOnes(passwords, false)).toEqual([]);
  });
});

describe("isCommon accepts random passwords, but for a few", () => {
  /** Returns the same passwords in every run (Lehmer's generator). */
  function draw(count: number, characters: string, length: number): string[] {
    let seed = 20_260_101;
    const next = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return characters[Math.floor((seed / 2_147_483_647) * characters.length)] ?? "";
    };
    return Array.from({ length: count }, () => Array.from({ length }, next).join(""));
  }
  const SMALL = "abcdefghijklmnopqrstuvwxyz0123456789";
  const LETTERS = `${SMALL}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

  // Measured several times with Math.random, in 100,000: at most 3, 14, 19, 1, 90.
  test.each([
    ["10 letters and digits", 100_000, LETTERS, 10, 8],
    ["8 letters and digits in lower case", 20_000, SMALL, 8, 8],
    ["8 letters, digits and signs", 20_000, `${LETTERS}!@#$%^&*()-_=+[]{};:,.<>/?`, 8, 10],
    ["16 letters, digits and signs", 20_000, `${LETTERS}!@#$%^&*()-_=+[]{};:,.<>/?`, 16, 0],
    ["8 digits", 20_000, "0123456789", 8, 40],
  ])("%s: of %i passwords", { timeout: 60_000 }, (_, count, characters, length, most) => {
    expect(draw(count, characters, length).filter(judge).length).toBeLessThanOrEqual(most);
  });
});

test("A hostile password takes linear time", { timeout: 60_000 }, () => {
  // One that goes back and forth would take minutes with these.
  const LENGTH = 200_000;
  const hostile = ["1", "!", "a", " ", "a1", "1!", "\u0301", "\u{1f434}", "\ufdfa", "\uac01", "password1"].flatMap(
    (unit) => {
      const text = unit.repeat(LENGTH / unit.length);
      return [text, `${text}x`, `x${text}`, `a${text}!`, `!${text}a`, `${text}password${text}`];
    },
  );
  const random = Array.from({ length: LENGTH }, (_, n) => ((n * n * 7919) % 1_000_003) % 10).join("");
  for (const password of [...hostile, random, `${random}password`, `a${random}a`]) judge(password);
});
