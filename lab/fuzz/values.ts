import { createContext, runInContext } from "node:vm";
import fc from "fast-check";

// Arbitrary JavaScript values, as no schema has ever seen them.

const trap = (): never => {
  throw new TypeError("a trap");
};
const TRAPS: ProxyHandler<object> = {
  get: trap,
  has: trap,
  ownKeys: trap,
  getPrototypeOf: trap,
  getOwnPropertyDescriptor: trap,
  set: trap,
  defineProperty: trap,
};

function revokedProxy(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Says that it has whatever it is asked for, and that it is whatever was wanted. */
const yesMan: object = new Proxy(() => "yes", {
  get(_, name) {
    // With a `then` that never settles, `await` would wait forever.
    if (name === "then") return undefined;
    return name === Symbol.toPrimitive ? () => "yes" : yesMan;
  },
  has: () => true,
  apply: () => yesMan,
});

const THEN = "then";
type Executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
const thenable = (then: Executor) => ({ [THEN]: then });

const foreign = createContext({});
const HUGE = "x".repeat(1_000_000);
const DEEP = Array.from({ length: 2000 }).reduce<unknown>((inner) => [inner], "deep");
const circular: unknown[] = [];
circular.push(circular, { circular });

/** One of each kind that is awkward to make at random. */
const ODD: readonly (() => unknown)[] = [
  () => new Proxy({}, TRAPS),
  () => new Proxy([], TRAPS),
  () => new Proxy(() => {}, TRAPS),
  () => revokedProxy({}),
  () => revokedProxy([]),
  () => revokedProxy(() => {}),
  () => yesMan,
  () => HUGE,
  () => `${HUGE}@example.org`,
  () => "@".repeat(100_000),
  () => "\ud800",
  () => "a\0b",
  () => DEEP,
  () => circular,
  () => Symbol("symbol"),
  () => Symbol.iterator,
  () => 2n ** 200n,
  () => Number.NaN,
  () => -0,
  () => Number.MAX_SAFE_INTEGER,
  () => new Date(Number.NaN),
  () => new Date(0),
  () => new String("mike@example.org"),
  () => new Number(3),
  () => ["mike@example.org"],
  () => ["mike@example.org", "anna@example.org"],
  () => ({ 0: "m", length: 1 }),
  () => JSON.parse('{"__proto__":{"email":"x","tenant":"evil","polluted":true},"constructor":{"prototype":{}}}'),
  () => Object.create({ email: "mike@example.org", token: "x" }),
  () => Object.create(null),
  () => Object.freeze({ email: "mike@example.org" }),
  () => ({ toString: () => "mike@example.org", valueOf: trap }),
  () => ({ [Symbol.toPrimitive]: trap, toString: trap, toJSON: trap }),
  () => Object.defineProperty({}, "email", { get: trap, enumerable: true }),
  () => Object.defineProperty({}, "length", { get: trap }),
  () => thenable(trap),
  () => thenable((resolve) => resolve("mike@example.org")),
  () => thenable((_, reject) => reject(revokedProxy({}))),
  () => Object.defineProperties({}, { [THEN]: { get: trap } }),
  () => Promise.resolve("mike@example.org"),
  () => new Map([["email", "mike@example.org"]]),
  () => new Set(["mike@example.org"]),
  () => new Uint8Array(32).fill(7),
  () => new Float64Array(40),
  () => new DataView(new ArrayBuffer(40)),
  () => new ArrayBuffer(32),
  () => /a+/g,
  () => new Error("an error"),
  () => class Email {},
  () => trap,
  () => async () => {},
  () => function* generator() {},
  () => globalThis,
  () => Object.prototype,
  () => Function.prototype,
  () => Math,
  () => new URL("https://app.example.com/:token"),
  () => new WeakMap(),
  () => runInContext('({ email: "mike@example.org" })', foreign),
  () => runInContext("[new Uint8Array(32)]", foreign),
  () => new Array(5),
];

/**
 * How a value is made. Kept apart from the value until it is used: what throws when it is looked at would throw in
 * the hands of fast-check.
 */
export class Recipe {
  readonly make: () => unknown;
  readonly #name: string;

  constructor(name: string, make: () => unknown) {
    this.#name = name;
    this.make = make;
  }

  [fc.toStringMethod](): string {
    return this.#name;
  }
}

export type Recipes = fc.Arbitrary<Recipe>;

const nameOf = (value: unknown): string => fc.stringify(value).slice(0, 400);

/** Values that can be looked at. */
export const plain = (values: fc.Arbitrary<unknown>): Recipes =>
  values.map((value) => new Recipe(nameOf(value), () => value));

const odd: Recipes = fc.nat(ODD.length - 1).map((nth) => {
  const make = ODD[nth] as () => unknown;
  return new Recipe(`(${make})()`, make);
});

const anything = fc.anything({
  maxDepth: 2,
  maxKeys: 5,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

/** Any string: ASCII, the whole of Unicode, lone surrogates, long ones. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
  fc.string({ unit: "binary-ascii", maxLength: 400 }),
);

/** Any value at all. */
export const hostile: Recipes = fc.oneof(
  { weight: 4, arbitrary: odd },
  { weight: 3, arbitrary: plain(anything) },
  { weight: 2, arbitrary: plain(text) },
);

/** A value as it should be, or any other. */
export const mostly = (good: fc.Arbitrary<unknown>, weight = 3): Recipes =>
  fc.oneof({ weight, arbitrary: plain(good) }, { weight: 1, arbitrary: hostile });

/** One of these, or any other value. */
export const mostlyOf = (recipes: readonly (() => unknown)[], weight = 3): Recipes =>
  fc.oneof(
    { weight, arbitrary: fc.constantFrom(...recipes).map((make) => new Recipe(`(${make})()`, make)) },
    { weight: 1, arbitrary: hostile },
  );

/** Disguises of an object with these fields. */
const DISGUISES: readonly ((object: object) => unknown)[] = [
  ...new Array<(object: object) => unknown>(8).fill((object) => object),
  (object) => new Proxy(object, {}),
  (object) => Object.create(object),
  (object) => Object.assign(Object.create(null), object),
  (object) => Object.freeze(object),
  // Each of its fields throws when it is read.
  (object) => {
    const getters = Object.keys(object).map((name) => [name, { get: trap, enumerable: true }]);
    return Object.defineProperties({}, Object.fromEntries(getters));
  },
];

/** An object with these fields, some of them missing; or one of its disguises; or any value. */
export function shapeOf(fields: Record<string, Recipes>, required: readonly string[] = []): Recipes {
  const object = fc
    .tuple(fc.record(fields, { requiredKeys: [...required] }), fc.constantFrom(...DISGUISES))
    .map(([recipes, disguise]) => {
      const made = () =>
        Object.fromEntries(Object.entries(recipes).map(([name, recipe]) => [name, (recipe as Recipe).make()]));
      return new Recipe(`${disguise} of ${nameOf(recipes)}`, () => disguise(made()));
    });
  return fc.oneof({ weight: 12, arbitrary: object }, { weight: 1, arbitrary: hostile });
}

/** Reports whether no field of a value throws when it is read, as those of a revoked proxy do. */
export function isReadable(value: unknown, depth = 5): boolean {
  if (value === null || !["object", "function"].includes(typeof value)) return true;
  if (depth === 0 || value === globalThis) return true;
  try {
    const object = value as Record<PropertyKey, unknown>;
    if (Array.isArray(object) && object.length > 100) return true;
    const inherited = typeof value === "object" ? Reflect.getPrototypeOf(object) : null;
    const keys = [...Reflect.ownKeys(object), ...Object.keys(inherited ?? {}), THEN, "length"];
    return keys.every((key) => isReadable(object[key], depth - 1));
  } catch {
    return false;
  }
}
