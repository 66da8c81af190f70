import { putUint32 } from "./big-endian.ts";

const encoder = new TextEncoder();

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** UTF-8. Fails on nothing: lone surrogates all become U+FFFD, so callers ask `isWellFormed()` where it matters. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** How many bytes of UTF-8 a string takes. */
export const byteLength = (text: string): number => (isAscii(text) ? text.length : utf8(text).length);

/**
 * The parts one after the other: bytes as they are, a text as LP(text), which is u32be(byte length) ‖ UTF-8: with it no
 * two different lists of texts give the same bytes. What is nothing takes no place.
 */
export function encoded(...parts: (Uint8Array | string | null | undefined)[]): Uint8Array {
  let room = 0;
  for (const part of parts) room += typeof part === "string" ? 4 + byteLength(part) : (part?.length ?? 0);
  const bytes = new Uint8Array(room);
  let offset = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      const written = putText(bytes, part, offset + 4);
      putUint32(bytes, written, offset);
      offset += 4 + written;
    } else if (part) {
      bytes.set(part, offset);
      offset += part.length;
    }
  }
  return bytes;
}

/** UTF-8, in its place; answers how many bytes it took. The encoder costs more than all of an ASCII text. */
function putText(bytes: Uint8Array, text: string, offset: number): number {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return encoder.encodeInto(text, bytes.subarray(offset)).written;
    bytes[offset + at] = unit;
  }
  return text.length;
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
