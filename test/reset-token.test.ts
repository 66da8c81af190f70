import { afterEach, describe, expect, test, vi } from "vitest";
import type { CheckedTokenStore } from "../src/ports.ts";
import { fingerprint, storedTokens, tokenHash } from "../src/reset-token.ts";
import { memoryTokens } from "../src/stores/memory.ts";
import type { TokenRecord } from "../src/types.ts";
import { account } from "./helpers/account.ts";
import { referenceFingerprint, referenceTokenHash } from "./helpers/reference.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const RAW = Uint8Array.from({ length: 32 }, (_, index) => index);
const EXPIRES_AT = Date.UTC(2026, 0, 1, 12, 0, 0, 123);

describe("the published vector", () => {
  const mike = account({ id: "42", email: "mike@example.org", passwordHash: null });

  test("digest", () => {
    expect(tokenHash(RAW)).toBe("f43e0a32474a3cc40d7f4ac11a2228931234b1476af7de53495ddd72de7f25cc");
  });

  test("fingerprint", () => {
    expect(fingerprint(RAW, mike)).toBe("a5d2cd52b463e41571f19a28a33ba60751df6668b82f86e980a3ae6537b5b18c");
  });

  test.each([{}, { passwordHash: null }, { tenant: "blue" }, { id: "😀".repeat(32), tenant: "" }])(
    "and the same by another implementation: %j",
    (changes) => {
      const raw = crypto.getRandomValues(new Uint8Array(32));
      expect(tokenHash(raw)).toBe(referenceTokenHash(raw));
      expect(fingerprint(raw, account(changes))).toBe(referenceFingerprint(raw, account(changes)));
    },
  );
});

/** A store that keeps everything it was given and answers with what it is told to. */
function scriptedStore(
  answer: (record: TokenRecord | undefined) => TokenRecord | undefined = (record) => record,
) {
  const saved: TokenRecord[] = [];
  const asked: string[] = [];
  const forgotten: string[] = [];
  const store: CheckedTokenStore = {
    save: async (record) => void saved.push(record),
    find: async (hash) => {
      asked.push(hash);
      return answer(saved.at(-1));
    },
    deleteByUser: async (userId) => void forgotten.push(userId),
  };
  return { tokens: storedTokens(store), saved, asked, forgotten };
}

describe("issuing", () => {
  test("stores digest, user, fingerprint and expiry of the token, and nothing else", async () => {
    const { tokens, saved } = scriptedStore();
    const token = await tokens.issue(account(), EXPIRES_AT);
    const raw = Buffer.from(token, "base64url");
    expect(raw).toHaveLength(32);
    expect(saved).toEqual([
      {
        tokenHash: referenceTokenHash(raw),
        userId: "42",
        fingerprint: referenceFingerprint(raw, account()),
        expiresAt: new Date(EXPIRES_AT),
      },
    ]);
  });

  test("never stores the token in any spelling (CVE-2026-62376)", async () => {
    const { tokens, saved } = scriptedStore();
    const token = await tokens.issue(account(), EXPIRES_AT);
    const raw = Buffer.from(token, "base64url");
    const stored = JSON.stringify(saved).toLowerCase();
    for (const spelling of [token, raw.toString("hex"), raw.toString("base64"), raw.toString("latin1")]) {
      expect(stored).not.toContain(spelling.toLowerCase());
    }
    // Nor does what is stored open anything.
    for (const value of [saved[0]!.tokenHash, saved[0]!.fingerprint])
      expect(tokens.couldBeToken(value)).toBe(false);
  });

  test("takes 32 bytes from the platform's generator and from no other (CVE-2019-16303, GHSA-p4cc-w597-6cpm)", async () => {
    const drawn = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as unknown as Uint8Array).set(RAW);
      return array;
    });
    const weak = vi.spyOn(Math, "random");
    const token = await scriptedStore().tokens.issue(account(), EXPIRES_AT);
    expect(drawn.mock.calls.map(([array]) => array?.byteLength)).toEqual([32]);
    expect(weak).not.toHaveBeenCalled();
    expect(token).toBe(Buffer.from(RAW).toString("base64url"));
  });

  test("a generator that fails is no token (GHSA-382v-gxj9-ffhc)", async () => {
    vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
      throw new Error("no entropy");
    });
    const { tokens, saved } = scriptedStore();
    await expect(tokens.issue(account(), EXPIRES_AT)).rejects.toThrow("no entropy");
    expect(saved).toEqual([]);
  });

  test("never gives the same token twice, to the same account at the same instant (CVE-2025-63314)", async () => {
    const { tokens } = scriptedStore();
    const issued = await Promise.all(Array.from({ length: 1000 }, () => tokens.issue(account(), EXPIRES_AT)));
    expect(new Set(issued).size).toBe(1000);
    expect(new Set(issued.map((token) => token.slice(0, 7))).size).toBe(1000);
    expect(issued.every(tokens.couldBeToken)).toBe(true);
  });
});

