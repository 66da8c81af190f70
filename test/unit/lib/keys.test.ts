import { describe, expect, test } from "vitest";
import { aKeyRing } from "../../../src/lib/keys.ts";
import { relatchError } from "../../helpers/errors.ts";
import { randomKey } from "../../helpers/reference.ts";

const KEY = randomKey();
const read = (keys: unknown) => aKeyRing(keys, "keys");

describe("The option keys", () => {
  test("may have one to five keys, of any Uint8Array", () => {
    for (let count = 1; count <= 5; count++) expect(read(Array.from({ length: count }, randomKey))).toHaveLength(count);
    expect(read([Buffer.alloc(32, 7)])).toEqual([new Uint8Array(32).fill(7)]);
    const mostlyZero = Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 1 : 0));
    expect(read([mostlyZero])).toEqual([mostlyZero]);
  });

  test("is copied, so later changes of the caller's array have no effect", () => {
    const mine = Uint8Array.from(KEY);
    const list = [mine];
    const keys = read(list);
    mine.fill(0);
    list[0] = randomKey();
    expect(keys).toEqual([KEY]);
  });

  test.each([
    ["one key outside an array", KEY, "an array"],
    ["an empty array", [], "1 to 5 keys"],
    ["six keys", Array.from({ length: 6 }, randomKey), "1 to 5 keys"],
    ["a missing key", [KEY, undefined], "keys[1]"],
    ["a hole in place of a key", new Array(1), ""],
    ["a string as a key", ["0".repeat(64)], "32 random bytes"],
    ["an array as a key", [Array.from(KEY)], "32 random bytes"],
    ["a key of 31 bytes", [KEY.subarray(1)], "32 random bytes"],
    ["a key of 33 bytes", [new Uint8Array(33).fill(1)], "32 random bytes"],
    ["a short second key", [KEY, new Uint8Array(16)], "keys[1]"],
    ["the same key twice", [KEY, randomKey(), Uint8Array.from(KEY)], "twice"],
    ["a key that nobody filled, with which everyone could sign", [new Uint8Array(32)], "random"],
  ])("refuses %s, and shows no key", (_, keys, keyword) => {
    expect(() => read(keys)).toThrow(relatchError("ERR_OPTIONS", keyword));
    expect(() => read(keys)).not.toThrow(expect.objectContaining({ message: expect.stringMatching(/\d, ?\d/) }));
  });
});
