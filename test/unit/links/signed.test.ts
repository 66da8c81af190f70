import { describe, expect, test } from "vitest";
import { signedLinks, signedTokens } from "../../../src/links/signed.ts";
import { account } from "../../helpers/account.ts";
import { randomKey, referenceSignedToken } from "../../helpers/reference.ts";

const KEY = randomKey();
const EXPIRES_AT = Date.UTC(2026, 0, 1, 12, 0, 0);
const ORIGIN = "https://app.example.com";
const MIKE = account();
const reference = (changes: Partial<Parameters<typeof referenceSignedToken>[0]> = {}) =>
  referenceSignedToken({ key: KEY, origin: ORIGIN, state: MIKE, expiresAt: EXPIRES_AT, ...changes });

/** The links of one process with these keys. */
function linksOf(...keys: [Uint8Array, ...Uint8Array[]]) {
  const { issue, find, couldBeToken, revoke } = signedLinks(keys);
  return {
    issue: (state = MIKE, expiresAt = EXPIRES_AT) => issue(state, expiresAt, ORIGIN),
    find: (token: string, origin = ORIGIN) => find(token, origin),
    couldBeToken,
    revoke,
  };
}
const { issue, find, couldBeToken } = linksOf(KEY);

/** Judges a token as the core does: nothing that is malformed is looked for. */
const judge = async (token: string) => (couldBeToken(token) ? find(token) : undefined);

describe("A signed token", () => {
  test.each([
    ["with a password", {}],
    ["without a password", { passwordHash: null }],
    ["of a tenant", { tenant: "blue" }],
    ["with an id of one byte", { id: "7" }],
    ["with an id of 128 bytes", { id: "a".repeat(128) }],
    ["with an id of 128 bytes in 32 characters", { id: "😀".repeat(32) }],
    ["with quotes, NUL and slashes in its id", { id: 'o\'br\0ien/"42"' }],
    ["with an id that starts with a byte order mark", { id: "\ufeff42" }],
  ])("for an account %s is what another implementation writes, and is found", async (_, changes) => {
    const state = account(changes);
    const token = await issue(state);
    expect(token).toBe(reference({ state }));
    const claim = await judge(token);
    expect(claim).toMatchObject({ userId: state.id, expiresAt: EXPIRES_AT });
    expect(claim?.isBoundTo(state)).toBe(true);
  });

  test.each([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, EXPIRES_AT, 2 ** 47, 2 ** 48 - 1])(
    "keeps the expiry %i to the millisecond",
    async (expiresAt) => {
      const token = await issue(MIKE, expiresAt);
      expect(token).toBe(reference({ expiresAt }));
      expect(await find(token)).toMatchObject({ expiresAt });
    },
  );

  test("tells its holder nothing about address, password or tenant", async () => {
    const secrets = { email: "secret-address@x.com", passwordHash: "secret-hash", tenant: "secret-tenant" };
    const bytes = Buffer.from(await issue(account(secrets)), "base64url");
    expect(bytes.toString("latin1")).not.toContain("secret");
  });

  test("has no function that revokes it, and its options object is frozen", () => {
    expect(linksOf(KEY).revoke).toBeUndefined();
    expect(Object.isFrozen(signedTokens())).toBe(true);
  });
});

