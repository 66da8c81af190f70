import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundState, sessionStamp } from "../src/account.ts";
import { account } from "./helpers/account.ts";
import { relatchError } from "./helpers/errors.ts";
import { referenceStamp, referenceState } from "./helpers/reference.ts";

const NO_PREFIX = new Uint8Array(0);

describe("boundState", () => {
  test.each([
    ["without a password", { passwordHash: null }],
    ["with a password", { passwordHash: "$2b$10$abc" }],
    ["with a tenant", { tenant: "blue" }],
    ["with a tenant and without a password", { passwordHash: null, tenant: "blue" }],
    ["with a tenant of no length", { tenant: "" }],
    ["of more than ASCII", { id: "ид-😀", email: "josé@例子.公司", tenant: "синий" }],
  ])("an account %s, byte for byte", (_, changes) => {
    expect(Buffer.from(boundState(NO_PREFIX, account(changes)))).toEqual(referenceState(account(changes)));
  });

  test("holds nothing but id, address, password hash and tenant", () => {
    const other = account({ name: "Someone", locale: "ru", resetAllowed: false });
    expect(boundState(NO_PREFIX, other)).toEqual(boundState(NO_PREFIX, account()));
  });

  test.each([
    ["id and address", { id: "ab", email: "c" }, { id: "a", email: "bc" }],
    ["no hash and an empty one", { passwordHash: null }, { passwordHash: "" }],
    ["hash and tenant", { passwordHash: null, tenant: "x" }, { passwordHash: "x" }],
    ["no tenant and an empty one", { tenant: undefined }, { tenant: "" }],
    [
      "a value that looks like a length prefix",
      { id: "a", email: "\0\0\0\x01b" },
      { id: "a\0\0\0\x05", email: "b" },
    ],
  ])("keeps apart what concatenation would blur: %s", (_, one, other) => {
    expect(boundState(NO_PREFIX, account(one))).not.toEqual(boundState(NO_PREFIX, account(other)));
  });

  test("two different accounts never give the same bytes", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\0", "\x01", "é"), maxLength: 3 });
    const state = fc.record({
      id: text,
      email: text,
      passwordHash: fc.option(text),
      tenant: fc.option(text, { nil: undefined }),
    });
    const names = ["id", "email", "passwordHash", "tenant"] as const;
    fc.assert(
      fc.property(state, state, (one, other) => {
        const same = names.every((name) => one[name] === other[name]);
        expect(Buffer.compare(boundState(NO_PREFIX, one), boundState(NO_PREFIX, other)) === 0).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("sessionStamp", () => {
  test.each([
    ["42", "$2b$10$abc"],
    ["1", "x"],
    ["ид-😀", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"],
  ])("of %s, as the format has it", (id, passwordHash) => {
    expect(sessionStamp({ id, passwordHash })).toBe(referenceStamp(id, passwordHash));
  });

  test("of an account without a password is one too", () => {
    expect(sessionStamp({ id: "42", passwordHash: null })).toBe(referenceStamp("42", ""));
  });

  test("changes with the password and with the account, and with nothing else", () => {
    const user = account({ id: "42", passwordHash: "one" });
    const stamp = sessionStamp(user);
    expect(sessionStamp(account({ ...user, email: "b@x.com", name: "Ann", tenant: "blue" }))).toBe(stamp);
    expect(sessionStamp({ ...user, passwordHash: "two" })).not.toBe(stamp);
    expect(sessionStamp({ ...user, id: "43" })).not.toBe(stamp);
    expect(sessionStamp({ id: "4", passwordHash: "2one" })).not.toBe(stamp);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a string", "42"],
    ["no id", { passwordHash: "x" }],
    ["a number for an id", { id: 42, passwordHash: "x" }],
    ["a hash that was not selected", { id: "42" }],
    ["a hash that is no string", { id: "42", passwordHash: Buffer.from("x") }],
    [
      "a user that cannot be read",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("gone");
          },
        },
      ),
    ],
  ])("of %s is a wrong argument, never a stamp of nothing", (_, user) => {
    const error = relatchError(
      "ERR_OPTIONS",
      "sessionStamp needs { id: string, passwordHash: string | null }",
    );
    expect(() => sessionStamp(user as never)).toThrow(error);
  });
});
