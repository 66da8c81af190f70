import { hmac } from "@oslojs/crypto/hmac";
import { generateRandomString } from "@oslojs/crypto/random";
import { SHA256 } from "@oslojs/crypto/sha2";
import { concatBytes, decodeDigest, utf8 } from "../lib/bytes.ts";

const CODE_PREFIX = utf8("relatch/v2/code\0");
/** Longest text that is looked at, in characters. */
const MAX_LENGTH = 64;

/** Draws a code of this many digits, each of them with the same probability. */
export const drawCode = (digits: number): string =>
  generateRandomString({ read: (bytes) => void crypto.getRandomValues(bytes) }, "0123456789", digits);

/**
 * Reads a code as a person typed or copied it: digits of any script, with spaces, dashes and invisible characters between
 * them. Returns 8 to 10 ASCII digits, or `undefined`.
 */
export function readCode(text: unknown): string | undefined {
  if (typeof text !== "string" || text.length > MAX_LENGTH) return undefined;
  const digits = text
    .replace(/[\p{White_Space}\p{Dash}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/\p{Nd}/gu, (digit) => String(readDigit(digit)));
  return /^\d{8,10}$/.test(digits) ? digits : undefined;
}

/** Unicode encodes the digits of a script in a row of ten, from zero on, and rows follow each other without a gap or not. */
function readDigit(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let start = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
  return (code - start) % 10;
}

/** Computes the 32 bytes of the link that a code stands for. Without the key, nobody can test guesses. */
export const deriveLink = (key: Uint8Array, ticketDigest: string, code: string): Uint8Array =>
  hmac(SHA256, key, concatBytes(CODE_PREFIX, decodeDigest(ticketDigest), utf8(code)));
