import { encodeHexLowerCase } from "@oslojs/encoding";
import { randomBytes } from "../bytes.ts";

/** One promise of a port, to be run as a test of its own. */
export interface ContractCase {
  /** The promise, as a sentence. */
  name: string;
  /** Rejects when the promise is broken, and says how. */
  run(): Promise<void>;
}

/** Adds a case that gets a fresh answer of the suite's `create`. */
export type AddCase<T> = (name: string, run: (subject: T) => Promise<void>) => void;

/** A list of cases, and how to add to it. */
export function suite<T>(create: () => T | Promise<T>): { cases: ContractCase[]; add: AddCase<T> } {
  const cases: ContractCase[] = [];
  return { cases, add: (name, run) => void cases.push({ name, run: async () => run(await create()) }) };
}

/** Fails with a sentence that says what was looked at, what came, and what was due. */
export function expectSame(what: string, actual: unknown, due: unknown): void {
  if (!isSame(actual, due)) throw new Error(`${what}: got ${show(actual)}, expected ${show(due)}`);
}

/** What the call rejects with, or throws. Fails when it does neither. */
export async function expectRejection(what: string, call: () => unknown): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: got ${show(answer)}, expected it to reject`);
}

/** So many lower-case hexadecimal digits that no other case has. */
export const randomHex = (digits: number): string => encodeHexLowerCase(randomBytes(digits / 2));

/** Runs what it is given one after the other, also when the runner starts the cases together. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return Object.is(a, b);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], b[key]));
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Date);

/** As JSON, with words for what JSON has none for. */
function show(value: unknown): string {
  const words = (_: string, each: unknown) => {
    if (typeof each === "number") return Number.isFinite(each) ? each : String(each);
    return typeof each === "bigint" ? `${each}n` : each;
  };
  return JSON.stringify(value, words) ?? String(value);
}
