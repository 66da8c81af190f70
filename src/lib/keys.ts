import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { anArrayOf, describeType, optionError, type Reader } from "./shape.ts";

/** 1 to 5 keys of 32 bytes: the first one signs, all of them verify. */
export type Keys = readonly [Uint8Array, ...Uint8Array[]];

const aKey: Reader<Uint8Array> = (value, path) => {
  if (value instanceof Uint8Array && value.length === 32 && value.some((byte) => byte !== 0)) {
    return Uint8Array.from(value);
  }
  throw optionError(
    `${path} must be a Uint8Array of 32 random bytes, received ${describeKey(value)}. ` +
      'Example: Buffer.from(process.env.RESET_KEY, "base64"), with the output of openssl rand -base64 32.',
  );
};

/** Tells the length of bytes: a variable that is not set gives 0, and hex that was read as base64 gives 48. */
function describeKey(value: unknown): string {
  if (!(value instanceof Uint8Array)) return describeType(value);
  return value.length === 32 ? "only zeros" : `${value.length} bytes`;
}

/** Reads the option `keys` and returns a copy. */
export const aKeyRing: Reader<Keys> = (value, path) => {
  const [first, ...others] = anArrayOf(aKey)(value, path);
  if (!first || others.length > 4) {
    const received = first ? others.length + 1 : "none";
    throw optionError(`${path} must contain 1 to 5 keys, the signing one first, received ${received}.`);
  }
  const keys = [first, ...others] as const;
  if (new Set(keys.map((key) => encodeBase64urlNoPadding(key))).size < keys.length) {
    throw optionError(`${path} must contain different keys, received the same key twice. Remove one of the two.`);
  }
  return keys;
};
