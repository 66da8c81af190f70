import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type Job, newJob, parseJob } from "../src/jobs.ts";
import { harness } from "./harness.ts";
import { WRONG_OPTIONS } from "./helpers/errors.ts";

const AT = Date.UTC(2026, 0, 1);
const REQUEST: Job = {
  ...newJob(new Date(AT)),
  type: "reset_requested",
  email: "mike@example.org",
  locale: "en",
  tenant: "blue",
};
const FOLLOW_UP: Job = {
  ...newJob(new Date(AT)),
  type: "password_changed",
  userId: "42",
  previousStamp: "A".repeat(43),
  stamp: "B".repeat(43),
  locale: "ru",
};
const without = (job: Job, name: string) =>
  Object.fromEntries(Object.entries(job).filter(([key]) => key !== name));
const defined = (job: Job | undefined) => job && JSON.parse(JSON.stringify(job));

test("a new job has a random id and the time", () => {
  const job = newJob(new Date(AT));
  expect(job).toEqual({
    v: 1,
    id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    at: AT,
  });
  expect(new Set(Array.from({ length: 1000 }, () => newJob(new Date(AT)).id)).size).toBe(1000);
});

describe.each([
  ["reset_requested", REQUEST],
  ["password_changed", FOLLOW_UP],
] as const)("%s", (_, job) => {
  test("comes out of a queue as it went in", () => {
    expect(defined(parseJob(JSON.parse(JSON.stringify(job))))).toEqual(defined(job));
  });

  test("may do without language and tenant", () => {
    const bare = without({ ...job, tenant: undefined } as Job, "locale");
    expect(defined(parseJob(bare))).toEqual(JSON.parse(JSON.stringify(bare)));
  });

  test("loses what it should not have", () => {
    const extra = { ...job, token: "secret", to: "evil@example.com", revoke: true, constructor: "x" };
    expect(Object.keys(parseJob(extra) ?? {}).filter((key) => !(key in job) && key !== "tenant")).toEqual([]);
  });

  test("is read from an object without a prototype, and from a frozen one", () => {
    expect(defined(parseJob(Object.assign(Object.create(null), job)))).toEqual(defined(job));
    expect(defined(parseJob(Object.freeze({ ...job })))).toEqual(defined(job));
  });

  const required = Object.keys(job).filter((name) => !["locale", "tenant"].includes(name));
  test.each(required)("is nothing without its %s, whoever else has one (prototype pollution)", (name) => {
    expect(parseJob(without(job, name))).toBeUndefined();
    expect(parseJob(Object.assign(Object.create(job), without(job, name)))).toBeUndefined();
    const prototype = Object.prototype as Record<string, unknown>;
    prototype[name] = job[name as keyof Job];
    try {
      expect(parseJob(without(job, name))).toBeUndefined();
    } finally {
      delete prototype[name];
    }
  });

  const wrong = [
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    "",
    [],
    {},
    ["x"],
    Symbol("x"),
    () => "x",
    new String("x"),
    "x".repeat(321),
  ];
  test.each(required)("is nothing when its %s is of another kind", (name) => {
    const legal: unknown[] = name === "at" ? [0, -1] : [];
    for (const value of wrong.filter((each) => !legal.includes(each))) {
      expect([value, parseJob({ ...job, [name]: value })]).toEqual([value, undefined]);
    }
  });

  test.each(["locale", "tenant"])("is nothing when its %s is of another kind", (name) => {
    for (const value of wrong.filter((each) => each !== undefined)) {
      expect([value, parseJob({ ...job, [name]: value })]).toEqual([value, undefined]);
    }
  });

  test.each([
    ["another version", { v: 2 }],
    ["the version in words", { v: "1" }],
    ["another type", { type: "reset" }],
    ["a type of every object", { type: "constructor" }],
    ["the time as a date", { at: new Date(AT) }],
    ["the time as JSON has it", { at: new Date(AT).toISOString() }],
    ["NaN for the time", { at: Number.NaN }],
    ["no end of time", { at: Number.POSITIVE_INFINITY }],
    ["an instant that no date can hold", { at: 8.64e15 + 1 }],
    ["an instant before all others", { at: -8.64e15 - 1 }],
    ["an over-long id", { id: "x".repeat(65) }],
    ["an over-long language", { locale: "x".repeat(65) }],
    ["an over-long tenant", { tenant: "x".repeat(257) }],
  ])("is nothing with %s", (_, changes) => {
    expect(parseJob({ ...job, ...changes })).toBeUndefined();
  });
});

