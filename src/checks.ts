import { RelatchError } from "./errors.ts";
import { attempt, ownFields } from "./fields.ts";

// Checks of single options. Each throws `ERR_OPTIONS` with what to write instead.

export const wrong = (message: string, cause?: { cause: unknown }): RelatchError =>
  new RelatchError("ERR_OPTIONS", `${message}.`, cause);

/** The own properties of an object; one that is not known is most likely misspelt. */
export function section<Name extends string>(
  title: string,
  value: unknown,
  names: readonly Name[],
): Record<Name, unknown> {
  if (typeof value !== "object" || value === null) throw wrong(`${title} is an object`);
  const fields = ownFields(value);
  const unknown = Object.keys(fields).find((name) => !names.includes(name as Name));
  if (unknown !== undefined) throw wrong(`there is no "${unknown}" among the ${title}`);
  return fields as Record<Name, unknown>;
}

/** An object with these methods. Not copied: its methods are called on it, so that their `this` survives. */
export function port<T>(name: string, value: unknown, methods: string[], optional: string[] = []): T {
  const candidate = value as Record<string, unknown> | null | undefined;
  for (const method of methods) {
    if (attempt(() => typeof candidate?.[method]) !== "function")
      throw wrong(`${name} needs a method ${method}()`);
  }
  for (const method of optional) {
    if (!["function", "undefined"].includes(typeof candidate?.[method])) {
      throw wrong(`${name}.${method} is a method or left out`);
    }
  }
  return candidate as T;
}

const DAY = 24 * 60 * 60 * 1000;

/** A span of time in milliseconds; oslo's `TimeSpan`, by structure. */
export function milliseconds(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const span = value as { milliseconds?: () => unknown } | null;
  const length = attempt(() => Math.round(Number(span?.milliseconds?.()))) ?? 0;
  if (length > 0 && length <= DAY) return length;
  throw wrong(`${name} is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")`);
}

/** A copy of a list whose members are all of one type. */
export function listOf<T>(name: string, value: unknown, type: "function" | "object"): readonly T[] {
  const items = attempt(() => (Array.isArray(value) ? [...value] : undefined));
  if (items?.every((item) => item && typeof item === type)) return Object.freeze(items);
  throw wrong(`${name} is a list of ${type}s`);
}

/** A whole number within bounds, or the fallback. */
export function wholeNumber(
  name: string,
  value: unknown,
  fallback: number,
  min: number,
  max = 2 ** 31 - 1,
): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw wrong(`${name} is a whole number from ${min} to ${max}`);
}

/** One of these words, or the first. */
export function oneOf<Word extends string>(
  name: string,
  value: unknown,
  words: readonly [Word, ...Word[]],
): Word {
  if (value === undefined) return words[0];
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  throw wrong(`${name} is one of "${words.join('", "')}"`);
}

/** A function, or nothing. */
export function optionalFunction<T>(name: string, value: unknown): T | undefined {
  if (value === undefined || typeof value === "function") return value as T | undefined;
  throw wrong(`${name} is a function`);
}
