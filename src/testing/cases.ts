import { encodeHexLowerCase } from "@oslojs/encoding";
import { randomBytes } from "../lib/bytes.ts";

/** One promise of a dependency, to be run as one test. */
export interface ContractCase {
  /** The promise, as a sentence. */
  name: string;
  /** Rejects if the promise is broken, with an error that says how. */
  run(): Promise<void>;
}

/** Adds a case, which is run with a new return value of the suite's `create`. */
export type AddCase<T> = (name: string, run: (subject: T) => Promise<void>) => void;

/** Returns an empty list of cases, and a function that adds to it. */
export function createSuite<T>(create: () => T | Promise<T>): { cases: ContractCase[]; add: AddCase<T> } {
  const cases: ContractCase[] = [];
  return { cases, add: (name, run) => void cases.push({ name, run: async () => run(await create()) }) };
}

/** Throws if the two differ, and says what was compared, received and expected. `hint` names the usual causes. */
export function assertSame(what: string, actual: unknown, expected: unknown, hint?: string): void {
  if (isSame(actual, expected)) return;
  const difference = `${what}: received ${format(actual)}, expected ${format(expected)}`;
  throw new Error(hint === undefined ? difference : `${difference}. ${hint}`);
}

/** Returns the error that the call throws or rejects with. Throws if it does neither. */
export async function assertRejects(what: string, call: () => unknown): Promise<unknown> {
  let returned: unknown;
  try {
    returned = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: received ${format(returned)}, expected it to reject`);
}

/** Returns random lower-case hexadecimal digits, which no other case has. */
export const randomHex = (digits: number): string => encodeHexLowerCase(randomBytes(digits / 2));

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return Object.is(a, b);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], b[key]));
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Date);

/** Writes a value as JSON, with words for the values that JSON does not have. */
function format(value: unknown): string {
  const replace = (_: string, each: unknown) => {
    if (typeof each === "number") return Number.isFinite(each) ? each : String(each);
    return typeof each === "bigint" ? `${each}n` : each;
  };
  return JSON.stringify(value, replace) ?? String(value);
}