test("a job may be of any instant that a date can hold", () => {
  for (const at of [0, 8.64e15]) expect(parseJob({ ...REQUEST, at })).toMatchObject({ at });
});

describe("reset_requested", () => {
  test("has an address in canonical form", () => {
    expect(parseJob({ ...REQUEST, email: " Mike@EXAMPLE.org " })).toMatchObject({
      email: "mike@example.org",
    });
    for (const email of [
      "mike",
      "a@x.com,b@x.com",
      "mike@example.org\nBcc: all@x.com",
      ["mike@example.org"],
    ]) {
      expect(parseJob({ ...REQUEST, email })).toBeUndefined();
    }
  });
});

test.each([
  ["x", 256],
  ["щ", 256],
  ["😀", 128],
] as const)("a job carries every tenant that a request may name: %s, %i times", async (letter, times) => {
  const tenant = letter.repeat(times);
  const jobs: Job[] = [];
  const dispatcher = { dispatch: async (job: Job) => jobs.push(job) };
  const { passwordReset, events } = harness({ dispatcher });
  await passwordReset.requestReset({ email: "mike@example.org", ip: null, tenant });
  expect(parseJob(jobs[0])).toMatchObject({ tenant });
  await passwordReset.deliver(jobs[0]);
  expect(events.at(-1)).toMatchObject({ type: "request_skipped", reason: "unknown_account" });
});

test("a tenant that no job can carry is refused at the door, not lost behind it", async () => {
  const { passwordReset } = harness();
  const request = passwordReset.requestReset({ email: "mike@example.org", ip: null, tenant: "blue\ud800" });
  await expect(request).rejects.toEqual(WRONG_OPTIONS);
});

describe("password_changed", () => {
  test("carries the longest id that an account has", () => {
    for (const userId of ["x".repeat(128), "😀".repeat(32)]) {
      expect(parseJob({ ...FOLLOW_UP, userId })).toMatchObject({ userId });
    }
  });

  test.each([
    ["an id of more bytes than any account has", { userId: "x".repeat(129) }],
    ["an id of more bytes than any account has, in fewer characters", { userId: "😀".repeat(33) }],
    ["an id with a lone surrogate", { userId: "42\ud800" }],
    ["an over-long stamp", { stamp: "x".repeat(65) }],
    ["an over-long previous stamp", { previousStamp: "x".repeat(65) }],
  ])("is nothing with %s", (_, changes) => {
    expect(parseJob({ ...FOLLOW_UP, ...changes })).toBeUndefined();
  });
});

describe("what is no job at all", () => {
  const throws = () => {
    throw new Error("a trap");
  };
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", JSON.stringify(REQUEST)],
    ["a number", 1],
    ["a function", Object.assign(() => {}, REQUEST)],
    ["a list", [REQUEST]],
    ["nothing but prototypes", Object.create(REQUEST)],
    ["a Map", new Map(Object.entries(REQUEST))],
    [
      "a getter that throws",
      Object.defineProperty({ ...REQUEST }, "email", { get: throws, enumerable: true }),
    ],
    ["a proxy that throws", new Proxy({}, { ownKeys: throws })],
    [
      "a revoked proxy",
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
    ],
  ])("%s", (_, input) => {
    expect(parseJob(input)).toBeUndefined();
  });

  test("anything else, without an exception", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (input) => {
        expect(parseJob(input)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });
});

test("a job reads the same when one of its fields is anything (property)", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(REQUEST, FOLLOW_UP),
      fc.constantFrom(
        "v",
        "type",
        "id",
        "at",
        "email",
        "locale",
        "tenant",
        "userId",
        "stamp",
        "__proto__",
        "extra",
      ),
      fc.anything(),
      (job, name, value) => {
        const parsed = parseJob(
          Object.defineProperty({ ...job }, name, { value, enumerable: true, configurable: true }),
        );
        if (parsed === undefined) return;
        // What passed is plain, and passes again as it is.
        expect(defined(parseJob(JSON.parse(JSON.stringify(parsed))))).toEqual(defined(parsed));
        for (const part of Object.values(parsed))
          expect(["string", "number", "undefined"]).toContain(typeof part);
      },
    ),
    { numRuns: 2000 },
  );
});

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
});
