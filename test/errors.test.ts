import { inspect } from "node:util";
import { expect, test } from "vitest";
import { RelatchError } from "../src/errors.ts";

const SECRET = "INSERT INTO users … 'mike@example.org'";

test("is an Error with a name and a stable code", () => {
  const error = new RelatchError("ERR_OPTIONS", "Write it otherwise.");
  expect(error).toBeInstanceOf(Error);
  expect(error).toBeInstanceOf(RelatchError);
  expect(`${error}`).toBe("RelatchError: Write it otherwise.");
  expect(error.code).toBe("ERR_OPTIONS");
  expect(error.stack).toContain("errors.test.ts");
  expect(Object.hasOwn(error, "cause")).toBe(false);
});

test("carries the original, whatever was thrown", () => {
  for (const cause of [new Error(SECRET), "text", undefined, null, 0]) {
    const error = new RelatchError("ERR_USER_STORE", "users.findById failed.", { cause });
    expect([Object.hasOwn(error, "cause"), error.cause]).toEqual([true, cause]);
  }
});

test("leaves the original out of its JSON, its message and its keys (CVE-2021-39919)", () => {
  const error = new RelatchError("ERR_USER_STORE", "users.findById failed.", { cause: new Error(SECRET) });
  expect(JSON.parse(JSON.stringify({ error }))).toEqual({
    error: { name: "RelatchError", code: "ERR_USER_STORE", message: "users.findById failed." },
  });
  expect(JSON.stringify({ ...error }) + String(error)).not.toContain("mike");
  // A developer who looks at the error itself finds it.
  expect(inspect(error)).toContain(SECRET);
});
