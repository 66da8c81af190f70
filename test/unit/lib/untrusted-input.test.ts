import { describe, expect, test } from "vitest";
import { readOwnField, readSafely } from "../../../src/lib/untrusted-input.ts";

const raise = () => {
  throw new Error("a trap");
};

test("readSafely returns the value, or undefined if reading throws", () => {
  expect(readSafely(() => 7)).toBe(7);
  expect(readSafely(raise)).toBeUndefined();
});

describe("readOwnField", () => {
  test.each([
    ["an object", { email: "a@x.com" }],
    ["an object without a prototype", Object.assign(Object.create(null), { email: "a@x.com" })],
    ["an array with a property", Object.assign([], { email: "a@x.com" })],
    ["an object with a getter", Object.defineProperty({}, "email", { get: () => "a@x.com" })],
  ])("reads a field of %s", (_, input) => {
    expect(readOwnField(input, "email")).toBe("a@x.com");
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "email"],
    ["a number", 1],
    ["a symbol", Symbol("x")],
    ["a function", Object.assign(() => {}, { email: "a@x.com" })],
    ["an object that inherits the field", Object.create({ email: "a@x.com" })],
    ["a getter that throws", Object.defineProperty({}, "email", { get: raise })],
    ["a proxy that throws", new Proxy({}, { getOwnPropertyDescriptor: raise })],
  ])("returns undefined for %s", (_, input) => {
    expect(readOwnField(input, "email")).toBeUndefined();
  });

  test("ignores everything that was put on Object.prototype", () => {
    const prototype = Object.prototype as Record<string, unknown>;
    prototype["tenant"] = "evil";
    try {
      expect(readOwnField({}, "tenant")).toBeUndefined();
      expect(readOwnField({}, "toString")).toBeUndefined();
      expect(readOwnField({}, "__proto__")).toBeUndefined();
    } finally {
      delete prototype["tenant"];
    }
  });
});
