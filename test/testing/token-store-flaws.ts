import type { TokenRecord, TokenStore } from "../../src/types.ts";

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What an attempt at a store gets wrong: its own methods in place of the good ones. */
export type Flaw = (rows: Map<string, TokenRecord>, good: TokenStore) => Partial<TokenStore>;

/** A plain store over a Map by user id, with flaws put in. */
export function flawed(flaw: Flaw = () => ({})): TokenStore {
  const rows = new Map<string, TokenRecord>();
  const good: TokenStore = {
    save: async (record) => rows.set(record.userId, copy(record)),
    async find(tokenHash) {
      const row = [...rows.values()].find((each) => each.tokenHash === tokenHash);
      return row && copy(row);
    },
    deleteByUser: async (userId) => rows.delete(userId),
    async deleteExpired(now) {
      const expired = [...rows.values()].filter(({ expiresAt }) => expiresAt <= now);
      for (const { userId } of expired) rows.delete(userId);
      return expired.length;
    },
  };
  return { ...good, ...flaw(rows, good) };
}

const copy = (record: TokenRecord) => ({ ...record, expiresAt: new Date(record.expiresAt) });

/** A store whose `save` writes, and whose `find` reads, something else than it was given. */
const writing =
  (change: (record: TokenRecord) => TokenRecord): Flaw =>
  (_, good) => ({ save: (record) => good.save(change(record)) });
export const withExpiry = (change: (instant: number) => number | string) =>
  writing((record) => ({ ...record, expiresAt: new Date(change(record.expiresAt.getTime())) }));

/** A store that takes two ids for one when this makes them alike. */
const idsBy =
  (fold: (id: string) => string): Flaw =>
  (rows, good) => ({
    async save(record) {
      for (const userId of [...rows.keys()].filter((each) => fold(each) === fold(record.userId)))
        rows.delete(userId);
      await good.save(record);
    },
    deleteByUser: async (userId) => {
      for (const each of [...rows.keys()].filter((other) => fold(other) === fold(userId))) rows.delete(each);
    },
  });

/** A store that finds what matches, and not only what is equal. */
const findsBy =
  (matches: (stored: string, asked: string) => boolean): Flaw =>
  (rows) => ({
    async find(asked) {
      const row = [...rows.values()].find(({ tokenHash }) => matches(tokenHash, asked));
      return row && copy(row);
    },
  });

/** The cases, by a word. */
export const named = {
  exactly: "finds exactly what was saved, as often as it is asked",
  unknown: "finds nothing for a hash that was not saved",
  whole: "matches the whole hash, byte for byte",
  instants: "keeps the expiry to the millisecond, in no time zone",
  expired: "finds a record that has expired: the caller judges that, by one clock",
  replaces: "keeps one record a user: a new one replaces the earlier",
  twice: "takes the same record twice",
  atOnce: "replaces in one step: of 32 saves at once, one record is left, and whole",
  users: "keeps the records of 64 users who save at once",
  alike: "tells apart ids that look alike",
  anyId: "takes any id of 1 to 128 bytes",
  noHold: "keeps no hold on the caller's objects, and does not change them",
  deletes: "deleteByUser deletes the user's record and no other's, and may be repeated",
  again: "a user can save again after deleteByUser",
  beside: "deleteByUser beside a save leaves the new record, whole, or none",
  purges: "deleteExpired deletes what has expired, the instant itself included",
  counts: "deleteExpired answers how many went",
  leaves: "deleteExpired leaves a user alone whose expired record was replaced",
  afterPurge: "a user can save again after deleteExpired",
};
const {
  exactly,
  unknown,
  whole,
  instants,
  expired,
  replaces,
  twice,
  atOnce,
  users,
  alike,
  anyId,
  noHold,
  deletes,
  again,
  beside,
  purges,
  counts,
  leaves,
  afterPurge,
} = named;

