import { format, inspect } from "node:util";
import { memoryRateLimiter, type RateLimiter, type RateRule } from "relatch";
import { readSafely } from "../../../src/lib/untrusted-input.ts";

// Helpers that watch what an application does: limiters, secrets, and work on long strings.

/** A limiter that notes what it was asked for. */
export interface WatchedLimiter extends RateLimiter {
  asked: { key: string; rule: RateRule }[];
  keys(kind: "address" | "client"): string[];
}

export function watchLimiter(limiter: RateLimiter = memoryRateLimiter()): WatchedLimiter {
  const asked: WatchedLimiter["asked"] = [];
  return {
    asked,
    keys: (kind) => asked.map(({ key }) => key).filter((key) => key.startsWith(`${kind}:`)),
    consume(key, rule) {
      asked.push({ key, rule });
      return limiter.consume(key, rule);
    },
  };
}

/** Lets every request pass, and counts nothing. */
export const generous: RateLimiter = { consume: async () => ({ allowed: true, retryAfterSeconds: 0 }) };

/** Refuses every request. */
export const strict: RateLimiter = { consume: async () => ({ allowed: false, retryAfterSeconds: 60 }) };

const known = new Map<string, readonly string[]>();

/** Returns a secret as it may be found again: as it is, in part, and as programs encode it. */
export function spellings(secret: string): readonly string[] {
  const found = known.get(secret) ?? spell(secret);
  known.set(secret, found);
  return found;
}

