import type { TimeSpan } from "oslo";
import { RelatchError } from "./errors.ts";
import { readSafely } from "./untrusted-input.ts";

// Options are declared once, as a shape: an object with a reader for each option. A reader returns the option's value,
// or throws `ERR_OPTIONS` with what to write instead.

/** Reads one option. `path` is its name as the developer knows it, such as `limits.client`. */
export type Reader<T> = (value: unknown, path: string) => T;

type Shape = Readonly<Record<string, Reader<unknown>>>;
type Values<S extends Shape> = { [Name in keyof S]: ReturnType<S[Name]> };

export const optionError = (message: string): RelatchError => new RelatchError("ERR_OPTIONS", message);

/** The error for an option that is not what it must be. `example` is something to paste. */
export function mustBe(path: string, expected: string, value: unknown, example?: string): RelatchError {
  const fix = example === undefined ? "" : ` Example: ${example}.`;
  return optionError(`${path} must be ${expected}, received ${describeType(value)}.${fix}`);
}

/**
 * Reads the options of `caller`, a function of this library. In messages each option is called by its name behind
 * `prefix`.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is unknown (most likely misspelled) or is refused by its reader.
 */
export function readOptions<const S extends Shape>(
  caller: string,
  input: unknown,
  shape: S,
  prefix = `${caller}.`,
): Values<S> {
  if (!isObject(input)) throw mustBe(`The options of ${caller}`, "an object", input);
  const names = Object.keys(shape);
  for (const name of Object.keys(input)) {
    if (!names.includes(name)) throw unknownOption(prefix, name, names);
  }
  return Object.fromEntries(
    names.map((name) => [name, shape[name]?.(Object.hasOwn(input, name) ? input[name] : undefined, prefix + name)]),
  ) as Values<S>;
}

/** Reads a nested object of options. */
export const anObject =
  <const S extends Shape>(shape: S): Reader<Values<S>> =>
  (value, path) => {
    if (!isObject(value)) throw mustBe(path, "an object", value);
    return readOptions(path, value, shape);
  };

/** Reads a nested object of options. If it is left out, its options have their defaults. */
export const anOptionalObject =
  <const S extends Shape>(shape: S): Reader<Values<S>> =>
  (value, path) =>
    anObject(shape)(value === undefined ? {} : value, path);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads an option that may be left out. */
export const optional: {
  <T>(read: Reader<T>): Reader<T | undefined>;
  <T, D>(read: Reader<T>, fallback: D): Reader<T | D>;
} =
  <T>(read: Reader<T>, fallback?: T): Reader<T | undefined> =>
  (value, path) =>
    value === undefined ? fallback : read(value, path);

/** Reads a function. */
export const aFunction =
  <F>(example?: string): Reader<F> =>
  (value, path) => {
    if (typeof value !== "function") throw mustBe(path, "a function", value, example);
    return value as F;
  };

/** Reads `true` or `false`. */
export const aBoolean: Reader<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw mustBe(path, "true or false", value);
  return value;
};

/** Reads a whole number from `min` to `max`. */
export const anInteger =
  (min: number, max = 2 ** 31 - 1): Reader<number> =>
  (value, path) => {
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw mustBe(path, `a whole number from ${min} to ${max}`, value);
  };

/** Reads one of these strings. */
export const oneOf =
  <const Word extends string>(...words: readonly Word[]): Reader<Word> =>
  (value, path) => {
    const word = words.find((each) => each === value);
    if (word === undefined) throw mustBe(path, words.map((each) => `"${each}"`).join(" or "), value);
    return word;
  };

/** Reads an array and returns a frozen copy. */
export const anArrayOf =
  <T>(read: Reader<T>): Reader<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw mustBe(path, "an array", value);
    return Object.freeze(value.map((item: unknown, index) => read(item, `${path}[${index}]`)));
  };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Reads a `TimeSpan` and returns milliseconds. It is recognized by its shape, so oslo's own class fits as well. */
export const aTimeSpan =
  ({ min = 1, max = 24 * HOUR } = {}): Reader<number> =>
  (value, path) => {
    const span = value as Partial<TimeSpan> | null | undefined;
    const length = typeof span?.milliseconds === "function" ? Math.round(Number(span.milliseconds())) : undefined;
    if (length !== undefined && length >= min && length <= max) return length;
    const [longest, example] = max < HOUR ? [`${max / MINUTE} minutes`, 10] : [`${max / HOUR} hours`, 30];
    const expected = `a TimeSpan from ${min} ms to ${longest}`;
    const received = length === undefined ? describeType(value) : `${length} ms`;
    throw optionError(`${path} must be ${expected}, received ${received}. Example: new TimeSpan(${example}, "m").`);
  };

/** Reads an object with these methods and returns it as it is: its methods are called on it, so `this` works. */
export const anObjectWith =
  <T>(methods: readonly string[], optionalMethods: readonly string[] = []): Reader<T> =>
  (value, path) => {
    const object = Object(value ?? {}) as Record<string, unknown>;
    if (object !== value) throw mustBe(path, `an object with ${methods.join("(), ")}()`, value);
    for (const method of methods) {
      if (typeof object[method] !== "function") throw mustBe(`${path}.${method}`, "a function", object[method]);
    }
    for (const method of optionalMethods) optional(aFunction())(object[method], `${path}.${method}`);
    return value as T;
  };

/** Reports whether a value has such a method, to tell drivers apart. */
export const hasMethod = (value: unknown, method: string): boolean =>
  typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";

/** Reports whether a value is what drivers return for a binary column. */
export const isBytes = (value: unknown): boolean =>
  ArrayBuffer.isView(value) || readSafely(() => value instanceof ArrayBuffer) === true;

/** Describes a value by its type. The value itself is never shown, because it may be a secret. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (value === "") return "an empty string";
  if (readSafely(() => value instanceof Promise)) return "a promise";
  if (isBytes(value)) return "bytes";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function unknownOption(prefix: string, name: string, names: readonly string[]): RelatchError {
  const [nearest] = names
    .map((known) => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) }))
    .filter(({ known, distance }) => distance <= Math.max(1, known.length / 4))
    .sort((a, b) => a.distance - b.distance);
  const hint = nearest ? `Did you mean "${nearest.known}"?` : `Known options: ${names.join(", ")}.`;
  return optionError(`Unknown option "${prefix}${name}". ${hint}`);
}

/** How many letters have to be inserted, deleted or replaced to make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
