import { putUint32 } from "./big-endian.ts";

const encoder = new TextEncoder();

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** UTF-8. Fails on nothing: lone surrogates all become U+FFFD, so callers ask `isWellFormed()` where it matters. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** How many bytes of UTF-8 a string takes. */
export const byteLength = (text: string): number => (isAscii(text) ? text.length : utf8(text).length);

/** The parts one after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** What {@link encoded} puts together: bytes as they are, a text as LP(text), a `null` as 0x00, a `true` as 0x01. */
export type Part = Uint8Array | string | null | true;

/**
 * The parts as bytes, one after the other. LP(s) is u32be(byte length) ‖ UTF-8 of s: with it no two different lists
 * of texts give the same bytes.
 */
export function encoded(...parts: (Part | undefined)[]): Uint8Array {
  // No character takes more than three bytes a unit: room for all, in one piece.
  const room = (part: Part | undefined) =>
    typeof part === "string" ? 4 + 3 * part.length : part instanceof Uint8Array ? part.length : 1;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + room(part), 0));
  let offset = 0;
  for (const part of parts) {
    if (part === undefined) continue;
    if (typeof part === "string") {
      const { written } = encoder.encodeInto(part, bytes.subarray(offset + 4));
      putUint32(bytes, written, offset);
      offset += 4 + written;
    } else if (part instanceof Uint8Array) {
      bytes.set(part, offset);
      offset += part.length;
    } else {
      bytes[offset] = part === null ? 0 : 1;
      offset += 1;
    }
  }
  return bytes.subarray(0, offset);
}

/** Compares two digests in a time that does not depend on where they differ. */
export function sameDigest(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

/** `size` bytes from the platform's CSPRNG, the only source of randomness here. */
export const randomBytes = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

/** Drawn in stock: a call of the CSPRNG costs as much as a digest, however few bytes it fetches. */
const stock = new Uint32Array(64);
let used = stock.length;

/** A uniform random number, `min` included and `max` not. */
export function randomBetween(min: number, max: number): number {
  if (used === stock.length) {
    crypto.getRandomValues(stock);
    used = 0;
  }
  const unit = stock[used++] as number;
  return min + (unit / 2 ** 32) * (max - min);
}
