import { constantTimeEqual } from "@oslojs/crypto/subtle";

const encoder = new TextEncoder();

/** UTF-8. Fails on nothing: lone surrogates become U+FFFD, so callers refuse them first where it matters. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** How many bytes of UTF-8 a string takes. */
export const byteLength = (text: string): number => utf8(text).length;

/** A text without lone surrogates, which would not survive UTF-8 (two different ones become the same bytes). */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** The parts one after the other. Strings as UTF-8. */
export function concat(...parts: (Uint8Array | string)[]): Uint8Array {
  const chunks = parts.map((part) => (typeof part === "string" ? utf8(part) : part));
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** LP(s): u32be(byte length) ‖ UTF-8. With it no two different lists of strings give the same bytes. */
export function lengthPrefixed(text: string): Uint8Array {
  const bytes = utf8(text);
  const prefixed = new Uint8Array(4 + bytes.length);
  new DataView(prefixed.buffer).setUint32(0, bytes.length);
  prefixed.set(bytes, 4);
  return prefixed;
}

/** Compares two digests in a time that does not depend on where they differ. */
export const sameDigest = (a: string, b: string): boolean => constantTimeEqual(utf8(a), utf8(b));

/** `size` bytes from the platform's CSPRNG, the only source of randomness here. */
export const randomBytes = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

/** A uniform random number, `min` included and `max` not. */
export function randomBetween(min: number, max: number): number {
  const [unit = 0] = crypto.getRandomValues(new Uint32Array(1));
  return min + (unit / 2 ** 32) * (max - min);
}
