import { sessionStamp } from "relatch";
import type { SessionsFixture } from "relatch/testing";
import { type Flaws, flaw } from "./failing.ts";

type Row = { userId: string; stamp: string | null | undefined };

/** The state behind a fixture. */
interface World {
  /** Sessions, refresh tokens and API keys, by what the client has. */
  rows: Map<string, Row>;
  /** Password hashes, by the id of the user. */
  users: Map<string, string>;
  /** Adds a row, and returns what the client gets. */
  insert(userId: string, stamp: Row["stamp"]): string;
  /** Deletes the rows of this user, or of all users, for which this is true. */
  deleteIf(userId: string | undefined, condition: (row: Row) => boolean): void;
  /** The stamp of the account as it is now. */
  current(userId: string): string;
}

function createWorld(): World {
  const rows: World["rows"] = new Map();
  const users: World["users"] = new Map();
  return {
    rows,
    users,
    insert(userId, stamp) {
      const id = crypto.randomUUID();
      rows.set(id, { userId, stamp });
      return id;
    },
    deleteIf(userId, condition) {
      for (const [id, row] of rows) if ((userId ?? row.userId) === row.userId && condition(row)) rows.delete(id);
    },
    current: (id) => sessionStamp({ id, passwordHash: users.get(id) ?? null }),
  };
}

/** Creates a fixture over sessions in memory, with a flaw in it. */
export function fixture(flaw: Flaw = () => ({})): SessionsFixture {
  const world = createWorld();
  const { rows, users, insert, deleteIf } = world;
  const good = {
    async revokeSessions(userId, { except }) {
      deleteIf(userId, ({ stamp }) => stamp !== except);
    },
    async addUser(passwordHash) {
      const id = crypto.randomUUID();
      users.set(id, passwordHash);
      return id;
    },
    setPasswordHash: async (userId, hash) => users.set(userId, hash),
    open: async (userId, stamp) => insert(userId, stamp),
    isAlive: async (session) => rows.has(session),
    async refresh(session) {
      const row = rows.get(session);
      if (!row) return undefined;
      rows.delete(session);
      return insert(row.userId, row.stamp);
    },
    addCredential: async (_, userId, stamp) => insert(userId, stamp),
  } satisfies SessionsFixture;
  return { ...good, ...flaw(world, good) };
}

type Good = { [Name in keyof SessionsFixture]-?: NonNullable<SessionsFixture[Name]> };

/** Functions that replace the good ones. */
export type Flaw = (world: World, good: Good) => Partial<SessionsFixture>;

/** Ends sessions in another way. */
const revokes = (
  title: string,
  fails: string,
  revoke: (userId: string, except: string, world: World) => Promise<unknown>,
) => flaw<Flaw>(title, fails, (world) => ({ revokeSessions: (userId, { except }) => revoke(userId, except, world) }));

/** Rotates sessions in another way. `row` is the session that was there. */
const rotates = (title: string, fails: string, rotate: (row: Row, world: World) => Promise<string | undefined>) =>
  flaw<Flaw>(title, fails, (world) => ({
    async refresh(session) {
      const row = world.rows.get(session);
      if (!row) return undefined;
      const next = await rotate(row, world);
      world.rows.delete(session);
      return next;
    },
  }));

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A word for each case. */
export const named = {
  old: "sessions of the old password end",
  unstamped: "sessions from before there were stamps end",
  fresh: "sessions of the new password stay, however often revokeSessions is called",
  others: "sessions of other users stay",
  late: "a late revokeSessions ends old sessions that were opened meanwhile, and keeps the new ones",
  second: "a second reset ends the sessions of the first",
  concurrent: "concurrent revokeSessions calls end the old sessions and keep the new ones",
  refreshed: "a refreshed session stays until a reset, and ends then",
  refreshedNew: "a session of the new password can be refreshed, and stays",
  refreshedStep: "an old session that is refreshed at any step of a reset does not survive",
  refreshedRace: "an old session that is refreshed while sessions end does not survive",
  key: "no old API key opens the account, and a new one does",
};
/** The cases in which sessions end. */
const ENDS = "old unstamped late second concurrent refreshed refreshedStep refreshedRace key";
/** The cases in which sessions of the new password stay. */
const STAYS = "fresh late concurrent refreshedNew key";
const EVERY = Object.keys(named).join(" ");