function spell(secret: string): string[] {
  const all = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  if (secret.length >= 32) all.push(secret.slice(0, 16), secret.slice(-16));
  for (const bytes of [Buffer.from(secret), Buffer.from(secret, "base64url")].filter(({ length }) => length >= 8)) {
    const hex = bytes.toString("hex");
    for (const each of [hex, hex.replace(/..(?=.)/g, "$& "), hex.replace(/../g, "%$&")]) {
      all.push(each, each.toUpperCase());
    }
    all.push(bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url"));
    all.push(bytes.join(","), bytes.join(", "));
  }
  // Within a longer string that is in base64: the characters that do not depend on their neighbors.
  for (const offset of [0, 1, 2]) {
    const coded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString("base64");
    const own = coded.slice(offset === 0 ? 0 : 4, -4);
    all.push(own, own.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...new Set(all.filter((form) => form.length >= 6))];
}

type Printer = (thing: unknown) => string;

/** How loggers and error trackers print what they are given. */
export const PRINTERS: Record<string, Printer> = {
  "console.error": (thing) => format(thing),
  "util.inspect": (thing) =>
    inspect(thing, {
      ...{ maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY },
      ...{ depth: Number.POSITIVE_INFINITY, showHidden: true, customInspect: false, getters: true },
    }),
  String,
  "JSON.stringify": (thing) => JSON.stringify(thing),
  pino: (thing) => JSON.stringify(serializeError(thing)),
  Sentry: (thing) => [...listTexts(thing, new Set())].join("\n"),
};

/** Prints everything about these things in every way. */
export const print = (...things: unknown[]): string => things.flatMap(textsOf).join("\n");

function textsOf(thing: unknown): string[] {
  if (typeof thing === "string") return [thing];
  return Object.values(PRINTERS).flatMap((printer) => {
    try {
      return [String(printer(thing))];
    } catch {
      // A thing that cannot be printed in this way leaks nothing in this way.
      return [];
    }
  });
}

/** Serializes an error as pino does: the messages and stacks of its causes, and its own fields. */
function serializeError(thing: unknown, depth = 0): unknown {
  if (!(thing instanceof Error) || depth > 20) return thing;
  const causes: Error[] = [];
  for (let each: unknown = thing; each instanceof Error && causes.length < 20; each = each.cause) causes.push(each);
  const fields: Record<string, unknown> = {};
  // As pino does: inherited fields, too.
  for (const name in thing) fields[name] = serializeError(Reflect.get(thing, name), depth + 1);
  return {
    type: thing.constructor.name,
    message: causes.map(({ message }) => message).join(": "),
    stack: causes.map(({ stack }) => stack).join("\ncaused by: "),
    aggregateErrors: (thing as AggregateError).errors?.map((each: unknown) => serializeError(each, depth + 1)),
    ...fields,
  };
}

/**
 * Walks through a thing as error trackers do, which show everything: properties that are not enumerable, symbols, and what
 * the getters of prototypes return.
 */
function* listTexts(thing: unknown, seen: Set<unknown>): Generator<string> {
  if (typeof thing !== "object" || thing === null) {
    if (typeof thing !== "function") yield String(thing);
    return;
  }
  if (seen.has(thing) || seen.size > 10_000) return;
  seen.add(thing);
  if (ArrayBuffer.isView(thing))
    return yield Buffer.from(thing.buffer, thing.byteOffset, thing.byteLength).toString("hex");
  if (thing instanceof Map || thing instanceof Set) for (const each of thing) yield* listTexts(each, seen);
  for (let owner: object | null = thing; owner && !STANDARD.has(owner); owner = Object.getPrototypeOf(owner)) {
    for (const name of Reflect.ownKeys(owner)) {
      yield String(name);
      // A getter may throw.
      yield* listTexts(
        readSafely(() => Reflect.get(owner, name, thing)),
        seen,
      );
    }
  }
}

const STANDARD = new Set<object>([Object, Array, Map, Set, Promise, Date].map(({ prototype }) => prototype));

/** Returns the spellings of these secrets that the text contains. */
export const findLeaks = (text: string, ...secrets: string[]): string[] =>
  secrets.flatMap(spellings).filter((spelling) => text.includes(spelling));

type Method = (...args: unknown[]) => unknown;

/** Replaces every method of these objects by one that calls `before` first. */
export function spyOnAll(ports: object, before: (name: string, args: unknown[]) => void): void {
  for (const [port, methods] of Object.entries(ports) as [string, Record<string, unknown>][]) {
    for (const [name, method] of Object.entries(methods)) {
      if (typeof method !== "function") continue;
      methods[name] = (...args: unknown[]) => {
        before(`${port}.${name}`, args);
        return Reflect.apply(method as Method, methods, args);
      };
    }
  }
}

/** Functions of the language that read a string from its start to its end. */
const READERS: [owner: object, title: string, names: PropertyKey[]][] = [
  [String.prototype, "String", "normalize toLowerCase toUpperCase replace replaceAll split match matchAll".split(" ")],
  [String.prototype, "String", "isWellFormed toWellFormed includes indexOf lastIndexOf search trim concat".split(" ")],
  [String.prototype, "String", ["trimStart", Symbol.iterator]],
  [RegExp.prototype, "RegExp", ["test", "exec"]],
  [TextEncoder.prototype, "TextEncoder", ["encode", "encodeInto"]],
  [JSON, "JSON", ["stringify"]],
];
const isLong = (value: unknown): boolean =>
  (typeof value === "string" || value instanceof Uint8Array) && value.length > 10_000;

/** Returns which of them were called on long strings during a run: none, if only lengths were looked at. */
export async function workOnLongStrings(run: () => Promise<unknown>): Promise<string[]> {
  const done: string[] = [];
  const originals: [object, PropertyKey, PropertyDescriptor][] = [];
  let isNested = false;
  for (const [owner, title, names] of READERS) {
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name);
      if (!descriptor) throw new Error(`${title}.${String(name)} is missing.`);
      originals.push([owner, name, descriptor]);
      const value = function (this: unknown, ...args: unknown[]) {
        if (isNested) return descriptor.value.apply(this, args);
        isNested = true;
        try {
          const subject = this instanceof String ? String(this) : this;
          if ([subject, ...args].some(isLong)) done.push(`${title}.${String(name)}`);
          return descriptor.value.apply(this, args);
        } finally {
          isNested = false;
        }
      };
      Object.defineProperty(owner, name, { ...descriptor, value });
    }
  }
  try {
    await run();
  } finally {
    for (const original of originals) Object.defineProperty(...original);
  }
  return done;
}
