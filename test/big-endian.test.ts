import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bigEndian, rotl32, rotr32 } from "../src/big-endian.ts";

// What the build puts in the place of @oslojs/binary does the same.

const original = (await import("@oslojs/binary" as string)) as typeof import("../src/big-endian.ts");
const offset = fc.nat(8);

describe("big-endian numbers", () => {
  test("of 32 bits", () => {
    const value = fc.nat(2 ** 32 - 1);
    fc.assert(fc.property(value, offset, (number, at) => same((to) => to.putUint32, number, at)));
  });

  test("of 64 bits, up to 2^53", () => {
    const value = fc.bigInt({ min: 0n, max: 2n ** 53n });
    fc.assert(fc.property(value, offset, (number, at) => same((to) => to.putUint64, number, at)));
  });

  /** In a view that does not begin where its memory does. */
  function same<T>(
    method: (of: typeof bigEndian) => (bytes: Uint8Array, value: T, at: number) => void,
    value: T,
    at: number,
  ): void {
    const [ours, theirs] = [bigEndian, original.bigEndian].map((of) => {
      const bytes = new Uint8Array(24).subarray(4, 20);
      method(of).call(of, bytes, value, at);
      return bytes;
    });
    expect(ours).toEqual(theirs);
  }
});

test("rotations", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(31), (bits, by) => {
      expect([rotl32(bits, by), rotr32(bits, by)]).toEqual([
        original.rotl32(bits, by),
        original.rotr32(bits, by),
      ]);
    }),
  );
});
