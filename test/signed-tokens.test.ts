import { describe, expect, test } from "vitest";
import { signedTokens } from "../src/signed-tokens.ts";
import { account } from "./helpers/account.ts";
import { relatchError } from "./helpers/errors.ts";
import { randomKey, referenceSignedToken } from "./helpers/reference.ts";

const NO_KEYS = "signedTokens: give keys: [key], 1 to 5 of them";
const NO_KEY = "signedTokens: a key is a Uint8Array of at least 32 random bytes";

const KEY = randomKey();
const EXPIRES_AT = Date.UTC(2026, 0, 1, 12, 0, 0, 123);
const MIKE = account();
const tokensOf = (...keys: Uint8Array[]) => signedTokens({ keys }).tokens;
const { issue, find, couldBeToken } = tokensOf(KEY);

/** What a token is to the core: nothing when it is not even well formed. */
const judge = async (token: string, tokens = tokensOf(KEY)) =>
  tokens.couldBeToken(token) ? tokens.find(token) : undefined;

describe("the format", () => {
  test.each([
    ["an account with a password", {}],
    ["one without", { passwordHash: null }],
    ["one of a tenant", { tenant: "blue" }],
    ["an id of one byte", { id: "7" }],
    ["an id of 128 bytes", { id: "a".repeat(128) }],
    ["an id of 128 bytes in 32 characters", { id: "😀".repeat(32) }],
    ["an id with quotes, NUL and slashes", { id: 'o\'br\0ien/"42"' }],
    ["an id that starts with a byte order mark", { id: "\ufeff42" }],
  ])("is what another implementation writes and reads: %s", async (_, changes) => {
    const state = account(changes);
    const token = await issue(state, EXPIRES_AT);
    expect(token).toBe(referenceSignedToken({ key: KEY, state, expiresAt: EXPIRES_AT }));
    const claim = await judge(token);
    expect(claim).toMatchObject({ userId: state.id, expiresAt: EXPIRES_AT });
    expect(claim?.boundTo(state)).toBe(true);
  });

  test.each([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, EXPIRES_AT, 2 ** 47, 2 ** 48 - 1])(
    "keeps the expiry to the millisecond: %i",
    async (expiresAt) => {
      const token = await issue(MIKE, expiresAt);
      expect(token).toBe(referenceSignedToken({ key: KEY, state: MIKE, expiresAt }));
      expect(await find(token)).toMatchObject({ expiresAt });
    },
  );

  test.each([1, 2, 3, 4, 127, 128])("an id of %i bytes makes a token of the right length", async (size) => {
    const token = await issue(account({ id: "x".repeat(size) }), EXPIRES_AT);
    expect(token).toHaveLength(Math.ceil(((55 + size) * 4) / 3));
    expect(token.length).toBeLessThanOrEqual(244);
    expect(couldBeToken(token)).toBe(true);
  });

  test("tells the holder nothing of address, password or tenant", async () => {
    const secret = account({
      email: "secret-address@x.com",
      passwordHash: "secret-hash",
      tenant: "secret-tenant",
    });
    const bytes = Buffer.from(await issue(secret, EXPIRES_AT), "base64url");
    expect(bytes.toString("latin1")).not.toContain("secret");
  });

  test("can do without a store, and says that it cannot revoke", () => {
    expect(tokensOf(KEY).forget).toBeUndefined();
    expect(Object.isFrozen(signedTokens({ keys: [KEY] }))).toBe(true);
  });
});

