import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeAccountState } from "../../../src/links/account-state.ts";
import { account } from "../../helpers/account.ts";

type State = Parameters<typeof encodeAccountState>[0];
const encode = (state: State) => Buffer.from(encodeAccountState(state));

describe("encodeAccountState", () => {
  test("contains nothing but id, address, password hash and tenant", () => {
    expect(encode(account({ name: "Someone", locale: "ru", resetAllowed: false }))).toEqual(encode(account()));
  });

  test.each([
    ["id and address", { id: "ab", email: "c" }, { id: "a", email: "bc" }],
    ["no hash and an empty one", { passwordHash: null }, { passwordHash: "" }],
    ["hash and tenant", { passwordHash: null, tenant: "x" }, { passwordHash: "x" }],
    ["no tenant and an empty one", { tenant: undefined }, { tenant: "" }],
    ["a value and a length prefix", { id: "a", email: "\0\0\0\x01b" }, { id: "a\0\0\0\x05", email: "b" }],
  ])("keeps %s apart", (_, one, other) => {
    expect(encode(account(one))).not.toEqual(encode(account(other)));
  });

  test("never gives the same bytes for two different accounts", () => {
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
        const isSame = names.every((name) => one[name] === other[name]);
        expect(encode(account(one)).equals(encode(account(other)))).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });
});