/** Mistakes that people make, and the cases that find them. */
export const flaws: Flaws<Flaw> = [
  revokes("no session ever ends", ENDS, async () => {}),
  revokes("`except` is ignored", STAYS, async (userId, _, { deleteIf }) => deleteIf(userId, () => true)),
  revokes("`except` ends, and all others stay", EVERY.replace("others ", ""), async (userId, except, { deleteIf }) =>
    deleteIf(userId, ({ stamp }) => stamp === except),
  ),
  revokes("sessions without a stamp stay, as by <> in SQL", "unstamped", async (userId, except, { deleteIf }) =>
    deleteIf(userId, ({ stamp }) => typeof stamp === "string" && stamp !== except),
  ),
  revokes("sessions whose stamp is null stay", "unstamped", async (userId, except, { deleteIf }) =>
    deleteIf(userId, ({ stamp }) => stamp !== null && stamp !== except),
  ),
  revokes("sessions whose stamp is absent stay", "unstamped", async (userId, except, { deleteIf }) =>
    deleteIf(userId, ({ stamp }) => stamp !== undefined && stamp !== except),
  ),
  revokes("sessions of everybody end", "others", async (_, except, { deleteIf }) =>
    deleteIf(undefined, ({ stamp }) => stamp !== except),
  ),
  revokes("one session ends", "old refreshedRace", async (userId, except, { rows }) => {
    const found = [...rows].find(([, row]) => row.userId === userId && row.stamp !== except);
    if (found) rows.delete(found[0]);
  }),
  flaw("an error if there is nothing to end", EVERY, ({ rows }, good) => ({
    async revokeSessions(userId, options) {
      const { size } = rows;
      await good.revokeSessions(userId, options);
      if (rows.size === size) throw new Error("no such session");
    },
  })),
  flaw("an error if it is called concurrently", "concurrent", (_, good) => {
    const running = new Set<string>();
    return {
      async revokeSessions(userId, options) {
        if (running.has(userId)) throw new Error("deadlock");
        running.add(userId);
        await pause();
        await good.revokeSessions(userId, options);
        running.delete(userId);
      },
    };
  }),
  flaw("a second call for the same password that is skipped", "late refreshedStep", (_, good) => {
    const done = new Set<string>();
    return {
      async revokeSessions(userId, options) {
        const key = userId + options.except;
        if (!done.has(key)) await good.revokeSessions(userId, options);
        done.add(key);
      },
    };
  }),
  flaw("a second call for the same user that is skipped", "late second refreshedStep", (_, good) => {
    const done = new Set<string>();
    return {
      async revokeSessions(userId, options) {
        if (!done.has(userId)) await good.revokeSessions(userId, options);
        done.add(userId);
      },
    };
  }),
  flaw("users who are signed out for good", `${STAYS} second`, ({ rows }, good) => {
    const blocked = new Set<string>();
    return {
      revokeSessions: async (userId, options) => {
        blocked.add(userId);
        await good.revokeSessions(userId, options);
      },
      isAlive: async (session) => rows.has(session) && !blocked.has(rows.get(session)!.userId),
    };
  }),
  flaw("everything is accepted", ENDS, () => ({ isAlive: async () => true })),
  flaw("nothing is accepted", "old fresh others late second concurrent refreshed refreshedNew key", () => ({
    isAlive: async () => false,
  })),
  rotates("a rotation with the current stamp", "refreshedStep", async ({ userId }, { insert, current }) =>
    insert(userId, current(userId)),
  ),
  rotates("a rotation without a stamp", "refreshedNew", async ({ userId }, { insert }) => insert(userId, undefined)),
  rotates("a rotation that looks, then inserts", "refreshedRace", async ({ userId, stamp }, { insert }) => {
    await pause();
    return insert(userId, stamp);
  }),
  rotates(
    "a rotation that compares the stamp, then takes the current one",
    "refreshedRace",
    async ({ userId, stamp }, { insert, current }) => {
      if (stamp !== current(userId)) return undefined;
      await pause();
      return insert(userId, current(userId));
    },
  ),
  flaw("a rotation that never succeeds", "refreshed refreshedNew", () => ({ refresh: async () => undefined })),
  flaw("refreshed sessions that nothing ends", "refreshed refreshedStep refreshedRace", ({ rows }) => ({
    async refresh(session) {
      const row = rows.get(session);
      return row && rows.delete(session) ? `forever ${row.userId}` : undefined;
    },
    isAlive: async (session) => session.startsWith("forever") || rows.has(session),
  })),
  flaw("API keys that nothing ends", "key", ({ rows }) => ({
    addCredential: async () => "key",
    isAlive: async (session) => session === "key" || rows.has(session),
  })),
  flaw("API keys without a stamp, which a late call ends", "key", ({ insert }) => ({
    addCredential: async (_, userId) => insert(userId, undefined),
  })),
];
