import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeHex } from "@oslojs/encoding";

const encoder = new TextEncoder();

/** Encodes a string as UTF-8. Every lone surrogate becomes U+FFFD, so ask `isWellFormed()` first if that matters. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Returns how many bytes of UTF-8 a string takes. */
export const byteLength = (text: string): number => utf8(text).length;

/** Joins byte strings into one. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Writes a whole number as `size` bytes, the highest byte first. */
export function bigEndian(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = size - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

/** Reads a whole number that {@link bigEndian} wrote. */
export const readBigEndian = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0);

/** Decodes a digest of 64 lower-case hexadecimal digits. Any other text gives no bytes, which equal no digest. */
export const decodeDigest = (digits: string): Uint8Array =>
  /^[0-9a-f]{64}$/.test(digits) ? decodeHex(digits) : new Uint8Array();

/**
 * Joins parts so that no two different lists of strings give the same bytes: a string is written as the length of its
 * UTF-8 in 4 bytes and then the UTF-8, bytes are written as they are, and `undefined` takes no place.
 */
export function encodeParts(...parts: (Uint8Array | string | undefined)[]): Uint8Array {
  return concatBytes(
    ...parts.flatMap((part) => {
      if (part === undefined) return [];
      if (typeof part !== "string") return [part];
      const bytes = utf8(part);
      return [bigEndian(bytes.length, 4), bytes];
    }),
  );
}

/**
 * Compares two digests as they are written, in a time that does not depend on where they differ. They are not decoded
 * first: the time of that depends on their digits.
 */
export const isSameDigest = (a: string, b: string): boolean => constantTimeEqual(utf8(a), utf8(b));

/** Returns `size` bytes from the platform's CSPRNG, the only source of randomness in this library. */
export const randomBytes = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

/** Returns a uniform random number, `min` included and `max` excluded. */
export function randomBetween(min: number, max: number): number {
  const [unit = 0] = crypto.getRandomValues(new Uint32Array(1));
  return min + (unit / 2 ** 32) * (max - min);
}
