import { randomBytes } from "node:crypto";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { isSameDigest } from "../../src/lib/bytes.ts";
import type { Stream } from "./stream.ts";
import { spin } from "./subject.ts";

// Whether a comparison of digests tells where they differ. Digests of one class are compared in a row, so that the
// clock, which is coarser than one comparison, has something to see: a difference adds up.

/** Values compared with a digest. The index is the class in the statistics. */
export const DIGESTS = ["random", "first_byte_wrong", "last_byte_wrong", "planted"] as const;

export const COMPARISONS = {
  isSameDigest: (a: Pair, b: Pair) => isSameDigest(a.text, b.text),
  "constantTimeEqual of @oslojs/crypto": (a: Pair, b: Pair) => constantTimeEqual(a.bytes, b.bytes),
  /** The control: it ends at the first difference. */
  "a comparison that ends early": (a: Pair, b: Pair) => endsEarly(a.text, b.text),
} as const;

export type Comparison = keyof typeof COMPARISONS;

/** A digest in both of its forms: 64 hexadecimal digits, 32 bytes. */
interface Pair {
  text: string;
  bytes: Uint8Array;
}

/** Comparisons that are timed together. */
const ROW = 64;
const PLANTED = 2;

/** Measures `count` rows of each class, in random order. */
export function digests(comparison: Comparison, count: number): Stream {
  const compare = COMPARISONS[comparison];
  const warmUp = Math.max(2000, count >> 3);
  const classes = Uint8Array.from(randomBytes(warmUp + count * DIGESTS.length), (byte) => byte % DIGESTS.length);
  const times = new Float64Array(classes.length);
  let equal = 0;
  const one = pairOf(randomBytes(32));
  if (!compare(one, one)) throw new Error(`${comparison} finds equal digests different`);
  for (let index = 0; index < times.length; index++) {
    const name = DIGESTS[classes[index] as number] ?? "random";
    // Fresh ones for each row: two that stay where they are in memory may differ in time for that alone.
    const own = randomBytes(32);
    const [a, b] = [pairOf(own), pairOf(otherThan(own, name))];
    const began = performance.now();
    for (let each = 0; each < ROW; each++) if (compare(a, b)) equal += 1;
    spin(name === "planted" ? PLANTED : 0);
    times[index] = Math.round(1e6 * (performance.now() - began));
  }
  if (equal > 0) throw new Error(`${comparison} finds different digests equal`);
  return { classes, times, planted: new Uint8Array(classes.length), warmUp };
}

/** Every kind by the same steps: what is done before a row must not differ, or the row begins otherwise. */
function otherThan(own: Buffer, name: (typeof DIGESTS)[number]): Buffer {
  const other = Buffer.alloc(32);
  const noise = randomBytes(32);
  const from = name === "last_byte_wrong" ? 31 : 0;
  const to = name === "first_byte_wrong" ? 0 : 31;
  for (let at = 0; at < 32; at++) {
    const isWrong = Number(at >= from && at <= to);
    other[at] = (own[at] as number) ^ (isWrong * ((noise[at] as number) | 1));
  }
  return other;
}

/** Flat strings, as the stores return them. */
const pairOf = (bytes: Buffer): Pair => ({
  text: Buffer.from(bytes.toString("hex"), "latin1").toString("latin1"),
  bytes: Uint8Array.from(bytes),
});

function endsEarly(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a.charCodeAt(at) !== b.charCodeAt(at)) return false;
  return true;
}
