import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isRelatchError, listCauses, nameError, RelatchError, readErrorCode } from "../../../src/lib/errors.ts";

const raise = () => {
  throw new Error("a trap");
};
/** An error whose every property throws when it is read. */
const unreadable = new Proxy({}, { get: raise, getPrototypeOf: raise });

describe("RelatchError", () => {
  test("is an Error with a name and a stable code", () => {
    const error = new RelatchError("ERR_OPTIONS", "Write it otherwise.");
    expect(error).toBeInstanceOf(Error);
    expect(`${error}`).toBe("RelatchError: Write it otherwise.");
    expect(error.code).toBe("ERR_OPTIONS");
    expect(error.stack).toContain("errors.test.ts");
    expect([error.detail, error.retryAfterSeconds, error.isWaiting]).toEqual([undefined, undefined, false]);
  });

  test("has no cause, whatever it is given", () => {
    const cause = new Error("INSERT INTO users … 'mike@example.org'");
    const error = new RelatchError("ERR_USER_STORE", "users.findById threw an error.", { cause } as object);
    expect("cause" in error).toBe(false);
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain("mike@");
  });

  test("is JSON with name, code, message and detail", () => {
    const error = new RelatchError("ERR_USER_STORE", "users.findById threw an error.", { detail: "42703" });
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: { name: "RelatchError", code: "ERR_USER_STORE", message: error.message, detail: "42703" },
    });
  });

  test("tells a dispatcher when the next attempt makes sense", () => {
    const error = new RelatchError("ERR_DISPATCHER", "Not yet.", { retryAfterSeconds: 15, isWaiting: true });
    expect([error.retryAfterSeconds, error.isWaiting]).toEqual([15, true]);
  });
});

describe("isRelatchError", () => {
  test("recognizes an error of another copy of the module", () => {
    const other = Object.assign(new Error("x"), { name: "RelatchError", code: "ERR_MAILER" });
    expect([other, new RelatchError("ERR_MAILER", "x")].map(isRelatchError)).toEqual([true, true]);
  });

  test.each([
    ["an error of a driver", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
    ["an object of that shape", { name: "RelatchError", code: "ERR_MAILER" }],
    ["nothing", undefined],
    ["an error that cannot be read", unreadable],
  ])("does not take %s for one", (_, error) => {
    expect(isRelatchError(error)).toBe(false);
  });
});

describe("readErrorCode", () => {
  test.each([
    [{ code: "ECONNREFUSED" }, "ECONNREFUSED"],
    [{ code: "EAUTH", responseCode: 535 }, "EAUTH 535"],
    [{ responseCode: 550 }, "550"],
    [{ code: "23505" }, "23505"],
    [{ code: 11000 }, "11000"],
    [{ code: -104 }, "-104"],
    [{ code: "X".repeat(32) }, "X".repeat(32)],
    [Object.assign(new Error("secret"), { code: "P2002" }), "P2002"],
  ])("reads from %o the code %s", (error, code) => {
    expect(readErrorCode(error)).toBe(code);
  });

  test("reads the code of a driver below the error of an ORM, and that of the ORM first", () => {
    const driver = { code: "42703" };
    expect(readErrorCode(new Error("Failed query", { cause: driver }))).toBe("42703");
    expect(readErrorCode({ code: "a b", cause: { cause: driver } })).toBe("42703");
    expect(readErrorCode({ code: "P2010", cause: driver })).toBe("P2010");
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a string", "ECONNREFUSED"],
    ["a number", 42],
    ["an error without a code", new Error("mike@example.org")],
    ["an address in place of a code", { code: "mike@example.org" }],
    ["eight digits, which could be a one-time code", { code: "12345678" }],
    ["a number of six digits", { code: 123456 }],
    ["a long code", { code: "X".repeat(33) }],
    ["a code in lower case", { code: "hunter" }],
    ["a code with a space", { code: "A B" }],
    ["a code of two lines", { code: "A\nB" }],
    ["an empty code", { code: "" }],
    ["an object in place of a code", { code: new String("X") }],
    ["an array in place of a code", { code: ["X"] }],
    ["the words of a server", { response: "550 <mike@example.org>" }],
    ["an error that cannot be read", unreadable],
  ])("reads nothing from %s, because it may be a secret", (_, error) => {
    expect(readErrorCode(error)).toBeUndefined();
  });
});

describe("listCauses", () => {
  test("lists an error and its causes, the outermost first", () => {
    const inner = new Error("inner");
    const outer = new Error("outer", { cause: inner });
    expect(listCauses(outer)).toEqual([outer, inner]);
    expect([listCauses(undefined), listCauses(null), listCauses("down")]).toEqual([[], [], ["down"]]);
  });

  test("ends for an error that is its own cause, and for one that cannot be read", () => {
    const endless: { cause?: unknown } = {};
    endless.cause = endless;
    expect(listCauses(endless)).toHaveLength(8);
    expect(listCauses(unreadable)).toHaveLength(1);
  });
});

describe("nameError", () => {
  test.each([
    ["an error of a driver", Object.assign(new Error("x"), { name: "DatabaseError" }), "a DatabaseError"],
    ["an error of pg", Object.assign(new Error("x"), { name: "error" }), "an error"],
    ["an error with a vowel", new AggregateError([]), "an AggregateError"],
    ["a plain error", new Error("x"), "an error"],
    ["a string", "down", "an error"],
    ["nothing", undefined, "an error"],
    ["an address in place of a name", { name: "mike@example.org" }, "an error"],
    [
      "a class with a long name",
      { name: "ProvisionedThroughputExceededException" },
      "a ProvisionedThroughputExceededException",
    ],
    ["a token in place of a name", { name: "aB3_".repeat(11).slice(0, 43) }, "an error"],
    ["an error that cannot be read", unreadable, "an error"],
  ])("calls %s by its class", (_, error, name) => {
    expect(nameError(error)).toBe(name);
  });
});
