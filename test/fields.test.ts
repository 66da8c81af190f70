import { describe, expect, test } from "vitest";
import { ownFields } from "../src/fields.ts";

const throws = () => {
  throw new Error("a trap");
};

describe("ownFields", () => {
  test("holds what the object itself holds, and has no prototype", () => {
    const fields = ownFields({ email: "a@x.com", nested: { deep: 1 }, nothing: undefined });
    expect(Object.getPrototypeOf(fields)).toBeNull();
    expect(Object.entries(fields)).toEqual([
      ["email", "a@x.com"],
      ["nested", { deep: 1 }],
      ["nothing", undefined],
    ]);
  });

  test("is a copy", () => {
    const input = { email: "a@x.com" };
    ownFields(input)["email"] = "b@x.com";
    expect(input.email).toBe("a@x.com");
  });

  test("holds nothing that is inherited (prototype pollution)", () => {
    const prototype = Object.prototype as Record<string, unknown>;
    prototype["tenant"] = "evil";
    try {
      expect(ownFields({})["tenant"]).toBeUndefined();
      expect(ownFields(Object.create({ email: "evil" }))["email"]).toBeUndefined();
      expect(ownFields({})["toString"]).toBeUndefined();
    } finally {
      delete prototype["tenant"];
    }
  });

  test("takes __proto__ of a JSON body for a field like any other", () => {
    const fields = ownFields(JSON.parse('{"__proto__":{"email":"evil"},"constructor":{"prototype":{}}}'));
    expect(Object.keys(fields)).toEqual(["__proto__", "constructor"]);
    expect(fields["email"]).toBeUndefined();
    expect({}).not.toHaveProperty("email");
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "email"],
    ["a number", 1],
    ["a symbol", Symbol("x")],
    ["a function", Object.assign(() => {}, { email: "a@x.com" })],
    [
      "a getter that throws",
      {
        email: "a@x.com",
        get ip() {
          return throws();
        },
      },
    ],
    ["a proxy that throws", new Proxy({ email: "a@x.com" }, { ownKeys: throws })],
  ])("of %s are none", (_, input) => {
    expect(Object.keys(ownFields(input))).toEqual([]);
  });
});