describe("what is refused before any look-up", () => {
  test("a token with any one bit of it changed", async () => {
    const bytes = Buffer.from(await issue(MIKE, EXPIRES_AT), "base64url");
    const survivors: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const tampered = Buffer.from(bytes);
      tampered.writeUInt8(tampered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (await judge(tampered.toString("base64url"))) survivors.push(bit);
    }
    expect(survivors).toEqual([]);
  });

  test("a token cut short or grown by a byte, anywhere", async () => {
    const bytes = Buffer.from(await issue(account({ id: "a-longer-id" }), EXPIRES_AT), "base64url");
    for (let at = 0; at <= bytes.length; at++) {
      const cut = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      const grown = Buffer.concat([bytes.subarray(0, at), Buffer.of(0), bytes.subarray(at)]);
      if (at < bytes.length) expect(await judge(cut.toString("base64url"))).toBeUndefined();
      expect(await judge(grown.toString("base64url"))).toBeUndefined();
    }
  });

  test.each([
    ["another version", { version: 2 }],
    ["version 0", { version: 0 }],
    ["another key", { key: randomKey() }],
    ["a signature of another purpose", { macPrefix: "relatch/v1/bind\0" }],
    ["a signature without a purpose", { macPrefix: "" }],
  ])("a token of %s", async (_, odd) => {
    expect(
      await judge(referenceSignedToken({ key: KEY, state: MIKE, expiresAt: EXPIRES_AT, ...odd })),
    ).toBeUndefined();
  });

  test.each([
    ["empty", ""],
    ["shorter than any", "A".repeat(74)],
    ["longer than any", "A".repeat(245)],
    ["a megabyte (CVE-2010-4535)", "A".repeat(1_000_000)],
    ["of a length that base64 never has", "A".repeat(77)],
    ["an opaque token", "A".repeat(43)],
    ["a JWT (CVE-2015-9235)", `eyJhbGciOiJub25lIn0.${"A".repeat(60)}.`],
  ])("%s", (_, token) => {
    expect(couldBeToken(token)).toBe(false);
  });

  test("every length but those of ids of 1 to 128 bytes", () => {
    const accepted = Array.from({ length: 300 }, (_, length) => length).filter((n) =>
      couldBeToken("A".repeat(n)),
    );
    expect(accepted).toEqual(Array.from({ length: 128 }, (_, n) => Math.ceil(((56 + n) * 4) / 3)));
  });

  test.each(["7", "42", "042"])("every other spelling of the same bytes: an id of %s", async (id) => {
    const token = await issue(account({ id }), EXPIRES_AT);
    const same = (spelling: string) =>
      Buffer.from(spelling, "base64url").equals(Buffer.from(token, "base64url"));
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const spellings = [
      ...[...alphabet].map((last) => token.slice(0, -1) + last),
      ...["=", "==", "\n", " ", "\0"].map((end) => token + end),
      ...[" ", "\n"].map((start) => start + token),
      token.replaceAll("-", "+").replaceAll("_", "/"),
    ].filter((spelling) => spelling !== token && same(spelling));
    expect(spellings.length).toBeGreaterThanOrEqual(5);
    expect(spellings.filter(couldBeToken)).toEqual([]);
  });

  test.each(["+", "/", ".", "%", "\u0410", "=", "\n"])(
    "a character outside of the alphabet: %j",
    async (character) => {
      const token = await issue(MIKE, EXPIRES_AT);
      for (const at of [0, 40, token.length - 1]) {
        expect(couldBeToken(token.slice(0, at) + character + token.slice(at + 1))).toBe(false);
      }
    },
  );
});

describe("the binding", () => {
  test.each([
    ["the password was changed: single use", { passwordHash: "other" }],
    ["the password is gone", { passwordHash: null }],
    ["the address was changed", { email: "mike@example.com" }],
    ["the address was changed in case alone", { email: "Mike@example.org" }],
    ["it is another account with the same password", { id: "43" }],
    ["it moved to a tenant", { tenant: "blue" }],
  ])("is broken when %s", async (_, changes) => {
    const claim = await find(await issue(MIKE, EXPIRES_AT));
    expect(claim?.boundTo(account(changes))).toBe(false);
  });

  test("is kept when name or language change", async () => {
    const claim = await find(await issue(MIKE, EXPIRES_AT));
    expect(claim?.boundTo(account({ name: undefined, locale: "ru" }))).toBe(true);
  });

  test("goes by the key that signed, not by another of the list", async () => {
    const other = randomKey();
    const mixed = referenceSignedToken({ key: KEY, bindKey: other, state: MIKE, expiresAt: EXPIRES_AT });
    const claim = await tokensOf(KEY, other).find(mixed);
    expect(claim?.userId).toBe("42");
    expect(claim?.boundTo(MIKE)).toBe(false);
  });
});

