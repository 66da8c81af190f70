import { TimeSpan } from "oslo";
import { describe, expect, test } from "vitest";
import * as shape from "../../../src/lib/shape.ts";
import { relatchError } from "../../helpers/errors.ts";

const { aFunction, anArrayOf, anInteger, anObject, anObjectWith, anOptionalObject, aTimeSpan } = shape;
const { describeType, hasMethod, mustBe, oneOf, optional, readOptions } = shape;

const refusal = (...keywords: string[]) => relatchError("ERR_OPTIONS", keywords.join(""));
const run = () => {};

describe("describeType", () => {
  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [42, "42"],
    [Number.NaN, "NaN"],
    [true, "true"],
    ["", "an empty string"],
    ["secret", "a string"],
    [[], "an empty array"],
    [["secret"], "an array"],
    [{}, "an object"],
    [new Date(0), "an object"],
    [new Uint8Array(16), "bytes"],
    [new ArrayBuffer(16), "bytes"],
    [run, "a function"],
    [7n, "a bigint"],
    [Symbol("secret"), "a symbol"],
  ])("calls %o %s", (value, description) => {
    expect(describeType(value)).toBe(description);
  });
});

test("mustBe names the path, the demand, the type received and the example", () => {
  expect(mustBe("limits.client", "a rule", "secret", "{ max: 3 }")).toMatchObject({
    name: "RelatchError",
    code: "ERR_OPTIONS",
    message: "limits.client must be a rule, received a string. Example: { max: 3 }.",
  });
  expect(mustBe("now", "a function", 7).message).toBe("now must be a function, received 7.");
});

