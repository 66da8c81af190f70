import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  bigEndian,
  byteLength,
  concatBytes,
  decodeDigest,
  encodeParts,
  isSameDigest,
  randomBetween,
  randomBytes,
  readBigEndian,
  utf8,
} from "../../../src/lib/bytes.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("utf8 and byteLength agree with Buffer for every string, lone surrogates included", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(Buffer.from(utf8(text))).toEqual(Buffer.from(text, "utf8"));
      expect(byteLength(text)).toBe(Buffer.byteLength(text));
    }),
  );
  expect([...utf8("\ud83d")]).toEqual([0xef, 0xbf, 0xbd]);
});

test("concatBytes joins byte strings and copies them", () => {
  const part = Uint8Array.of(1, 2);
  const joined = concatBytes(part, Uint8Array.of(), Uint8Array.of(3));
  part[0] = 9;
  expect([...joined]).toEqual([1, 2, 3]);
  expect(concatBytes()).toHaveLength(0);
});

test.each([1, 2, 4, 6])("bigEndian writes a number of %i bytes as Buffer does", (size) => {
  for (const value of [0, 1, 255, 2 ** 31 + 7, 2 ** 32, 2 ** 48 - 1]) {
    if (value >= 256 ** size) continue;
    const expected = Buffer.alloc(size);
    expected.writeUIntBE(value, 0, size);
    expect(Buffer.from(bigEndian(value, size))).toEqual(expected);
  }
});

describe("encodeParts", () => {
  test("writes the length before a string, nothing for undefined, and bytes as they are", () => {
    expect([...encodeParts(Uint8Array.of(7), "é", undefined, "")]).toEqual([7, 0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 0]);
  });

  test("never gives the same bytes for two different lists of strings", () => {
    const list = fc.array(fc.string({ unit: fc.constantFrom("a", "\0", "\x01", "é"), maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(list, list, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(Buffer.compare(encodeParts(...one), encodeParts(...other)) === 0).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });
});

test("isSameDigest compares digests exactly, and decodeDigest decodes 64 hexadecimal digits in lower case alone", () => {
  const digest = "0123456789abcdef".repeat(4);
  expect(isSameDigest(digest, digest)).toBe(true);
  const junk = ["", "abc", digest.toUpperCase(), digest.slice(1), `${digest} `, `${digest}00`, `g${digest.slice(1)}`];
  for (const other of junk) {
    expect(isSameDigest(digest, other)).toBe(false);
    expect(decodeDigest(other)).toHaveLength(0);
  }
  for (let at = 0; at < 64; at++) {
    const other = digest.slice(0, at) + (digest[at] === "0" ? "1" : "0") + digest.slice(at + 1);
    expect(isSameDigest(digest, other)).toBe(false);
  }
});

test.each([
  [0, 1],
  [255, 1],
  [256, 2],
  [2 ** 32 + 5, 6],
  [2 ** 48 - 1, 6],
])("bigEndian writes %i in %i bytes, the highest first, and readBigEndian reads it", (value, size) => {
  const expected = Buffer.alloc(size);
  expected.writeUIntBE(value, 0, size);
  expect(Buffer.from(bigEndian(value, size))).toEqual(expected);
  expect(readBigEndian(bigEndian(value, size))).toBe(value);
});

test("randomBytes draws exactly as many bytes as it returns from the platform's generator", () => {
  const draw = vi.spyOn(crypto, "getRandomValues");
  expect(randomBytes(32)).toHaveLength(32);
  expect(draw.mock.calls.map(([array]) => array?.byteLength)).toEqual([32]);
});

test.each([
  [0, 50],
  [0x8000_0000, 275],
  [0xffff_ffff, 500],
])("randomBetween turns the drawn number %i into about %i of 50 to 500", (drawn, expected) => {
  const weak = vi.spyOn(Math, "random");
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    (array as unknown as Uint32Array).fill(drawn);
    return array;
  });
  const number = randomBetween(50, 500);
  expect(number).toBeCloseTo(expected, 3);
  expect(number).toBeLessThan(500);
  expect(weak).not.toHaveBeenCalled();
});
