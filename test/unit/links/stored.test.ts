import { afterEach, describe, expect, test, vi } from "vitest";
import { storedLinks } from "../../../src/links/stored.ts";
import type { TokenRecord } from "../../../src/ports/contract.ts";
import type { GuardedTokenStore } from "../../../src/ports/guarded.ts";
import { account } from "../../helpers/account.ts";
import { randomKey, referenceFingerprint, referenceTokenHash } from "../../helpers/reference.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const RAW = Uint8Array.from({ length: 32 }, (_, index) => index);
const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const EXPIRES_AT = NOW + 3_600_000;
const ORIGIN = "https://app.example.com";
const KEYS = [randomKey(), randomKey()];
const MIKE = account();

/** A store that keeps everything it was given and returns what `find` makes of the newest record. */
function createStore(
  find: (record: TokenRecord) => TokenRecord | undefined = (record) => record,
  { keys = [] as Uint8Array[], onlyNewest = false } = {},
) {
  const calls: string[] = [];
  const saved: TokenRecord[] = [];
  const searched: string[] = [];
  const deleted: string[] = [];
  const store: GuardedTokenStore = {
    async save(record) {
      calls.push("save");
      saved.push(record);
    },
    find: async (hash) => {
      searched.push(hash);
      const newest = saved.at(-1);
      return newest && find(newest);
    },
    async deleteByUser(userId) {
      calls.push("deleteByUser");
      deleted.push(userId);
    },
  };
  const { issue, find: findLink, ...links } = storedLinks(store, { keys, onlyNewest, now: () => new Date(NOW) });
  return {
    issue: (state = MIKE, expiresAt = EXPIRES_AT) => issue(state, expiresAt, ORIGIN),
    find: (token: string) => findLink(token, ORIGIN),
    ...{ ...links, saved, searched, deleted, calls },
  };
}

describe("A stored link is issued", () => {
  test("with a record of hash, user, fingerprint and expiry, and nothing else", async () => {
    const { issue, couldBeToken, saved } = createStore();
    const raw = Buffer.from(await issue(), "base64url");
    expect(raw).toHaveLength(32);
    expect(saved).toEqual([
      {
        tokenHash: referenceTokenHash(raw),
        userId: "42",
        fingerprint: referenceFingerprint(raw, EXPIRES_AT, MIKE),
        expiresAt: new Date(EXPIRES_AT),
      },
    ]);
    // The record opens nothing.
    for (const value of [saved[0]!.tokenHash, saved[0]!.fingerprint]) {
      expect(couldBeToken(value)).toBe(false);
    }
  });

  test("from 32 bytes of the platform's generator and no other", async () => {
    const draw = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as unknown as Uint8Array).set(RAW);
      return array;
    });
    const weak = vi.spyOn(Math, "random");
    expect(await createStore().issue()).toBe(Buffer.from(RAW).toString("base64url"));
    expect(draw.mock.calls.map(([array]) => array?.byteLength)).toEqual([32]);
    expect(weak).not.toHaveBeenCalled();
  });

  test("never if the generator fails", async () => {
    vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
      throw new Error("no entropy");
    });
    const { issue, saved } = createStore();
    await expect(issue()).rejects.toThrow("no entropy");
    expect(saved).toEqual([]);
  });

  test("with another token each time, in a form that is accepted", async () => {
    const { issue, couldBeToken } = createStore();
    const issued = await Promise.all(Array.from({ length: 300 }, () => issue()));
    expect(new Set(issued).size).toBe(300);
    expect(issued.every(couldBeToken)).toBe(true);
  });
});

describe("A stored token", () => {
  const { couldBeToken } = createStore();
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  test("is 43 characters of base64url, the last of them one of sixteen", () => {
    const accepted = [...ALPHABET].filter((last) => couldBeToken("A".repeat(42) + last));
    expect(accepted).toEqual([...ALPHABET].filter((_, index) => index % 4 === 0));
    for (const character of ALPHABET) expect(couldBeToken(`${character.repeat(42)}A`)).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["one character short", "A".repeat(42)],
    ["one character long", "A".repeat(44)],
    ["padded", `${"A".repeat(42)}=`],
    ["ended by a line break", `${"A".repeat(42)}\n`],
    ["preceded by a space", ` ${"A".repeat(42)}`],
    ["in the standard alphabet with +", `+${"A".repeat(42)}`],
    ["in the standard alphabet with /", `/${"A".repeat(42)}`],
    ["spelled with a letter that looks the same", `\u0410${"A".repeat(42)}`],
    ["percent-encoded", `%41${"A".repeat(40)}`],
    ["spelled with NUL", `\0${"A".repeat(42)}`],
    ["a megabyte long", "A".repeat(1_000_000)],
  ])("is refused without a search if it is %s", (_, token) => {
    expect(couldBeToken(token)).toBe(false);
  });
});

