import type { ResetUser } from "relatch";
import { describe, expect, test } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "./harness.ts";

describe("what a user store must not answer: ERR_USER_STORE, with the mend", () => {
  const NO_TEXT_ID = "an id that is no string; it must be exact: use id::text in SQL, or String(row.id)";
  const NO_ID = "an unusable id; it must be exact: use 1 to 128 bytes of UTF-8";
  const NO_HASH =
    "a passwordHash that is neither a hash nor null; it must be exact: the stored string, or null for none";
  const NO_FLAG = "a resetAllowed that is no boolean; it must be exact: use row.active === 1";
  const NO_STRING = "a name, locale or tenant that is no string; it must be exact: strings, or null for none";
  const LIST = "an array; it must be exact: one user object or null, e.g. rows[0]";
  test.each([
    ["an array", [MIKE], LIST],
    ["an empty array", [], LIST],
    ["true", true, "boolean; it must be exact: one user object or null, e.g. rows[0]"],
    ["a number for an id", { ...MIKE, id: 42 }, NO_TEXT_ID],
    ["no id", { ...MIKE, id: undefined }, NO_TEXT_ID],
    ["an empty id", { ...MIKE, id: "" }, NO_ID],
    ["an id of 129 bytes", { ...MIKE, id: "x".repeat(129) }, NO_ID],
    ["an id with a lone surrogate", { ...MIKE, id: "\ud800" }, NO_ID],
    [
      "no e-mail",
      { ...MIKE, email: undefined },
      "an email that is no string; it must be exact: select the e-mail column",
    ],
    [
      "a forgotten hash column",
      { id: "42", email: MIKE.email },
      "no passwordHash; it must be exact: select that column; null means no password",
    ],
    ["an empty hash", { ...MIKE, passwordHash: "" }, NO_HASH],
    ["a hash that is a buffer", { ...MIKE, passwordHash: new Uint8Array(3) }, NO_HASH],
    ["0 for suspended", { ...MIKE, resetAllowed: 0 }, NO_FLAG],
    ["'f' for suspended", { ...MIKE, resetAllowed: "f" }, NO_FLAG],
    ["a numeric tenant", { ...MIKE, tenant: 7 }, NO_STRING],
    ["a name that is an object", { ...MIKE, name: {} }, NO_STRING],
    ["a numeric locale", { ...MIKE, locale: 1 }, NO_STRING],
  ])("%s", async (_, answer, message) => {
    const { passwordReset, requestToken, users } = harness();
    const token = await requestToken();
    users.findById = async () => answer as ResetUser;
    await expect(passwordReset.verifyToken(token)).rejects.toMatchObject({
      code: "ERR_USER_STORE",
      message: `users.findById answered ${message}.`,
    });
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

  test("an id may have 128 bytes", async () => {
    for (const id of ["x".repeat(128), "😀".repeat(32)]) {
      const { passwordReset, requestToken } = harness({ accounts: [{ ...MIKE, id }] });
      expect(await passwordReset.verifyToken(await requestToken())).toMatchObject({ ok: true, userId: id });
    }
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
