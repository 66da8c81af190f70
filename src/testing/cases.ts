import { encodeHexLowerCase } from "@oslojs/encoding";
import { randomBytes } from "../bytes.ts";

/** One promise of a port, to be run as a test of its own. `run` rejects when the promise is broken. */
export interface ContractCase {
  name: string;
  run(): Promise<void>;
}

/** Fails with a sentence that says what was promised, what came, and what was due. */
export function expectSame(promise: string, actual: unknown, due: unknown): void {
  if (!isSame(actual, due)) throw new Error(`${promise}: got ${show(actual)}, expected ${show(due)}`);
}

/** Fails unless the call rejects, or throws. */
export async function expectRejection(promise: string, call: () => Promise<unknown>): Promise<void> {
  const rejected = await Promise.resolve()
    .then(call)
    .then(
      () => false,
      () => true,
    );
  expectSame(`${promise} rejects`, rejected, true);
}

/** So many lower-case hexadecimal digits that no other test has. */
export const randomHex = (digits: number): string => encodeHexLowerCase(randomBytes(digits / 2));

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b) || a instanceof Date || b instanceof Date) return false;
  const [left, right] = [a, b] as Record<string, unknown>[] as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => isSame(left[key], right[key]));
}

const show = (value: unknown): string => (value === undefined ? "undefined" : JSON.stringify(value));