describe("A signed token is refused", () => {
  test("if any one bit of it is changed", async () => {
    const bytes = Buffer.from(await issue(), "base64url");
    const survivors: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const tampered = Buffer.from(bytes);
      tampered.writeUInt8(tampered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (await judge(tampered.toString("base64url"))) survivors.push(bit);
    }
    expect(survivors).toEqual([]);
  });

  test("if a byte is cut out of it or put into it, at any place", async () => {
    const bytes = Buffer.from(await issue(account({ id: "a-longer-id" })), "base64url");
    for (let at = 0; at <= bytes.length; at++) {
      const cut = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      const grown = Buffer.concat([bytes.subarray(0, at), Buffer.of(0), bytes.subarray(at)]);
      if (at < bytes.length) expect(await judge(cut.toString("base64url"))).toBeUndefined();
      expect(await judge(grown.toString("base64url"))).toBeUndefined();
    }
  });

  test.each([
    ["of version 1", { version: 1 }],
    ["of version 0", { version: 0 }],
    ["signed with another key", { key: randomKey() }],
    ["signed for another origin", { origin: "https://staging.example.com" }],
    ["signed for the origin with another port", { origin: `${ORIGIN}:8443` }],
    ["signed for another purpose", { macPrefix: "relatch/v2/bind\0" }],
    ["signed for no purpose", { macPrefix: "" }],
    ["of an id that is longer than it says", { idLength: 1 }],
    ["of an id that is shorter than it says", { idLength: 3 }],
    ["padded where it needs no pad", { pad: Buffer.of(0) }],
    ["padded with another byte", { state: account({ id: "1234" }), pad: Buffer.of(1) }],
    ["without its pad", { state: account({ id: "1234" }), pad: Buffer.of() }],
    ["padded twice", { state: account({ id: "1234" }), pad: Buffer.of(0, 0) }],
  ])("if it is %s", async (_, odd) => {
    const token = reference(odd);
    expect(couldBeToken(token)).toBe(true);
    expect(await judge(token)).toBeUndefined();
  });

  test("if it has fewer than 78 or more than 246 characters", () => {
    const lengths = Array.from({ length: 300 }, (_, length) => length);
    const accepted = lengths.filter((length) => couldBeToken("A".repeat(length)));
    expect([accepted[0], accepted.at(-1), accepted.length]).toEqual([78, 246, 169]);
    expect(couldBeToken("A".repeat(1_000_000))).toBe(false);
  });

  test.each(["7", "42", "0042"])("in every other spelling of the same bytes, with the id %s", async (id) => {
    const token = await issue(account({ id }));
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const spellings = [
      ...[...alphabet].map((last) => token.slice(0, -1) + last),
      ...["=", "==", "\n", " ", "\0"].map((end) => token + end),
      ...[" ", "\n"].map((start) => start + token),
      token.replaceAll("-", "+").replaceAll("_", "/"),
    ].filter((spelling) => {
      const isSame = Buffer.from(spelling, "base64url").equals(Buffer.from(token, "base64url"));
      return isSame && spelling !== token;
    });
    expect(spellings.length).toBeGreaterThanOrEqual(4);
    for (const spelling of spellings) expect([spelling, await judge(spelling)]).toEqual([spelling, undefined]);
  });

  test("after its last character was left out, as some email programs do with punctuation", async () => {
    for (let length = 1; length <= 128; length++) {
      const token = await issue(account({ id: "x".repeat(length) }));
      expect(token.at(-1)).toMatch(/[A-Za-z0-9]/);
      expect(await judge(token.slice(0, -1))).toBeUndefined();
    }
  });

  test.each(["+", "/", ".", "%", "\u0410", "=", "\n"])("if it contains %j", async (character) => {
    const token = await issue();
    for (const at of [0, 40, token.length - 1]) {
      expect(couldBeToken(token.slice(0, at) + character + token.slice(at + 1))).toBe(false);
    }
  });
});

describe("A signed token is bound", () => {
  test("to the origin that it was signed for", async () => {
    const mixed = reference({ bindOrigin: "https://staging.example.com" });
    expect((await find(mixed))?.isBoundTo(MIKE)).toBe(false);
    expect(await find(await issue(), "https://staging.example.com")).toBeUndefined();
  });

  test("by the key that signed it, and by no other key of the list", async () => {
    const other = randomKey();
    const mixed = reference({ bindKey: other });
    const claim = await linksOf(KEY, other).find(mixed);
    expect(claim?.userId).toBe("42");
    expect(claim?.isBoundTo(MIKE)).toBe(false);
  });
});

describe("The keys of signed tokens", () => {
  test("rotate in a rolling deployment without losing a link", async () => {
    const [a, b] = [randomKey(), randomKey()];
    const steps = [linksOf(a), linksOf(a, b), linksOf(b, a), linksOf(b)];
    const accepts = await Promise.all(
      steps.map(async (issuer) => {
        const token = await issuer.issue();
        const claims = await Promise.all(steps.map((verifier) => verifier.find(token)));
        return claims.map((claim) => claim?.isBoundTo(MIKE) ?? false);
      }),
    );
    expect(accepts).toEqual([
      [true, true, true, false],
      [true, true, true, false],
      [false, true, true, true],
      [false, true, true, true],
    ]);
  });

  test("all verify, also if there are five", async () => {
    const keys = Array.from({ length: 5 }, randomKey) as [Uint8Array, ...Uint8Array[]];
    for (const key of keys) {
      const token = await linksOf(key).issue();
      expect((await linksOf(...keys).find(token))?.isBoundTo(MIKE)).toBe(true);
    }
  });
});
