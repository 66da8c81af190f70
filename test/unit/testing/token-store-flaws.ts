import type { TokenRecord, TokenStore } from "../../../src/ports/contract.ts";
import { type Flaws, flaw, like } from "./failing.ts";

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

type Rows = Map<string, TokenRecord>;
/** Methods that replace the good ones. */
export type Flaw = (rows: Rows, good: TokenStore) => Partial<TokenStore>;

/** Creates a plain store over a Map by token hash, with a flaw. */
export function flawed(flaw: Flaw = () => ({})): TokenStore {
  const rows: Rows = new Map();
  const good: TokenStore = {
    save: async (record) => rows.set(record.tokenHash, copy(record)),
    async find(tokenHash) {
      const row = rows.get(tokenHash);
      return row && copy(row);
    },
    deleteByUser: async (userId) => deleteRows(rows, (row) => row.userId === userId),
    deleteExpired: async (now) => deleteRows(rows, ({ expiresAt }) => expiresAt <= now),
  };
  return { ...good, ...flaw(rows, good) };
}

/** Deletes the rows that match and returns how many there were. */
function deleteRows(rows: Rows, matches: (row: TokenRecord) => boolean): number {
  const matching = [...rows.values()].filter(matches);
  for (const { tokenHash } of matching) rows.delete(tokenHash);
  return matching.length;
}

const copy = (record: TokenRecord) => ({ ...record, expiresAt: new Date(record.expiresAt) });

const rowsOf = (rows: Rows, { userId }: TokenRecord) => [...rows.values()].filter((row) => row.userId === userId);

/** A flaw in one method, which gets its argument, the good store and its rows. */
const flawIn = <Method extends keyof TokenStore>(
  method: Method,
  title: string,
  fails: string,
  run: (argument: Parameters<TokenStore[Method]>[0], good: TokenStore, rows: Rows) => unknown,
) => flaw<Flaw>(title, fails, (rows, good) => ({ [method]: async (argument: never) => run(argument, good, rows) }));

/** A store that writes a changed record. */
const writing = (title: string, fails: string, change: (record: TokenRecord) => TokenRecord) =>
  flawIn("save", title, fails, (record, good) => good.save(change(record)));
const withExpiry = (title: string, fails: string, change: (instant: number) => number | string) =>
  writing(title, fails, (record) => ({ ...record, expiresAt: new Date(change(record.expiresAt.getTime())) }));

/** A store that treats two ids as one if `fold` makes them equal. */
const idsBy = (title: string, fold: (id: string) => string) =>
  flawIn("deleteByUser", title, "alike", (userId, _, rows) =>
    deleteRows(rows, (row) => fold(row.userId) === fold(userId)),
  );

/** A store that finds a hash if it matches, and not only if it is equal. */
const findsBy = (title: string, matches: (stored: string, asked: string) => boolean) =>
  flawIn("find", title, "whole", (asked, _, rows) => {
    const row = [...rows.values()].find(({ tokenHash }) => matches(tokenHash, asked));
    return row && copy(row);
  });

/** A word for each case. */
export const named = {
  exactly: "find returns exactly what was saved, however often it is called",
  unknown: "find returns nothing for a hash that was not saved",
  whole: "find compares the whole hash, byte for byte",
  instants: "save keeps the expiry to the millisecond, whatever the time zone",
  expired: "find returns an expired record, because the caller judges the expiry by one clock",
  adds: "save keeps the earlier records of the same user",
  atOnce: "32 concurrent saves for one user keep all records",
  users: "64 concurrent saves for 64 users keep all records",
  alike: "user ids that look alike are kept apart",
  anyId: "user ids of 1 to 128 bytes are accepted, whatever they contain",
  noHold: "the store neither keeps nor changes the caller's objects",
  deletes: "deleteByUser deletes all records of this user only, and can be repeated",
  again: "a user can save again after deleteByUser",
  beside: "deleteByUser during a save leaves the new record whole, or none",
  purges: "deleteExpired deletes every expired record, one that expires now included",
  counts: "deleteExpired returns how many records it deleted",
  leaves: "deleteExpired leaves the other records of the same user",
  afterPurge: "a user can save again after deleteExpired",
};