/** A reader, the values it accepts with their results, and the values it refuses. */
const READERS: [string, shape.Reader<unknown>, accepted: [unknown, unknown][], refused: unknown[], demand: string][] = [
  ["aFunction", aFunction(), [[run, run]], [undefined, null, {}, "run"], "a function"],
  [
    "anInteger",
    anInteger(1),
    [1, 2 ** 31 - 1].map((n) => [n, n]),
    [0, -1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, "8", 8n, null, undefined, {}],
    "a whole number from 1 to 2147483647",
  ],
  ["anInteger with a maximum", anInteger(3, 5), [3, 5].map((n) => [n, n]), [2, 6], "a whole number from 3 to 5"],
  [
    "oneOf",
    oneOf("allow", "refuse"),
    [["refuse", "refuse"]],
    ["", "Allow", undefined, ["allow"]],
    '"allow" or "refuse"',
  ],
  [
    "anArrayOf",
    anArrayOf(anInteger(1)),
    [
      [[], []],
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [undefined, {}, "1", new Set([1])],
    "an array",
  ],
  [
    "aTimeSpan",
    aTimeSpan(),
    [
      [new TimeSpan(30, "m"), 1_800_000],
      [new TimeSpan(24, "h"), 86_400_000],
      [new TimeSpan(1, "ms"), 1],
      [{ milliseconds: () => 1.6 }, 2],
    ],
    [0, -1, 24.001, Number.NaN, Number.POSITIVE_INFINITY].map((hours) => new TimeSpan(hours, "h")),
    "a TimeSpan from 1 ms to 24 hours",
  ],
  ["aTimeSpan of another kind", aTimeSpan(), [], [undefined, null, 3600, "1h", { milliseconds: 1 }], "a TimeSpan"],
  [
    "aTimeSpan with limits",
    aTimeSpan({ min: 1000, max: 3_600_000 }),
    [
      [new TimeSpan(1, "s"), 1000],
      [new TimeSpan(1, "h"), 3_600_000],
    ],
    [new TimeSpan(999, "ms"), new TimeSpan(61, "m")],
    "a TimeSpan from 1000 ms to 1 hours",
  ],
  [
    "anObject",
    anObject({ max: anInteger(1) }),
    [[{ max: 3 }, { max: 3 }]],
    [undefined, null, [], "x", run],
    "an object",
  ],
  [
    "anOptionalObject",
    anOptionalObject({ max: optional(anInteger(1), 9) }),
    [[undefined, { max: 9 }]],
    [null, 3],
    "an object",
  ],
  ["anObjectWith", anObjectWith(["send"]), [], [undefined, null, "x", 7], "an object with send()"],
  ["anObjectWith of several", anObjectWith(["a", "b"]), [], [true], "an object with a(), b()"],
];

describe.each(READERS)("%s", (_, read, accepted, refused, demand) => {
  test("accepts its values and returns them", () => {
    for (const [value, result] of accepted) expect(read(value, "option")).toEqual(result);
  });

  test.each(refused.map((value) => [value]))("refuses %o with the path and the demand", (value) => {
    expect(() => read(value, "limits.x")).toThrow(refusal(`limits.x must be ${demand}`));
  });
});

test("aTimeSpan shows the length that it refuses", () => {
  expect(() => aTimeSpan()(new TimeSpan(48, "h"), "tokenLifetime")).toThrow(refusal("received 172800000 ms"));
  expect(() => aTimeSpan()("48h", "tokenLifetime")).toThrow(refusal("received a string"));
});

test("anArrayOf returns a frozen copy and names the item that it refuses", () => {
  const given = [1, 2];
  const read = anArrayOf(anInteger(1))(given, "list");
  given.push(3);
  expect(read).toEqual([1, 2]);
  expect(Object.isFrozen(read)).toBe(true);
  expect(() => anArrayOf(anInteger(1))([1, 0], "list")).toThrow(refusal("list[1] must be"));
});

test("anObjectWith returns the object itself, a class instance or a function included", () => {
  class Store {
    send() {}
  }
  for (const value of [new Store(), Object.assign(() => {}, { send() {} })]) {
    expect(anObjectWith(["send"])(value, "mailer")).toBe(value);
  }
});

test.each<[object, string]>([
  [{}, "users.find must be a function, received undefined"],
  [{ find: "yes" }, "users.find must be a function, received a string"],
  [{ find() {}, set: null }, "users.set must be a function, received null"],
  [{ find() {}, set: 7 }, "users.set must be a function, received 7"],
])("anObjectWith refuses %o and names the method", (value, message) => {
  expect(() => anObjectWith(["find"], ["set"])(value, "users")).toThrow(refusal(message));
});

test("anObjectWith accepts an optional method, undefined, or nothing in its place", () => {
  for (const rest of [{ set() {} }, { set: undefined }, {}]) {
    expect(() => anObjectWith(["find"], ["set"])({ find() {}, ...rest }, "users")).not.toThrow();
  }
});

test("optional returns undefined or the fallback if the option is left out, and reads everything else", () => {
  expect(optional(anInteger(1))(undefined, "max")).toBeUndefined();
  expect(optional(anInteger(1), 5)(undefined, "max")).toBe(5);
  expect(optional(anInteger(1), 5)(7, "max")).toBe(7);
  expect(() => optional(anInteger(1), 5)(null, "max")).toThrow(refusal("max must be"));
});

test("hasMethod tells objects with a method from everything else", () => {
  expect(hasMethod({ query() {} }, "query")).toBe(true);
  for (const value of [undefined, null, {}, { query: 1 }, "text"]) expect(hasMethod(value, "query")).toBe(false);
});

describe("readOptions", () => {
  const SHAPE = {
    concurrency: optional(anInteger(1), 8),
    waitUntil: optional(aFunction()),
    limits: anOptionalObject({ client: optional(anObject({ max: anInteger(1) })) }),
  };
  const read = (options: unknown) => readOptions("background", options, SHAPE);

  test("returns every option of the shape, those that were left out with their defaults", () => {
    expect(read({ waitUntil: run })).toEqual({
      concurrency: 8,
      waitUntil: run,
      limits: { client: undefined },
    });
    expect(read(Object.create(null))).toMatchObject({ concurrency: 8 });
  });

  test.each([undefined, null, 7, "options", [], run].map((options) => [options]))(
    "refuses %o as options",
    (options) => {
      expect(() => read(options)).toThrow(refusal("The options of background must be an object"));
    },
  );

  test.each<[object, string]>([
    [{ concurrency: 0 }, "background.concurrency must be"],
    [{ limits: { client: 3 } }, "background.limits.client must be an object"],
    [{ limits: { client: { max: 0 } } }, "background.limits.client.max must be"],
  ])("names the whole path of an option that is refused: %j", (options, message) => {
    expect(() => read(options)).toThrow(refusal(message));
  });

  test.each<[object, string]>([
    [{ concurency: 1 }, 'Unknown option "background.concurency". Did you mean "concurrency"?'],
    [{ Concurrency: 1 }, 'Unknown option "background.Concurrency". Did you mean "concurrency"?'],
    [{ waituntil: run }, 'Did you mean "waitUntil"?'],
    [{ waitUntl: run }, 'Did you mean "waitUntil"?'],
    [{ limit: {} }, 'Did you mean "limits"?'],
    [{ limits: { clint: {} } }, 'Unknown option "background.limits.clint". Did you mean "client"?'],
    [{ perUser: 1 }, 'Unknown option "background.perUser". Known options: concurrency, waitUntil, limits.'],
    [{ lim: {} }, "Known options:"],
    [{ constructor: 1 }, "Known options:"],
  ])("refuses an unknown option of %o and shows the nearest name or all names", (options, message) => {
    expect(() => read(options)).toThrow(refusal(message));
  });

  test("refuses an unknown option also if its value is undefined", () => {
    expect(() => read({ tokenLifeTime: undefined })).toThrow(refusal("tokenLifeTime"));
  });
});