/** What people get wrong, and which cases say so. */
export const flaws: [title: string, flaw: Flaw, fails: string[]][] = [
  [
    "a save that reads, deletes and inserts",
    (rows) => {
      const table = new Set<TokenRecord>();
      return {
        async save(record) {
          const earlier = [...table].filter(({ userId }) => userId === record.userId);
          await pause();
          for (const row of earlier) table.delete(row);
          table.add(copy(record));
          rows.set(record.userId, record);
        },
        find: async (tokenHash) => {
          const row = [...table].find((each) => each.tokenHash === tokenHash);
          return row && copy(row);
        },
        async deleteByUser(userId) {
          for (const row of table) if (row.userId === userId) table.delete(row);
        },
        async deleteExpired(now) {
          const gone = [...table].filter(({ expiresAt }) => expiresAt <= now);
          for (const row of gone) table.delete(row);
          return gone.length;
        },
      };
    },
    [atOnce],
  ],
  [
    "earlier records that stay",
    (_, good) => {
      const byHash = new Map<string, TokenRecord>();
      return {
        async save(record) {
          await good.save(record);
          byHash.set(record.tokenHash, copy(record));
        },
        async find(tokenHash) {
          const row = byHash.get(tokenHash);
          return row && copy(row);
        },
        async deleteByUser(userId) {
          for (const [hash, row] of byHash) if (row.userId === userId) byHash.delete(hash);
          await good.deleteByUser(userId);
        },
        async deleteExpired(now) {
          let count = 0;
          for (const [hash, row] of byHash) if (row.expiresAt <= now && byHash.delete(hash)) count += 1;
          return count;
        },
      };
    },
    [replaces, atOnce, anyId],
  ],
  [
    "a second save of a user that fails",
    (rows, good) => ({
      save: async (record) =>
        rows.has(record.userId) ? Promise.reject(new Error("duplicate key")) : good.save(record),
    }),
    [replaces, twice, atOnce, anyId, noHold, leaves],
  ],
  [
    "a second save of a user that is ignored",
    (rows, good) => ({ save: async (record) => !rows.has(record.userId) && good.save(record) }),
    [replaces, anyId, leaves],
  ],
  [
    "dates rounded to seconds",
    withExpiry((instant) => Math.floor(instant / 1000) * 1000),
    [instants, purges],
  ],
  [
    "seconds in 32 bits",
    withExpiry((instant) => (Math.floor(instant / 1000) | 0) * 1000 + (instant % 1000)),
    [instants],
  ],
  [
    "a local clock written without its zone",
    withExpiry((instant) => `${new Date(instant).toLocaleString("sv", { timeZone: "Europe/Berlin" })}Z`),
    [exactly, instants, purges, counts],
  ],
  ["hashes matched by their beginning", findsBy((stored, asked) => stored.startsWith(asked)), [whole]],
  ["hashes matched whatever their case", findsBy((stored, asked) => stored === asked.toLowerCase()), [whole]],
  [
    "hashes matched by LIKE",
    findsBy((stored, asked) =>
      new RegExp(
        `^${asked
          .replace(/[*'().+?]/g, "\\$&")
          .replaceAll("%", ".*")
          .replaceAll("_", ".")}$`,
        "s",
      ).test(stored),
    ),
    [whole],
  ],
  [
    "hashes matched without blanks at the end",
    findsBy((stored, asked) => stored === asked.trimEnd()),
    [whole],
  ],
  ["ids alike in any case", idsBy((id) => id.toLowerCase()), [alike]],
  ["ids alike without accents", idsBy((id) => id.normalize("NFD").replace(/\p{M}/gu, "")), [alike]],
  ["ids alike without blanks at the end", idsBy((id) => id.trimEnd()), [alike]],
  ["ids alike in Unicode's normal form", idsBy((id) => id.normalize("NFC")), [alike]],
  [
    "ids cut to 64 characters",
    writing((record) => ({ ...record, userId: record.userId.slice(0, 64) })),
    [anyId],
  ],
  [
    "ids in Latin-1",
    writing((record) => ({ ...record, userId: Buffer.from(record.userId, "latin1").toString("latin1") })),
    [alike, anyId],
  ],
  [
    "fingerprints cut to 60 characters",
    writing((record) => ({ ...record, fingerprint: record.fingerprint.slice(0, 60) })),
    [exactly, atOnce, beside],
  ],
  [
    "objects that it keeps and hands out",
    (rows) => ({
      save: async (record) => rows.set(record.userId, record),
      find: async (tokenHash) => [...rows.values()].find((row) => row.tokenHash === tokenHash),
    }),
    [noHold],
  ],
  [
    "objects that it writes on",
    (_, good) => ({ save: (record) => good.save(Object.assign(record, { savedAt: 0 })) }),
    [exactly, noHold],
  ],
  [
    "a find that spends the token",
    (rows, good) => ({
      async find(tokenHash) {
        const row = await good.find(tokenHash);
        if (row) rows.delete(row.userId);
        return row;
      },
    }),
    [exactly, noHold],
  ],
  [
    "a find that judges the expiry",
    (_, good) => ({
      async find(tokenHash) {
        const row = await good.find(tokenHash);
        return row && row.expiresAt.getTime() > Date.now() ? row : undefined;
      },
    }),
    [expired, purges],
  ],
  [
    "an empty object for nothing",
    (_, good) => ({ find: async (hash) => (await good.find(hash)) ?? ({} as TokenRecord) }),
    [unknown, whole, atOnce],
  ],
  [
    "a find that throws for nothing",
    (_, good) => ({
      async find(hash) {
        const row = await good.find(hash);
        if (!row) throw new Error("no rows");
        return row;
      },
    }),
    [unknown, whole, replaces, atOnce, alike, anyId, deletes, again, beside, purges],
  ],
  [
    "texts for dates",
    (_, good) => ({
      async find(hash) {
        const row = await good.find(hash);
        return row && { ...row, expiresAt: row.expiresAt.toISOString() as never };
      },
    }),
    [exactly, instants, noHold],
  ],
  ["a deleteByUser that does nothing", () => ({ deleteByUser: async () => 0 }), [alike, anyId, deletes]],
  [
    "a deleteByUser that forgets everybody",
    (rows) => ({ deleteByUser: async () => rows.clear() }),
    [alike, deletes],
  ],
  [
    "a deleteByUser that may not be repeated",
    (rows) => ({
      async deleteByUser(userId) {
        if (!rows.delete(userId)) throw new Error("no such row");
      },
    }),
    [deletes],
  ],
  [
    "a deleteByUser that is for ever",
    (rows, good) => {
      const gone = new Set<string>();
      return {
        deleteByUser: async (userId) => {
          gone.add(userId);
          rows.delete(userId);
        },
        save: async (record) => !gone.has(record.userId) && good.save(record),
      };
    },
    [again],
  ],
  [
    "a purge with < for <=",
    (_, good) => ({ deleteExpired: (now) => good.deleteExpired(new Date(now.getTime() - 1)) }),
    [purges],
  ],
  [
    "a purge of one hour too few",
    (_, good) => ({ deleteExpired: (now) => good.deleteExpired(new Date(now.getTime() - 3_600_000)) }),
    [purges, counts],
  ],
  [
    "a purge that does not count",
    (_, good) => ({ deleteExpired: async (now) => void (await good.deleteExpired(now)) as never }),
    [counts],
  ],
  [
    "a purge that counts in bigints",
    (_, good) => ({ deleteExpired: async (now) => BigInt(await good.deleteExpired(now)) as never }),
    [counts],
  ],
  [
    "a purge that moves the date it is given",
    (_, good) => ({
      async deleteExpired(now) {
        const count = await good.deleteExpired(now);
        now.setTime(0);
        return count;
      },
    }),
    [purges],
  ],
  [
    "a table of one row",
    (rows, good) => ({
      async save(record) {
        rows.clear();
        await good.save(record);
      },
    }),
    [users, alike, purges, counts],
  ],
  [
    "a purge that bars the user for ever",
    (rows, good) => {
      const gone = new Set<string>();
      return {
        async deleteExpired(now) {
          for (const { userId, expiresAt } of rows.values()) if (expiresAt <= now) gone.add(userId);
          return good.deleteExpired(now);
        },
        save: async (record) => !gone.has(record.userId) && good.save(record),
      };
    },
    [afterPurge],
  ],
];
