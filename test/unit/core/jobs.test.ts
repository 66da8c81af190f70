import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createJob, findSigningKey, parseJob, signJob } from "../../../src/core/jobs.ts";
import type { Job } from "../../../src/ports/contract.ts";
import { randomKey } from "../../helpers/reference.ts";

const AT = Date.UTC(2026, 0, 1);
const REQUEST: Job = {
  ...createJob(new Date(AT)),
  ...{ type: "reset_requested", email: "mike@example.org", locale: "en", tenant: "blue" },
};
const FOLLOW_UP: Job = {
  ...createJob(new Date(AT)),
  ...{ type: "follow_up", userId: "42", email: "Mike@example.org", locale: "ru", tenant: "blue" },
  ...{ previousStamp: "A".repeat(43), stamp: "B".repeat(43), isCommitted: false },
};
const WITH_CODE: Job = { ...REQUEST, ticketDigest: "0a".repeat(32), codeExpiresAt: AT + 600_000 } as Job;
const without = (job: Job, name: string) => Object.fromEntries(Object.entries(job).filter(([key]) => key !== name));
const toJson = (job: unknown) => job && JSON.parse(JSON.stringify(job));
const raise = () => {
  throw new Error("a trap");
};

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("createJob gives every job another random id, and the time", () => {
  expect(createJob(new Date(AT))).toEqual({
    v: 2,
    id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    at: AT,
  });
  expect(new Set(Array.from({ length: 1000 }, () => createJob(new Date(AT)).id)).size).toBe(1000);
});

const KEYS = [randomKey(), randomKey()];

describe.each([
  ["reset_requested", REQUEST],
  ["reset_requested, with a code,", WITH_CODE],
  ["follow_up", FOLLOW_UP],
] as const)("The MAC of a %s job", (_, job) => {
  test("is made with the first key, and any key verifies", () => {
    const signed = signJob<Job>(job, KEYS);
    expect(signed.mac).toMatch(/^[\w-]{43}$/);
    const rings = [KEYS, KEYS.toReversed(), KEYS.slice(1), [randomKey()], []];
    const [first] = KEYS;
    expect(rings.map((keys) => findSigningKey(signed, keys))).toEqual([first, first, undefined, undefined, undefined]);
    expect(findSigningKey(job, KEYS)).toBeUndefined();
  });

  test("covers every field: a changed, missing or added one is noticed", () => {
    const signed = signJob<Job>(job, KEYS);
    const survivors: string[] = [];
    for (const [name, value] of Object.entries(job)) {
      const isText = typeof value === "string";
      const other = typeof value === "boolean" ? !value : isText ? `${value}x` : Number(value) + 1;
      for (const changed of [
        { ...signed, [name]: other },
        without(signed, name),
        { ...signed, [name]: String(value) },
      ]) {
        if ((!isText || changed[name as "id"] !== value) && findSigningKey(changed as Job, KEYS)) survivors.push(name);
      }
    }
    expect(survivors).toEqual([]);
    expect(findSigningKey(Object.assign({ extra: "x" }, signed), KEYS)).toBeUndefined();
    // The control: what JSON changes is not a change.
    expect(findSigningKey(toJson({ ...signed, tenant: signed.tenant ?? undefined }), KEYS)).toBe(KEYS[0]);
  });

  test("tells apart where one field ends and the next starts, and what type a value has", () => {
    const signed = signJob({ ...job, id: "a", locale: "bc" } as Job, KEYS);
    expect(findSigningKey({ ...signed, id: "ab", locale: "c" }, KEYS)).toBeUndefined();
    expect(findSigningKey({ ...signed, at: String(signed.at) as never }, KEYS)).toBeUndefined();
  });
});