describe("keys", () => {
  test("rotate in a rolling deployment without losing a link", async () => {
    const [a, b] = [randomKey(), randomKey()];
    const steps = [tokensOf(a), tokensOf(a, b), tokensOf(b, a), tokensOf(b)];
    const accepts = await Promise.all(
      steps.map(async (issuer) => {
        const token = await issuer.issue(MIKE, EXPIRES_AT);
        const claims = await Promise.all(steps.map((verifier) => verifier.find(token)));
        return claims.map((claim) => claim?.boundTo(MIKE) ?? false);
      }),
    );
    expect(accepts).toEqual([
      [true, true, true, false],
      [true, true, true, false],
      [false, true, true, true],
      [false, true, true, true],
    ]);
  });

  test("five of them all verify", async () => {
    const keys = Array.from({ length: 5 }, randomKey);
    for (const key of keys) {
      const token = await tokensOf(key).issue(MIKE, EXPIRES_AT);
      expect((await tokensOf(...keys).find(token))?.boundTo(MIKE)).toBe(true);
    }
  });

  test("are copied: what the caller does with them afterwards changes nothing", async () => {
    const mine = Uint8Array.from(KEY);
    const list = [mine];
    const { tokens } = signedTokens({ keys: list });
    const before = await tokens.issue(MIKE, EXPIRES_AT);
    mine.fill(0);
    list[0] = randomKey();
    list.push(randomKey());
    expect(await tokens.issue(MIKE, EXPIRES_AT)).toBe(before);
    expect((await tokens.find(before))?.boundTo(MIKE)).toBe(true);
  });

  test("a longer key, and a Buffer, will do", async () => {
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(64)));
    const expected = referenceSignedToken({ key, state: MIKE, expiresAt: EXPIRES_AT });
    expect(await tokensOf(key).issue(MIKE, EXPIRES_AT)).toBe(expected);
  });

  test("a key may have bytes that are zero, as every eighth random one has", () => {
    expect(() => tokensOf(Uint8Array.from({ length: 32 }, (_, index) => index))).not.toThrow();
  });

  test.each([
    ["no options", undefined, NO_KEYS],
    ["null", null, NO_KEYS],
    ["no keys", {}, NO_KEYS],
    ["one key outside of a list", { keys: KEY }, NO_KEYS],
    ["an empty list", { keys: [] }, NO_KEYS],
    [
      "a list that cannot be read",
      { keys: new Proxy([KEY], { get: () => Reflect.get(null as never, 0) }) },
      NO_KEYS,
    ],
    ["six keys", { keys: Array.from({ length: 6 }, randomKey) }, NO_KEYS],
    ["a key that is missing", { keys: [KEY, undefined] }, NO_KEY],
    ["a hole for a key", { keys: new Array(1) }, NO_KEY],
    ["a string for a key", { keys: ["0".repeat(64)] }, NO_KEY],
    ["an array for a key", { keys: [Array.from(KEY)] }, NO_KEY],
    ["a key of 31 bytes", { keys: [KEY.subarray(1)] }, NO_KEY],
    ["a short second key", { keys: [KEY, new Uint8Array(16)] }, NO_KEY],
    ["the same key twice", { keys: [KEY, randomKey(), Uint8Array.from(KEY)] }, "twice"],
    // `new Uint8Array(32)` that nobody filled: everyone could sign.
    ["a key of nothing but zeros", { keys: [new Uint8Array(32)] }, NO_KEY],
  ])("refuses %s at construction, and says what to write", (_, options, words) => {
    const error = relatchError("ERR_OPTIONS", words);
    expect(() => signedTokens(options as never)).toThrow(error);
  });
});
