import fc from "fast-check";

// Strings that are nearly addresses.

const PIECES = [
  ..."abzAZ09.-_+!#$%&'*/=?^`{|}~",
  ...["@", "@", "@", ".", ".", "..", ".com", ".example.org", "mike", "MIKE", "xn--", "xn--mnchen-3ya"],
  ...["é", "e\u0301", "É", "ß", "ẞ", "ı", "İ", "ſ", "\u212a", "ü", "ж", "日本", "한", "ا", "क", "א"],
  ...["\u00ad", "\u200b", "\u200c", "\u200d", "\ufe0f", "\u202e", "\ufeff", "\u034f", "\u3164", "\u115f"],
  ...["\uff20", "\uff0e", "\u3002", "\ufe6b", "①", "ﬁ", "㎏", "\u2024", "\u00a0", " ", "\t", "\0", "\r\n"],
  ...["\ud800", "\udc00", "😀", "\ufffd", '"', "(", ")", ",", ":", ";", "<", ">", "[", "]", "\\"],
  ...["127.0.0.1", "0x7f", "1.2.3.4", "[::1]", "localhost", ":80", "%61", "%2e", "#x", "?x", "/x", "=?utf-8?q?"],
];

const piece = fc.constantFrom(...PIECES);
const word = (max: number) => fc.array(piece, { minLength: 1, maxLength: max }).map((parts) => parts.join(""));
const label = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.string({ unit: fc.constantFrom(..."abc019-éüжא"), minLength: 1, maxLength: 8 }),
  },
  { weight: 1, arbitrary: word(3) },
);

/** Mostly a local part, an `@` and a host, of ordinary and of odd characters. */
export const addressLike: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(word(6), fc.array(label, { minLength: 1, maxLength: 4 }))
    .map(([local, labels]) => `${local}@${labels.join(".")}`),
  fc
    .tuple(fc.string({ unit: fc.constantFrom(..."aAeE\u0301.+-éß"), minLength: 1 }), label)
    .map(([local, host]) => `${local}@${host}.org`),
  word(12),
);

/** Long inputs that a careless parser takes long for. */
export const RUNS_OF: [name: string, make: (length: number) => string][] = [
  ["letters", (n) => `${"a".repeat(n - 8)}@x.com`],
  ["at signs", (n) => "@".repeat(n)],
  ["dots", (n) => `a@${".".repeat(n)}`],
  ["labels", (n) => `a@${"a.".repeat(n / 2)}com`],
  ["hyphens", (n) => `a@${"-".repeat(n)}`],
  ["white space inside", (n) => `a${" ".repeat(n - 2)}b`],
  ["white space around", (n) => `${" ".repeat(n / 2)}a@x.com${" ".repeat(n / 2)}`],
  ["white space everywhere", (n) => `${" ".repeat(n / 2)}a${" ".repeat(n / 2)}b`],
  ["beginnings of encoded words", (n) => `${"=?".repeat(n / 2)}@x.com`],
  ["half encoded words", (n) => `${"=?a?q".repeat(n / 5)}@x.com`],
  ["question marks", (n) => `=?${"?".repeat(n)}`],
  ["combining marks", (n) => `e${"\u0301".repeat(n)}@x.com`],
  ["letters of many bytes", (n) => `${"ж".repeat(n)}@x.com`],
  ["a host of many bytes", (n) => `a@${"ж".repeat(n)}.com`],
  ["labels of many bytes", (n) => `a@${"ж.".repeat(n / 2)}com`],
  ["invisible characters", (n) => `a@${"\u200d".repeat(n)}`],
  ["surrogates", (n) => "\ud83d".repeat(n)],
  ["emoji", (n) => `${"😀".repeat(n / 2)}@x.com`],
];
