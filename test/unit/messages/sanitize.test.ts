import { describe, expect, test } from "vitest";
import { cleanName, sanitizeAppName, sanitizeName, sanitizeSubject } from "../../../src/messages/sanitize.ts";

test.each([
  ...["Mike", "Anna-Maria O'Neill", "Dr. J. R. R. Tolkien", "J.R.R. Tolkien", "Жанна д’Арк", "李 小龍"],
  ...["क्षत्रिय", "José", "Mike 🐴", 'AT&T <x> "y"', "Mike 123456", "Louis XIV", "R2D2 and C3PO, 1977 to 1983"],
])("every way to print a name keeps %j", (name) => {
  for (const print of [sanitizeName, sanitizeAppName, cleanName]) expect(print(name)).toBe(name);
});

test.each([
  // Controls, line separators, bidirectional controls.
  ...["\r\n", " \t ", "\0", "\x1b", "\u0085", "\u2028", "\u2029", "\u202e", "\u2067", "\u200f"],
  // Zero width space, byte order mark, soft hyphen, tag, private use, lone surrogate, fillers, grapheme joiner.
  ...["\u200b", "\ufeff", "\u00ad", "\u{e0041}", "\ue000", "\ud800", "\u3164", "\u115f", "\u034f"],
])("every way to print a name replaces the invisible %j by one space", (invisible) => {
  const name = `${invisible}Mi${invisible}${invisible}ke${invisible}`;
  for (const print of [sanitizeName, sanitizeAppName, cleanName]) expect(print(name)).toBe("Mi ke");
  expect(sanitizeName(invisible.repeat(3))).toBeUndefined();
});

test("names are cut to 64 characters, none of them cut in two", () => {
  expect(sanitizeName("🐴".repeat(100))).toBe("🐴".repeat(64));
  for (const print of [sanitizeAppName, cleanName]) expect(print("x".repeat(100))).toBe("x".repeat(64));
  expect(sanitizeName(`${"x".repeat(63)} y`)).toBe("x".repeat(63));
  expect(sanitizeName("x".repeat(1_000_000))).toHaveLength(64);
});

const LINKS = [
  ...["https://evil.example", "Hello, see http://evil.example/x", "www.evil.example", "evil.example"],
  ...["EVIL.COM", "Your account is at risk, see evil.example now", "evil.xn--p1ai", "evil.рф", "evil.भारत"],
  ...["evil.ไทย", "evil。example", "evil．example", "ｅｖｉｌ．ｃｏｍ", "http：／／evil"],
  ...["mike@evil.example", "mike＠localhost", "mailto:mike", "tel:+15550100", "//evil", "\\\\evil\\share"],
  ...["a/b", "evil.e\u0301x", "javascript:alert(1)"],
];
const PHONES = ["+1 (555) 123-4567", "Call 0 8 0 0 1 2 3", "٠٨٠٠١٢٣٤٥٦٧", "１８００５５５１２３４", "1-2 3,4 (5) 6+7"];
test.each([...LINKS, ...PHONES])("sanitizeName removes %j, which an email client may link or call", (name) => {
  expect(sanitizeName(name)).toBeUndefined();
});

test("a link with an invisible character inside is not one any more", () => {
  expect(sanitizeName("evil.c\u200bom")).toBe("evil.c om");
});

test.each([...LINKS, "evil.c\u200bom", "Booking.com", "Acme: Tools", "Node.js", "me@work"])(
  "sanitizeAppName keeps %j visible without a link",
  (name) => {
    const text = sanitizeAppName(name);
    expect(text).not.toBe("");
    // Another way to look for links: dots, slashes, colons, at signs, also full-width.
    expect(text.replaceAll("\u2024", "").normalize("NFKC")).not.toMatch(/[:/\\@]|[.。]\S\S/);
    expect(sanitizeAppName(text)).toBe(text);
  },
);

test.each(PHONES)("sanitizeAppName keeps no number to call: %j", (name) => {
  const text = sanitizeAppName(`Acme: call ${name} now`);
  expect(text).toMatch(/^Acme call .*now$/);
  expect(text).not.toMatch(/\p{Nd}/u);
});

test.each([
  ["Booking.com", "Booking\u2024com"],
  ["Acme: Tools", "Acme Tools"],
  ["https://acme.example/app", "https acme\u2024example app"],
  ["me@work", "me work"],
])("sanitizeAppName keeps %s legible", (name, text) => {
  expect(sanitizeAppName(name)).toBe(text);
});

test.each(["Booking.com", "Node.js", "Acme: Tools", "A/B", "me@work", "24/7 0800 123 45 67"])(
  "cleanName keeps %s as it is written",
  (name) => {
    expect(cleanName(name)).toBe(name);
  },
);

describe("sanitizeSubject", () => {
  test("makes a subject one line and changes nothing else", () => {
    const subject = " Your «Acme» password 🐴\u200d:\r\n\tBcc: x\u2028y\u2029z\u0085\0 ";
    expect(sanitizeSubject(subject)).toBe("Your «Acme» password 🐴\u200d: Bcc: x y z");
    expect(sanitizeSubject("Why? 2 + 2 = 4?")).toBe("Why? 2 + 2 = 4?");
  });

  test("leaves no encoded word, which a mailer might pass on as it is", () => {
    // https://evil.example
    const [word, harmless] = ["=?utf-8?B?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=?=", " ?utf-8?B?aHR0cHM6Ly9ldmlsLmV4YW1wbGU ?="];
    expect(sanitizeSubject(`Your ${word} password`)).toBe(`Your ${harmless} password`);
    expect(sanitizeSubject("==??=\0?")).toBe("= ??= ?");
  });
});
