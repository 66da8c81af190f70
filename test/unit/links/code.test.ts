import { describe, expect, test, vi } from "vitest";
import { deriveLink, drawCode, readCode } from "../../../src/links/code.ts";
import { randomKey } from "../../helpers/reference.ts";

const DIGITS = "0123456789";
/** Every decimal digit of Unicode, in order. In each script they come from 0 to 9. */
const ALL_DIGITS = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => /\p{Nd}/u.test(character));
const SCRIPTS = Array.from({ length: ALL_DIGITS.length / 10 }, (_, nth) => ALL_DIGITS.slice(10 * nth, 10 * nth + 10));

describe("drawCode", () => {
  test.each([8, 9, 10])("draws %i digits, and another code each time", (digits) => {
    const codes = Array.from({ length: 1000 }, () => drawCode(digits));
    for (const code of codes) expect(code).toMatch(new RegExp(`^\\d{${digits}}$`));
    expect(new Set(codes).size).toBeGreaterThan(990);
  });

  test("draws every digit with the same probability", () => {
    let next = 0;
    const random = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as Uint8Array).forEach((_, at, bytes) => {
        bytes[at] = next++ % 256;
      });
      return array;
    });
    const counts = Array<number>(10).fill(0);
    // Bytes modulo 10, each byte five times, would draw 130 of the low digits and 125 of the high ones.
    for (let draw = 0; draw < 160; draw++) for (const digit of drawCode(8)) counts[Number(digit)]! += 1;
    random.mockRestore();
    expect(counts).toEqual(Array(10).fill(128));
  });

  test("takes its randomness from the platform's CSPRNG alone", () => {
    const random = vi.spyOn(Math, "random");
    const secure = vi.spyOn(crypto, "getRandomValues");
    drawCode(8);
    expect(random).not.toHaveBeenCalled();
    expect(secure).toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

describe("readCode", () => {
  test("reads the digits of every script of Unicode", () => {
    expect(ALL_DIGITS.length % 10).toBe(0);
    expect(SCRIPTS.length).toBeGreaterThan(60);
    for (const [zero, ...others] of SCRIPTS) {
      expect([zero, readCode([...others.slice(0, 8), zero].join(""))]).toEqual([zero, "123456780"]);
      expect([zero, readCode([zero, ...others].join(""))]).toEqual([zero, DIGITS]);
    }
  });

  test("reads digits of two scripts in one code", () => {
    expect(readCode("٠١٢٣4567")).toBe("01234567");
  });

  test.each([
    ["as it is in the email", "0123 4567"],
    ["with a dash", "0123-4567"],
    ["with an en dash and an em dash", "01–23—4567"],
    ["with a minus sign", "0123\u22124567"],
    ["with spaces around it", "  01234567\t\r\n"],
    ["with spaces of other scripts", "0123\u00a0\u20094\u3000567"],
    ["with invisible marks of a right-to-left text", "\u200f\u202b01234567\u202c\u200e"],
    ["with a byte order mark, a soft hyphen and a zero-width space", "\ufeff0123\u00ad45\u200b67"],
    ["with 64 characters", `01234567${" ".repeat(56)}`],
  ])("reads a code %s", (_, text) => {
    expect(readCode(text)).toBe("01234567");
  });

  test("reads codes of 8, 9 and 10 digits, whatever the option says now", () => {
    const lengths = Array.from({ length: 13 }, (_, length) => "1".repeat(length));
    expect(lengths.filter((text) => readCode(text) !== undefined).map(({ length }) => length)).toEqual([8, 9, 10]);
  });

  test.each<[string, unknown]>([
    ["nothing", ""],
    ["letters", "abcdefgh"],
    ["a letter among digits", "O1234567"],
    ["an emoji among digits", "0123456😀7"],
    ["keycap emoji", "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣"],
    ["numbers in circles", "①②③④⑤⑥⑦⑧"],
    ["Chinese numerals", "一二三四五六七八"],
    ["Roman numerals", "ⅠⅡⅢⅣⅤⅥⅦⅧ"],
    ["a decimal point", "0123.4567"],
    ["a sign", "+01234567"],
    ["a hexadecimal number", "0x123456"],
    ["a control character", "0123\0" + "4567"],
    ["a lone surrogate", "0123\ud8354567"],
    ["65 characters", `01234567${" ".repeat(57)}`],
    ["a megabyte", "1".repeat(1_000_000)],
    ["a number", 12345678],
    ["an array of digits", ["01234567"]],
    ["an object with toString", { toString: () => "01234567" }],
    ["null", null],
    ["undefined", undefined],
  ])("refuses %s", (_, text) => {
    expect(readCode(text)).toBeUndefined();
  });
});

describe("deriveLink", () => {
  const KEY = randomKey();
  const DIGEST = "0a".repeat(32);

  test("gives another link for another key, another ticket and another code", () => {
    const links = [
      deriveLink(KEY, DIGEST, "01234567"),
      deriveLink(randomKey(), DIGEST, "01234567"),
      deriveLink(KEY, "0b".repeat(32), "01234567"),
      deriveLink(KEY, DIGEST, "01234568"),
      deriveLink(KEY, DIGEST, "012345670"),
    ].map((raw) => Buffer.from(raw).toString("hex"));
    expect(new Set(links).size).toBe(links.length);
    expect(deriveLink(KEY, DIGEST, "01234567")).toHaveLength(32);
    expect(deriveLink(KEY, DIGEST, "01234567")).toEqual(deriveLink(KEY, DIGEST, "01234567"));
  });
});