/** Mistakes that people make, and the cases that find them. */
export const flaws: Flaws<Flaw> = [
  flawIn("save", "a save that replaces", "adds atOnce", async (record, good, rows) => {
    deleteRows(rows, ({ userId }) => userId === record.userId);
    await good.save(record);
  }),
  flaw("a save that reads the user's records, and writes them back with one more", "atOnce", (rows) => ({
    async save(record) {
      const earlier = rowsOf(rows, record);
      await pause();
      deleteRows(rows, ({ userId }) => userId === record.userId);
      for (const row of [...earlier, record]) rows.set(row.tokenHash, copy(row));
    },
  })),
  flawIn("save", "a second save of a user that fails", "adds atOnce anyId deletes leaves", (record, good, rows) => {
    if (rowsOf(rows, record).length > 0) throw new Error("duplicate key");
    return good.save(record);
  }),
  flawIn("save", "a second save of a user that is ignored", "adds atOnce anyId leaves", (record, good, rows) =>
    rowsOf(rows, record).length === 0 ? good.save(record) : undefined,
  ),
  withExpiry("dates rounded to seconds", "instants purges", (instant) => Math.floor(instant / 1000) * 1000),
  withExpiry("seconds in 32 bits", "instants", (instant) => (Math.floor(instant / 1000) | 0) * 1000 + (instant % 1000)),
  withExpiry(
    "a local clock without its zone",
    "exactly instants adds atOnce purges counts",
    (instant) => `${new Date(instant).toLocaleString("sv", { timeZone: "Europe/Berlin" })}Z`,
  ),
  findsBy("hashes matched by their beginning", (stored, asked) => stored.startsWith(asked)),
  findsBy("hashes matched whatever their case", (stored, asked) => stored === asked.toLowerCase()),
  findsBy("hashes matched by LIKE", (stored, asked) => like(asked, "s").test(stored)),
  findsBy("hashes matched without trailing spaces", (stored, asked) => stored === asked.trimEnd()),
  idsBy("ids alike in any case", (id) => id.toLowerCase()),
  idsBy("ids alike without accents", (id) => id.normalize("NFD").replace(/\p{M}/gu, "")),
  idsBy("ids alike without trailing spaces", (id) => id.trimEnd()),
  idsBy("ids alike in normal form C", (id) => id.normalize("NFC")),
  writing("ids cut to 64 characters", "anyId", (record) => ({ ...record, userId: record.userId.slice(0, 64) })),
  writing("ids in Latin-1", "alike anyId", (record) => ({
    ...record,
    userId: Buffer.from(record.userId, "latin1").toString("latin1"),
  })),
  writing("fingerprints cut to 60 characters", "exactly adds atOnce beside", (record) => ({
    ...record,
    fingerprint: record.fingerprint.slice(0, 60),
  })),
  flaw("objects that it keeps and hands out", "noHold", (rows) => ({
    save: async (record) => rows.set(record.tokenHash, record),
    find: async (tokenHash) => rows.get(tokenHash),
  })),
  writing("objects that it writes on", "exactly adds atOnce noHold", (record) => Object.assign(record, { savedAt: 0 })),
  flawIn("find", "a find that deletes the record", "exactly noHold", async (hash, good, rows) => {
    const row = await good.find(hash);
    rows.delete(hash);
    return row;
  }),
  flawIn("find", "a find that judges the expiry", "expired purges", async (hash, good) => {
    const row = await good.find(hash);
    return row && row.expiresAt.getTime() > Date.now() ? row : undefined;
  }),
  flawIn(
    "find",
    "an empty object if nothing is found",
    "unknown whole",
    async (hash, good) => (await good.find(hash)) ?? {},
  ),
  flawIn(
    "find",
    "a find that throws if nothing is found",
    "unknown whole alike anyId deletes again beside purges",
    async (hash, good) => (await good.find(hash)) ?? Promise.reject(new Error("no rows")),
  ),
  flawIn("find", "strings for dates", "exactly instants adds atOnce noHold", async (hash, good) => {
    const row = await good.find(hash);
    return row && { ...row, expiresAt: row.expiresAt.toISOString() };
  }),
  flawIn("deleteByUser", "a deleteByUser that does nothing", "alike anyId deletes again beside", () => 0),
  flawIn("deleteByUser", "a deleteByUser that deletes every record", "alike deletes", (_, _good, rows) => rows.clear()),
  flawIn("deleteByUser", "a deleteByUser that cannot be repeated", "deletes", async (userId, good) => {
    if (!(await good.deleteByUser(userId))) throw new Error("no such row");
  }),
  flawIn("deleteByUser", "a deleteByUser that deletes one record", "anyId deletes", (userId, _, rows) => {
    const first = [...rows.values()].find((row) => row.userId === userId);
    rows.delete(first?.tokenHash ?? "");
  }),
  flaw("a deleteByUser that bars the user forever", "again", (_, good) => {
    const gone = new Set<string>();
    return {
      deleteByUser: async (userId) => gone.add(userId) && good.deleteByUser(userId),
      save: async (record) => !gone.has(record.userId) && good.save(record),
    };
  }),
  flawIn("deleteExpired", "a purge with < for <=", "purges", (now, good) =>
    good.deleteExpired(new Date(now.getTime() - 1)),
  ),
  flawIn("deleteExpired", "a purge of one hour too little", "purges counts", (now, good) =>
    good.deleteExpired(new Date(now.getTime() - 3_600_000)),
  ),
  flawIn(
    "deleteExpired",
    "a purge that does not count",
    "counts",
    async (now, good) => void (await good.deleteExpired(now)),
  ),
  flawIn("deleteExpired", "a purge that counts in bigints", "counts", async (now, good) =>
    BigInt(await good.deleteExpired(now)),
  ),
  flawIn("deleteExpired", "a purge that moves the date it is given", "purges", (now, good) =>
    good.deleteExpired(now).finally(() => now.setTime(0)),
  ),
  flaw("a purge of everything that a user with an expired record has", "leaves", (rows, good) => ({
    async deleteExpired(now) {
      const users = [...rows.values()].filter(({ expiresAt }) => expiresAt <= now);
      for (const { userId } of users) await good.deleteByUser(userId);
      return users.length;
    },
  })),
  flawIn("save", "a table of one row", "adds atOnce users alike purges counts", async (record, good, rows) => {
    rows.clear();
    await good.save(record);
  }),
  flaw("a purge that bars the user forever", "afterPurge", (rows, good) => {
    const gone = new Set<string>();
    return {
      async deleteExpired(now) {
        for (const { userId, expiresAt } of rows.values()) if (expiresAt <= now) gone.add(userId);
        return good.deleteExpired(now);
      },
      save: async (record) => !gone.has(record.userId) && good.save(record),
    };
  }),
];