describe("the shape of a token", () => {
  const { tokens } = scriptedStore();
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  test("43 characters of base64url, the last of them one of sixteen", () => {
    const accepted = [...ALPHABET].filter((last) => tokens.couldBeToken("A".repeat(42) + last));
    expect(accepted.join("")).toBe([...ALPHABET].filter((_, index) => index % 4 === 0).join(""));
    for (const character of ALPHABET) expect(tokens.couldBeToken(`${character.repeat(42)}A`)).toBe(true);
  });

  test.each([
    ["empty (CVE-2026-115237)", ""],
    ["a quote (CVE-2008-3681)", "'"],
    ["a wild card", "%"],
    ["one short", "A".repeat(42)],
    ["one long", "A".repeat(44)],
    ["padded", `${"A".repeat(43)}=`],
    ["a line break at the end", `${"A".repeat(43)}\n`],
    ["a space before", ` ${"A".repeat(43)}`],
    ["the standard alphabet's +", `+${"A".repeat(42)}`],
    ["the standard alphabet's /", `/${"A".repeat(42)}`],
    ["letters that look the same", `\u0410${"A".repeat(42)}`],
    ["percent-encoded", `%41${"A".repeat(40)}`],
    ["NUL", `\0${"A".repeat(42)}`],
    ["hexadecimal", "ab".repeat(32)],
    ["a JWT (CVE-2015-9235)", "eyJhbGciOiJub25lIn0.eyJpZCI6IjQyIn0."],
    ["a megabyte (CVE-2010-4535)", "A".repeat(1_000_000)],
  ])("refuses %s", (_, token) => {
    expect(tokens.couldBeToken(token)).toBe(false);
  });
});

describe("finding", () => {
  test("asks the store for the digest, and judges by account", async () => {
    const { tokens, asked } = scriptedStore();
    const token = await tokens.issue(account(), EXPIRES_AT);
    const claim = await tokens.find(token);
    expect(asked).toEqual([referenceTokenHash(Buffer.from(token, "base64url"))]);
    expect(claim).toMatchObject({ userId: "42", expiresAt: EXPIRES_AT });
    expect(claim?.boundTo(account())).toBe(true);
  });

  test.each([
    ["another id, everything else the same (CVE-2015-2559)", { id: "43" }],
    ["another address (CVE-2022-46177)", { email: "mike@example.com" }],
    ["the address in other case", { email: "Mike@example.org" }],
    ["another password hash (CVE-2020-11027)", { passwordHash: "other" }],
    ["no password any more", { passwordHash: null }],
    ["a tenant", { tenant: "blue" }],
  ])("is not bound to an account with %s", async (_, changes) => {
    const { tokens } = scriptedStore();
    const claim = await tokens.find(await tokens.issue(account(), EXPIRES_AT));
    expect(claim?.boundTo(account(changes))).toBe(false);
  });

  test("stays bound when name or language change", async () => {
    const { tokens } = scriptedStore();
    const claim = await tokens.find(await tokens.issue(account(), EXPIRES_AT));
    expect(claim?.boundTo(account({ name: "Mikhail", locale: "ru" }))).toBe(true);
  });

  const loose: [string, (record: TokenRecord) => TokenRecord][] = [
    ["in other case", (record) => ({ ...record, tokenHash: record.tokenHash.toUpperCase() })],
    ["by prefix", (record) => ({ ...record, tokenHash: record.tokenHash.slice(0, 63) })],
    ["as a prefix", (record) => ({ ...record, tokenHash: `${record.tokenHash}0` })],
    ["with padding", (record) => ({ ...record, tokenHash: `${record.tokenHash} ` })],
    ["anything", (record) => ({ ...record, tokenHash: "0".repeat(64) })],
    ["an empty digest", (record) => ({ ...record, tokenHash: "" })],
  ];
  test.each(loose)("refuses what a store found that matches %s", async (_, match) => {
    const { tokens } = scriptedStore((record) => record && match(record));
    expect(await tokens.find(await tokens.issue(account(), EXPIRES_AT))).toBeUndefined();
  });

  const forged: [string, (record: TokenRecord, other: TokenRecord) => string][] = [
    ["of another token of this account", (_, other) => other.fingerprint],
    ["in other case", (record) => record.fingerprint.toUpperCase()],
    ["cut short", (record) => record.fingerprint.slice(0, 32)],
    ["left empty", () => ""],
  ];
  test.each(forged)("a fingerprint %s is not one", async (_, forge) => {
    const { tokens, saved } = scriptedStore(
      (record) => record && { ...record, fingerprint: forge(record, saved[0]!) },
    );
    await tokens.issue(account(), EXPIRES_AT);
    const claim = await tokens.find(await tokens.issue(account(), EXPIRES_AT));
    expect(claim?.boundTo(account())).toBe(false);
  });

  test("a record moved to another user opens neither account", async () => {
    const { tokens } = scriptedStore((record) => record && { ...record, userId: "43" });
    const claim = await tokens.find(await tokens.issue(account(), EXPIRES_AT));
    expect(claim?.userId).toBe("43");
    expect(claim?.boundTo(account({ id: "43" }))).toBe(false);
  });

  test("an unknown token is nothing", async () => {
    const tokens = storedTokens(memoryTokens() as CheckedTokenStore);
    expect(await tokens.find("A".repeat(43))).toBeUndefined();
  });
});

test("forgetting goes by the user", async () => {
  const { tokens, forgotten } = scriptedStore();
  await tokens.forget?.("42");
  expect(forgotten).toEqual(["42"]);
});
