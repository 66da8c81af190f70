import type { ResetUser } from "relatch";
import { describe, expect, test } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "./harness.ts";

describe("what a user store must not answer: ERR_USER_STORE, with the mend", () => {
  test.each([
    ["an array", [MIKE], /rows\[0\]/],
    ["an empty array", [], /rows\[0\]/],
    ["true", true, /one user object or null/],
    ["a number for an id", { ...MIKE, id: 42 }, /String\(row\.id\)/],
    ["no id", { ...MIKE, id: undefined }, /String\(row\.id\)/],
    ["an empty id", { ...MIKE, id: "" }, /1 to 128 bytes/],
    ["an id of 129 bytes", { ...MIKE, id: "x".repeat(129) }, /1 to 128 bytes/],
    ["an id with a lone surrogate", { ...MIKE, id: "\ud800" }, /1 to 128 bytes/],
    ["no e-mail", { ...MIKE, email: undefined }, /e-mail column/],
    [
      "a forgotten hash column",
      { id: "42", email: MIKE.email },
      /passwordHash; it must be exact: select that column/,
    ],
    ["an empty hash", { ...MIKE, passwordHash: "" }, /null for none/],
    ["a hash that is a buffer", { ...MIKE, passwordHash: new Uint8Array(3) }, /null for none/],
    ["0 for suspended", { ...MIKE, resetAllowed: 0 }, /row\.active === 1/],
    ["'f' for suspended", { ...MIKE, resetAllowed: "f" }, /row\.active === 1/],
    ["a numeric tenant", { ...MIKE, tenant: 7 }, /strings, or null/],
    ["a name that is an object", { ...MIKE, name: {} }, /strings, or null/],
    ["a numeric locale", { ...MIKE, locale: 1 }, /strings, or null/],
  ])("%s", async (_, answer, message) => {
    const { passwordReset, requestToken, users } = harness();
    const token = await requestToken();
    users.findById = async () => answer as ResetUser;
    await expect(passwordReset.verifyToken(token)).rejects.toMatchObject({ code: "ERR_USER_STORE" });
    await expect(passwordReset.verifyToken(token)).rejects.toThrow(message);
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completion).rejects.toMatchObject({ code: "ERR_USER_STORE" });
    expect(users.get("42")).toEqual(MIKE);
  });

  test.each([
    [
      "throws synchronously",
      () => {
        throw new Error("sync");
      },
    ],
    ["rejects", () => Promise.reject(new Error("async"))],
    ["rejects with no error", () => Promise.reject("text")],
  ])("a store that %s keeps the original as cause, and out of the JSON", async (_, fail) => {
    const { passwordReset, requestToken, users } = harness();
    const token = await requestToken();
    users.findById = fail as never;
    const error = await passwordReset.verifyToken(token).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: "RelatchError",
      code: "ERR_USER_STORE",
      message: "users.findById failed.",
    });
    expect(error).toHaveProperty("cause");
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "RelatchError",
      code: "ERR_USER_STORE",
      message: "users.findById failed.",
    });
  });

  test("optional columns may be null, undefined or absent", async () => {
    for (const empty of [
      {},
      { name: null, locale: null, tenant: null, resetAllowed: null },
      { name: undefined },
    ]) {
      const account = { id: "42", email: MIKE.email, passwordHash: "hash", ...empty };
      const { passwordReset, requestToken } = harness({ accounts: [account] });
      expect(await passwordReset.verifyToken(await requestToken())).toMatchObject({ ok: true });
    }
  });

  test("an ORM's document with getters on its prototype is read as it is", async () => {
    class Row {
      #row = MIKE;
      get id() {
        return this.#row.id;
      }
      get email() {
        return this.#row.email;
      }
      get passwordHash() {
        return this.#row.passwordHash;
      }
    }
    const { passwordReset, requestToken, users } = harness();
    users.findByEmail = async () => new Row();
    users.findById = async () => new Row();
    expect(await passwordReset.verifyToken(await requestToken())).toMatchObject({ ok: true });
  });
});
