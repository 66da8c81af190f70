import { beforeEach, describe, expect, test } from "vitest";
import type { TokenRecord, TokenStore } from "../../src/types.ts";

// Far ahead, so that a store with a clock of its own keeps everything for as long as a test runs.
const NOW = Date.UTC(2100, 0, 1, 12);
const HOUR = 3_600_000;

let issued = 0;
/** A digest that no other record has. */
const digest = (): string => (++issued).toString(16).padStart(64, "0123456789abcdef");

export const record = (changes: Partial<TokenRecord> = {}): TokenRecord => ({
  tokenHash: digest(),
  userId: "42",
  fingerprint: digest(),
  expiresAt: new Date(NOW + HOUR),
  ...changes,
});

/**
 * What every token store has to do, over whatever it keeps its records in. `open` answers an empty store; two
 * stores that it answers during one test may share their records or not.
 */
export function tokenStoreSuite(name: string, open: () => TokenStore | Promise<TokenStore>): void {
  describe(`${name} keeps the contract of a token store`, () => {
    let store: TokenStore;
    beforeEach(async () => {
      store = await open();
    });
    const liveOf = async (records: TokenRecord[]) => {
      const found = await Promise.all(records.map(({ tokenHash }) => store.find(tokenHash)));
      return found.filter((each) => each !== null && each !== undefined);
    };

    test("a record comes back as it went in, and may be read again and again", async () => {
      const saved = record();
      await store.save(saved);
      for (let look = 0; look < 3; look++) expect(await store.find(saved.tokenHash)).toEqual(saved);
    });

    test("an unknown digest is nothing: null or undefined, no error and no empty object", async () => {
      expect((await store.find(digest())) ?? undefined).toBeUndefined();
      await store.save(record());
      expect((await store.find(digest())) ?? undefined).toBeUndefined();
    });

    test.each([
      ["to the millisecond", NOW + 123],
      ["at the end of a second", NOW + 999],
      ["beyond 32 bits of seconds", 2 ** 32 * 1000 + 1],
      ["in the hour that summer time leaves out", Date.UTC(2101, 2, 27, 1, 30, 0, 7)],
      ["in the hour that winter time has twice", Date.UTC(2101, 9, 30, 0, 30, 0, 7)],
      ["on a leap day", Date.UTC(2104, 1, 29, 23, 59, 59, 999)],
      ["in the past: the core judges it, and nobody else", Date.UTC(2001, 0, 1)],
    ])("keeps the expiry as an instant %s", async (_, instant) => {
      const saved = record({ expiresAt: new Date(instant) });
      await store.save(saved);
      const found = await store.find(saved.tokenHash);
      expect(found?.expiresAt).toBeInstanceOf(Date);
      expect(found?.expiresAt.getTime()).toBe(instant);
    });

    describe("one live link a user", () => {
      test("a new record replaces the one before (CVE-2024-41890)", async () => {
        const [first, second] = [record(), record({ expiresAt: new Date(NOW + 2 * HOUR) })];
        await store.save(first);
        await store.save(second);
        expect(await liveOf([first, second])).toEqual([second]);
      });

      test("also when it expires sooner", async () => {
        const [first, second] = [record(), record({ expiresAt: new Date(NOW + 1) })];
        await store.save(first);
        await store.save(second);
        expect(await liveOf([first, second])).toEqual([second]);
      });

      test("also when it is the same record", async () => {
        const saved = record();
        await store.save(saved);
        await store.save(saved);
        expect(await liveOf([saved])).toEqual([saved]);
        await store.deleteByUser(saved.userId);
        expect(await liveOf([saved])).toEqual([]);
      });

      test("other users keep theirs", async () => {
        const records = ["1", "2", "3"].map((userId) => record({ userId }));
        for (const each of records) await store.save(each);
        await store.save(record({ userId: "2" }));
        expect(await liveOf(records)).toEqual([records[0], records[2]]);
      });

      test("of many that are saved at once exactly one is left, whole", async () => {
        for (let round = 0; round < 5; round++) {
          const rivals = Array.from({ length: 32 }, () => record({ userId: `raced-${round}` }));
          await Promise.all(rivals.map((rival) => store.save(rival)));
          const live = await liveOf(rivals);
          expect(live).toHaveLength(1);
          expect(rivals).toContainEqual(live[0]);
          await store.deleteByUser(`raced-${round}`);
          expect(await liveOf(rivals)).toEqual([]);
        }
      });

      test("of many users who save at once each has one", async () => {
        const records = Array.from({ length: 64 }, (_, user) => record({ userId: `user-${user}` }));
        await Promise.all(records.map((each) => store.save(each)));
        expect(await liveOf(records)).toEqual(records);
      });
    });

    describe("finds the exact digest and no other", () => {
      const hash = "abcdef".repeat(10).concat("beef");
      test.each([
        ["in other case", hash.toUpperCase()],
        ["cut short", hash.slice(0, 63)],
        ["a little longer", `${hash}0`],
        ["with a space behind it", `${hash} `],
        ["with a space before it", ` ${hash}`],
        ["with a line break behind it", `${hash}\n`],
        ["as a pattern", `${hash.slice(0, 10)}%`],
        ["as another pattern", hash.replace("a", "_")],
        ["as a third", "*"],
        ["an accent more", hash.replace("a", "á")],
        ["empty (CVE-2026-115237)", ""],
        ["as part of a statement", `' OR '1'='1`],
        ["one digit off", `0${hash.slice(1)}`],
      ])("%s", async (_, asked) => {
        await store.save(record({ tokenHash: hash }));
        const found = await store.find(asked);
        // Redis and its kin may read an odd key otherwise; what they must not do is answer with the record.
        expect(found ?? undefined).toBeUndefined();
      });
    });

    describe("users are told apart byte by byte", () => {
      const pairs = [
        ["aB3", "Ab3"],
        ["a", "A"],
        ["user", "user "],
        ["e\u0301", "\u00e9"],
        ["e", "é"],
        ["ss", "ß"],
        ["i", "ı"],
        ["1", "01"],
        ["1", "1.0"],
        ["\u{1f600}", "\u{1f601}"],
        ["a", "a\u200b"],
      ] as const;
      test.each(pairs)("%j and %j", async (one, other) => {
        const [first, second] = [record({ userId: one }), record({ userId: other })];
        await store.save(first);
        await store.save(second);
        expect(await liveOf([first, second])).toEqual([first, second]);
        await store.deleteByUser(other);
        expect(await liveOf([first, second])).toEqual([first]);
        await store.deleteByUser(one);
        expect(await liveOf([first, second])).toEqual([]);
      });

      test.each([
        "o'brien",
        '"quoted"',
        "back\\slash",
        "'; DROP TABLE password_reset_tokens; --",
        "%",
        "_",
        "a:b:c",
        "{braces}",
        "$1 ? :id @id",
        "line\nbreak\ttab",
        "__proto__",
        "constructor",
        "null",
        "0",
        "550e8400-e29b-41d4-a716-446655440000",
        "пользователь-😀",
        "x".repeat(128),
        "😀".repeat(32),
      ])("an id of %j is kept as it is", async (userId) => {
        const bystander = record({ userId: "bystander" });
        await store.save(bystander);
        const first = record({ userId });
        const second = record({ userId });
        await store.save(first);
        expect(await liveOf([first])).toEqual([first]);
        await store.save(second);
        expect(await liveOf([first, second])).toEqual([second]);
        await store.deleteByUser(userId);
        expect(await liveOf([first, second, bystander])).toEqual([bystander]);
      });
    });

    describe("deleting by user", () => {
      test("kills the link at once", async () => {
        const saved = record();
        await store.save(saved);
        await store.deleteByUser(saved.userId);
        expect(await liveOf([saved])).toEqual([]);
      });

      test("may be done again, and to a user who has none", async () => {
        await store.deleteByUser("nobody");
        await store.save(record());
        await store.deleteByUser("42");
        await store.deleteByUser("42");
      });

      test("is not for ever: the next link lives", async () => {
        await store.save(record());
        await store.deleteByUser("42");
        const next = record();
        await store.save(next);
        expect(await liveOf([next])).toEqual([next]);
      });

      test("together with a save leaves the new link or none, and never half of one", async () => {
        for (let round = 0; round < 10; round++) {
          const [old, fresh] = [record(), record()];
          await store.save(old);
          await Promise.all([store.deleteByUser("42"), store.save(fresh)]);
          const live = await liveOf([old, fresh]);
          expect([[], [fresh]]).toContainEqual(live);
        }
      });
    });

    describe("deleting what has expired", () => {
      test("takes what expires now or earlier, leaves what expires later, and counts", async () => {
        const records = [-HOUR, -1, 0, 1, HOUR].map((offset) =>
          record({ userId: `user${offset}`, expiresAt: new Date(NOW + offset) }),
        );
        for (const each of records) await store.save(each);
        expect(await store.deleteExpired(new Date(NOW))).toBe(3);
        expect(await liveOf(records)).toEqual(records.slice(3));
        expect(await store.deleteExpired(new Date(NOW))).toBe(0);
        expect(await store.deleteExpired(new Date(NOW + 1))).toBe(1);
        expect(await store.deleteExpired(new Date(NOW + 2 * HOUR))).toBe(1);
        expect(await liveOf(records)).toEqual([]);
      });

      test("does not count what a later record replaced", async () => {
        await store.save(record({ expiresAt: new Date(NOW - HOUR) }));
        const live = record();
        await store.save(live);
        expect(await store.deleteExpired(new Date(NOW))).toBe(0);
        expect(await liveOf([live])).toEqual([live]);
      });

      test("of nothing is 0", async () => {
        expect(await store.deleteExpired(new Date(NOW))).toBe(0);
      });

      test("keeps no user from a new link", async () => {
        await store.save(record({ expiresAt: new Date(NOW - 1) }));
        await store.deleteExpired(new Date(NOW));
        const next = record();
        await store.save(next);
        expect(await liveOf([next])).toEqual([next]);
      });
    });

    describe("keeps no hold of the caller's objects", () => {
      test("neither of what was saved", async () => {
        const saved = record();
        const expected = { ...saved, expiresAt: new Date(saved.expiresAt) };
        await store.save(saved);
        saved.expiresAt.setTime(0);
        saved.userId = "43";
        saved.fingerprint = "";
        expect(await store.find(expected.tokenHash)).toEqual(expected);
      });

      test("nor of what was found", async () => {
        const saved = record();
        await store.save(saved);
        const found = await store.find(saved.tokenHash);
        found?.expiresAt.setTime(0);
        Object.assign(found ?? {}, { userId: "43", fingerprint: "" });
        expect(await store.find(saved.tokenHash)).toEqual(saved);
      });

      test("nor changes what it is given", async () => {
        const saved = Object.freeze(record());
        await store.save(saved);
        const now = new Date(NOW);
        await store.deleteExpired(now);
        expect(now.getTime()).toBe(NOW);
      });
    });
  });
}