describe("A stored link", () => {
  const issueAndFind = async (find?: Parameters<typeof createStore>[0]) => {
    const its = createStore(find);
    const token = await its.issue();
    return { ...its, token, claim: await its.find(token) };
  };

  test("is found by its hash, and bound to its account whatever its name and language", async () => {
    const { token, searched, claim } = await issueAndFind();
    expect(searched).toEqual([referenceTokenHash(Buffer.from(token, "base64url"))]);
    expect(claim).toMatchObject({ userId: "42", expiresAt: EXPIRES_AT });
    expect(claim?.isBoundTo(account({ name: "Mikhail", locale: "ru" }))).toBe(true);
  });

  test.each<[string, (hash: string) => string]>([
    ["in other case", (hash) => hash.toUpperCase()],
    ["that is a prefix", (hash) => hash.slice(0, 63)],
    ["that is longer", (hash) => `${hash}0`],
    ["with padding", (hash) => `${hash} `],
    ["of another token", () => "0".repeat(64)],
    ["that is empty", () => ""],
  ])("is not found by a record with a hash %s", async (_, change) => {
    const { claim } = await issueAndFind((record) => ({ ...record, tokenHash: change(record.tokenHash) }));
    expect(claim).toBeUndefined();
  });

  test.each<[string, (fingerprint: string) => string]>([
    ["of another account", () => referenceFingerprint(RAW, EXPIRES_AT, account({ id: "43" }))],
    ["in other case", (fingerprint) => fingerprint.toUpperCase()],
    ["cut short", (fingerprint) => fingerprint.slice(0, 32)],
    ["left empty", () => ""],
  ])("is bound to nobody if its fingerprint is %s", async (_, change) => {
    const forge = (record: TokenRecord) => ({ ...record, fingerprint: change(record.fingerprint) });
    expect((await issueAndFind(forge)).claim?.isBoundTo(MIKE)).toBe(false);
  });

  test("is bound to neither account if its record was moved to another user", async () => {
    const { claim } = await issueAndFind((record) => ({ ...record, userId: "43" }));
    expect(claim?.userId).toBe("43");
    expect(claim?.isBoundTo(account({ id: "43" }))).toBe(false);
  });

  test("is not found if the store knows no record", async () => {
    expect((await issueAndFind(() => undefined)).claim).toBeUndefined();
  });
});

describe("A stored link with keys", () => {
  const withKeys = (...keys: Uint8Array[]) => createStore(undefined, { keys });

  test("has a fingerprint that is sealed with the first key, and any key verifies", async () => {
    const { issue, saved } = withKeys(...KEYS);
    const token = await issue();
    const raw = Buffer.from(token, "base64url");
    expect(saved[0]?.fingerprint).toBe(referenceFingerprint(raw, EXPIRES_AT, MIKE, KEYS[0]));
    const verdicts = [KEYS, KEYS.toReversed(), [KEYS[1]!], [randomKey()], []].map(async (keys) => {
      const { find, saved: records } = withKeys(...keys);
      records.push(saved[0]!);
      return (await find(token))?.isBoundTo(MIKE);
    });
    expect(await Promise.all(verdicts)).toEqual([true, true, false, false, false]);
  });

  test("is not bound to an account by a record that was made without keys", async () => {
    const { issue, saved } = createStore();
    const token = await issue();
    const sealed = withKeys(...KEYS);
    sealed.saved.push(...saved);
    expect((await sealed.find(token))?.isBoundTo(MIKE)).toBe(false);
  });

  test("cannot be made up by someone who can write the store and knows the whole account", async () => {
    const made = {
      tokenHash: referenceTokenHash(RAW),
      userId: "42",
      fingerprint: referenceFingerprint(RAW, EXPIRES_AT, MIKE),
      expiresAt: new Date(EXPIRES_AT),
    };
    const isBound = async (its: ReturnType<typeof createStore>) => {
      its.saved.push(made);
      return (await its.find(Buffer.from(RAW).toString("base64url")))?.isBoundTo(MIKE);
    };
    expect(await isBound(withKeys(...KEYS))).toBe(false);
    // The control: without keys the password hash is the only secret.
    expect(await isBound(createStore())).toBe(true);
  });
});

describe("A stored link is revoked", () => {
  test("with the others of its user, and its claim says so", async () => {
    const { issue, find, revoke, saved, deleted } = createStore();
    const claim = await find(await issue());
    expect(await claim?.isRevoked()).toBe(false);
    await revoke?.("42");
    expect(deleted).toEqual(["42"]);
    saved.length = 0;
    expect(await claim?.isRevoked()).toBe(true);
  });

  test("before a new one is saved, if only the newest link may be valid", async () => {
    const { issue, calls, deleted } = createStore(undefined, { onlyNewest: true });
    await issue();
    expect([calls, deleted]).toEqual([["deleteByUser", "save"], ["42"]]);
    const others = createStore();
    await others.issue();
    expect(others.calls).toEqual(["save"]);
  });
});

test.each([
  ["at most 7 days and 5 minutes", 0, true],
  ["more than 7 days and 5 minutes", 1000, false],
])("A record that claims to be valid for %s is found: %s", async (_, more, isFound) => {
  const { issue, find } = createStore();
  const longest = NOW + (7 * 24 * 60 + 5) * 60_000;
  expect((await find(await issue(MIKE, longest + more))) !== undefined).toBe(isFound);
});