describe.each([
  ["reset_requested", REQUEST],
  ["follow_up", FOLLOW_UP],
] as const)("parseJob of a %s job", (_, job) => {
  test("returns it as it went into the queue, with or without tenant and MAC", () => {
    const bare = toJson({ ...job, tenant: undefined });
    for (const input of [
      toJson(job),
      bare,
      toJson(signJob(job, KEYS)),
      Object.freeze({ ...job }),
      Object.assign(Object.create(null), job),
    ]) {
      expect(toJson(parseJob(input))).toEqual(toJson(input));
    }
  });

  test.each(["token", "to", "constructor", "Email", "", "0"])("refuses it with the unknown field %j", (name) => {
    for (const value of ["x", true, undefined]) expect(parseJob({ ...job, [name]: value })).toBeUndefined();
  });

  const required = Object.keys(job).filter((name) => name !== "tenant");
  test.each(required)("refuses it without its own %s, even if its prototype has one", (name) => {
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

  const text = [null, true, 0, -1, 1.5, "", [], {}, ["x"], Symbol("x"), () => "x", new String("x"), "x".repeat(321)];
  const number = text.filter((value) => value !== 0).concat(Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1);
  test.each([...required, "tenant", "mac"])("refuses it if its %s has another type or length", (name) => {
    const wrong = name === "at" ? [...number, new Date(AT), new Date(AT).toISOString()] : text;
    const mayBe = (value: unknown) =>
      (name === "isCommitted" && value === true) ||
      // The address on file, whatever is there.
      (job.type === "follow_up" && name === "email" && typeof value === "string");
    for (const value of wrong.filter((each) => !mayBe(each))) {
      expect([value, parseJob({ ...job, [name]: value })]).toEqual([value, undefined]);
    }
  });

  test.each([
    ["version 1", { v: 1 }],
    ["a version that is a string", { v: "2" }],
    ["another type", { type: "constructor" }],
    ["an id that is too long", { id: "x".repeat(65) }],
    ["a locale that is too long", { locale: "x".repeat(65) }],
    ["a tenant that is too long", { tenant: "x".repeat(257) }],
    ["a lone surrogate", { id: "a\ud800" }],
  ])("refuses it with %s", (_, changes) => {
    expect(parseJob({ ...job, ...changes })).toBeUndefined();
  });

  test.each<[string, object, object]>([
    ["any instant that a date can hold", { at: 0 }, { at: 8.64e15 }],
    ["the longest id and locale", { id: "x".repeat(64) }, { locale: "x".repeat(64) }],
  ])("accepts %s", (_, ...changes) => {
    for (const change of changes) expect(parseJob({ ...job, ...change })).toMatchObject(change);
  });
});

describe("parseJob", () => {
  test.each(["x".repeat(256), "щ".repeat(256), "😀".repeat(128)])("accepts every tenant of a request: %s", (tenant) => {
    expect(parseJob({ ...REQUEST, tenant })).toMatchObject({ tenant });
  });

  test("refuses the address of a request unless it is in canonical form", () => {
    for (const email of ["Mike@example.org", " mike@example.org", "mike", "a@x.com,b@x.com", "a@x.com\nBcc: b@x.com"]) {
      expect(parseJob({ ...REQUEST, email })).toBeUndefined();
    }
  });

  test.each([
    ["128 bytes", { userId: "x".repeat(128) }, true],
    ["128 bytes in fewer characters", { userId: "😀".repeat(32) }, true],
    ["129 bytes", { userId: "x".repeat(129) }, false],
    ["132 bytes in fewer characters", { userId: "😀".repeat(33) }, false],
    ["a lone surrogate", { userId: "42\ud800" }, false],
    ["a stamp of 64 characters", { stamp: "x".repeat(64), previousStamp: "x".repeat(64) }, true],
    ["a stamp of 65 characters", { stamp: "x".repeat(65) }, false],
    ["a previous stamp of 65 characters", { previousStamp: "x".repeat(65) }, false],
  ])("judges a follow-up job with an id or stamp of %s by its length", (_, changes, isAccepted) => {
    expect(parseJob({ ...FOLLOW_UP, ...changes }) !== undefined).toBe(isAccepted);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", JSON.stringify(REQUEST)],
    ["a number", 1],
    ["a function", Object.assign(() => {}, REQUEST)],
    ["an array", [REQUEST]],
    ["an object that inherits everything", Object.create(REQUEST)],
    ["a Map", new Map(Object.entries(REQUEST))],
    ["a getter that throws", Object.defineProperty({ ...REQUEST }, "email", { get: raise, enumerable: true })],
    ["a proxy that throws", new Proxy({}, { getOwnPropertyDescriptor: raise })],
  ])("refuses %s", (_, input) => {
    expect(parseJob(input)).toBeUndefined();
  });

  test("refuses everything else without throwing", () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });
    fc.assert(
      fc.property(anything, (input) => {
        expect(parseJob(input)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
