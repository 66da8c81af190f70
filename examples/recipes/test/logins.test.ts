import { createHash, randomUUID } from "node:crypto";
import pg from "pg";
import {
  canonicalEmail,
  createPasswordReset,
  type PasswordResetOptions,
  type ResetUser,
  type UserStore,
} from "relatch";
import { memoryTokens } from "relatch/memory";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as forShare from "../logins/for-share.ts";
import { SESSIONS_TABLE, stampedClaims, stampedSessions } from "../logins/session-stamp.ts";
import { pgUsers, USERS_TABLE } from "../users/pg.ts";
import { hasPostgres, postgresSchema } from "./servers.ts";

const RESETS = 60;
const LOGINS_PER_RESET = 10;

/** Salted and quick: what is raced here are the statements around it. */
const hasher = {
  async hash(password: string, salt: string = randomUUID()) {
    return `${salt}$${createHash("sha256").update(`${salt}${password}`).digest("hex")}`;
  },
  async verify(hash: string | null, password: string) {
    return hash === (await hasher.hash(password, hash?.split("$")[0]));
  },
};

/** A way to sign in: how a session is opened, and when one is valid. */
interface Login {
  users: UserStore;
  revokeSessions: PasswordResetOptions["revokeSessions"];
  /** `user` is the row whose password was verified. */
  open(user: ResetUser): Promise<string | undefined>;
  isAlive(session: string): Promise<boolean>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The stages of a reset. Logins open their sessions as it reaches each of them, or a random moment later. */
const STAGES = ["started", "committing", "committed", "returned"] as const;
type Stage = (typeof STAGES)[number];

function stages() {
  const reached = new EventTarget();
  const done = new Set<Stage>();
  return {
    reach(stage: Stage) {
      done.add(stage);
      reached.dispatchEvent(new Event(stage));
    },
    at: (stage: Stage) =>
      done.has(stage) ? Promise.resolve() : new Promise((resolve) => reached.addEventListener(stage, resolve)),
  };
}

describe.skipIf(!(await hasPostgres()))("logins during a reset", () => {
  let db: Awaited<ReturnType<typeof postgresSchema>>;
  let pool: pg.Pool;

  async function openTables(sessions: string) {
    db = await postgresSchema(USERS_TABLE, sessions);
    pool = new pg.Pool({ connectionString: db.url(), max: 16 });
  }
  async function dropTables() {
    await pool.end();
    await db.drop();
  }

  async function addUser(password = "old password"): Promise<ResetUser> {
    const email = `${randomUUID()}@example.org`;
    await pool.query("INSERT INTO users (email, canonical_email, password_hash) VALUES ($1, $2, $3)", [
      email,
      canonicalEmail(email),
      await hasher.hash(password),
    ]);
    const user = await pgUsers(pool).findByEmail(email, undefined);
    if (!user) throw new Error("no user");
    return user;
  }

  const count = async (user: ResetUser): Promise<number> => {
    const { rows } = await pool.query("SELECT FROM sessions WHERE user_id = $1", [user.id]);
    return rows.length;
  };

  const rowExists = async (session: string): Promise<boolean> => {
    const { rows } = await pool.query("SELECT FROM sessions WHERE id_hash = $1", [forShare.digest(session)]);
    return rows.length === 1;
  };

  /** Logins with the old password that overlap a reset: verified before it, and opened before, during and after. */
  async function race({ users, revokeSessions, open, isAlive }: Login) {
    const links = new Map<string, string>();
    const progress = new Map<string, ReturnType<typeof stages>>();
    const passwordReset = createPasswordReset({
      users: {
        ...users,
        async replacePasswordHash(change) {
          progress.get(change.email)?.reach("committing");
          const isCommitted = await users.replacePasswordHash(change);
          progress.get(change.email)?.reach("committed");
          return isCommitted;
        },
      },
      tokens: memoryTokens(),
      mailer: { send: async ({ to, text }) => links.set(to, text.match(/\/([\w-]{43})\s/)?.[1] ?? "") },
      hasher,
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions,
      limits: false,
      // Its follow-up jobs are lost, as if this process had crashed: they would end the sessions once more.
      dispatcher: {
        async dispatch(job, deliver) {
          if (job.type === "reset_requested") await deliver(job);
        },
      },
    });
    const accounts = await Promise.all(Array.from({ length: RESETS }, () => addUser()));
    for (const { email } of accounts) await passwordReset.requestReset({ email, ip: false });

    async function logIn(email: string, password: string, wait: () => Promise<unknown>) {
      const user = await users.findByEmail(email, undefined);
      if (!user || !(await hasher.verify(user.passwordHash, password))) throw new Error("wrong password");
      await wait();
      return open(user);
    }

    async function round({ email }: ResetUser) {
      const { reach, at } = stages();
      progress.set(email, { reach, at });
      let verified = 0;
      const oldLogins = Array.from({ length: LOGINS_PER_RESET }, (_, n) =>
        logIn(email, "old password", async () => {
          verified += 1;
          if (verified === LOGINS_PER_RESET) reach("started");
          await at(STAGES[n % STAGES.length] ?? "returned");
          await pause(Math.random() * 3);
        }),
      );
      await at("started");
      const newPassword = "the new password";
      const reset = await passwordReset.completeReset({ token: links.get(email), newPassword });
      expect(reset).toMatchObject({ ok: true });
      reach("returned");
      const newSession = await logIn(email, newPassword, async () => {});
      return { oldSessions: await Promise.all(oldLogins), newSession };
    }

    const rounds: Awaited<ReturnType<typeof round>>[] = [];
    for (let n = 0; n < accounts.length; n += 6) {
      rounds.push(...(await Promise.all(accounts.slice(n, n + 6).map(round))));
    }
    const survivors = async (sessions: (string | undefined)[], alive = isAlive) =>
      (await Promise.all(sessions.map((session) => session !== undefined && alive(session)))).filter(Boolean).length;
    const oldSessions = rounds.flatMap(({ oldSessions }) => oldSessions);
    return {
      oldLogins: oldSessions.length,
      oldSessionsInTable: await survivors(oldSessions, rowExists),
      oldSessionsAlive: await survivors(oldSessions),
      newSessionsAlive: await survivors(rounds.map(({ newSession }) => newSession)),
    };
  }

  describe("control: a plain INSERT", () => {
    beforeAll(() => openTables(forShare.SESSIONS_TABLE));
    afterAll(dropTables);

    test("sessions of the old password survive", async () => {
      const result = await race({
        users: pgUsers(pool),
        revokeSessions: (userId) => pool.query("DELETE FROM sessions WHERE user_id = $1", [userId]),
        async open({ id }) {
          const session = randomUUID();
          await pool.query("INSERT INTO sessions (id_hash, user_id) VALUES ($1, $2)", [forShare.digest(session), id]);
          return session;
        },
        isAlive: rowExists,
      });
      console.log("plain INSERT:", JSON.stringify(result));
      expect(result).toMatchObject({
        oldLogins: RESETS * LOGINS_PER_RESET,
        oldSessionsAlive: expect.toSatisfy((alive: number) => alive >= 2 * RESETS),
        newSessionsAlive: RESETS,
      });
    });
  });

  describe("session stamps", () => {
    beforeAll(() => openTables(SESSIONS_TABLE));
    afterAll(dropTables);

    test("no session of the old password is accepted", async () => {
      const users = pgUsers(pool);
      const sessions = stampedSessions(pool, users);
      const result = await race({
        users,
        revokeSessions: sessions.endAll,
        open: sessions.open,
        isAlive: async (session) => (await sessions.userOf(session)) !== undefined,
      });
      console.log("session stamp:", JSON.stringify(result));
      expect(result).toMatchObject({
        oldLogins: RESETS * LOGINS_PER_RESET,
        // They are in the table as in the control. It is the stamp that refuses them.
        oldSessionsInTable: expect.toSatisfy((rows: number) => rows >= 2 * RESETS),
        oldSessionsAlive: 0,
        newSessionsAlive: RESETS,
      });
    });

    test("a login that rehashes takes the sessions of the same password along", async () => {
      const sessions = stampedSessions(pool, pgUsers(pool));
      const user = await addUser();
      const earlier = await sessions.open(user);
      const rehashed = await sessions.rehash(user, await hasher.hash("old password"));
      const session = rehashed && (await sessions.open(rehashed));
      expect((await sessions.userOf(session ?? ""))?.id).toBe(user.id);
      expect((await sessions.userOf(earlier))?.id).toBe(user.id);
    });

    test("a login that rehashes does not undo a reset", async () => {
      const users = pgUsers(pool);
      const user = await addUser();
      const [expected, next] = [user.passwordHash ?? "", await hasher.hash("new password")];
      await users.replacePasswordHash({ userId: user.id, email: user.email, expected, next });
      const outdated = await hasher.hash("old password");
      expect(await stampedSessions(pool, users).rehash(user, outdated)).toBeUndefined();
      expect((await users.findById(user.id))?.passwordHash).toBe(next);
    });

    test("claims name the user until the password changes or the account is suspended", async () => {
      const users = pgUsers(pool);
      const user = await addUser();
      const claims = stampedClaims.of(user);
      expect(JSON.stringify(claims)).not.toContain(user.passwordHash);
      expect((await stampedClaims.userOf(claims, users))?.id).toBe(user.id);
      await pool.query("UPDATE users SET active = false WHERE id = $1", [user.id]);
      expect(await stampedClaims.userOf(claims, users)).toBeUndefined();
      await pool.query("UPDATE users SET active = true, password_hash = 'x' WHERE id = $1", [user.id]);
      expect(await stampedClaims.userOf(claims, users)).toBeUndefined();
    });
  });

  describe("INSERT … FOR SHARE, and sessions deleted with the commit", () => {
    beforeEach(() => openTables(forShare.SESSIONS_TABLE));
    afterEach(dropTables);

    test("no session of the old password is left", async () => {
      const result = await race({
        users: forShare.usersWithSessions(pool),
        revokeSessions: "in_transaction",
        open: (user) => forShare.openSession(pool, user),
        isAlive: rowExists,
      });
      console.log("FOR SHARE:", JSON.stringify(result));
      expect(result).toEqual({
        oldLogins: RESETS * LOGINS_PER_RESET,
        oldSessionsInTable: 0,
        oldSessionsAlive: 0,
        newSessionsAlive: RESETS,
      });
    });

    const change = ({ id: userId, email, passwordHash }: ResetUser) => ({
      userId,
      email,
      expected: passwordHash ?? "",
      next: "new hash",
    });

    test("a login waits for a reset that is about to commit, and fails", async () => {
      const user = await addUser();
      await db.client.query("BEGIN");
      await pgUsers(db.client as unknown as pg.Pool).replacePasswordHash(change(user));
      const session = forShare.openSession(pool, user);
      await vi.waitFor(async () => expect(await db.waiting()).toBe(1));
      await db.client.query("COMMIT");
      expect(await session).toBeUndefined();
      expect(await count(user)).toBe(0);
    });

    /** A reset that begins while a login's session is inserted and not yet committed. */
    async function resetDuringLogin(
      login: (user: ResetUser) => Promise<unknown>,
      reset: (user: ResetUser) => Promise<unknown>,
    ) {
      const user = await addUser();
      await db.client.query("BEGIN");
      await login(user);
      const committed = reset(user);
      await Promise.race([committed, vi.waitFor(async () => expect(await db.waiting()).toBe(1))]);
      await db.client.query("COMMIT");
      await committed;
      return count(user);
    }
    const login = (user: ResetUser) => forShare.openSession(db.client as unknown as pg.Pool, user);

    test("a reset waits for a login that is about to commit, and ends its session", async () => {
      const users = forShare.usersWithSessions(pool);
      const sessions = await resetDuringLogin(login, async (user: ResetUser) => {
        expect(await users.replacePasswordHash(change(user))).toBe(true);
      });
      expect(sessions).toBe(0);
    });

    test.each([
      ["a transaction at REPEATABLE READ", "BEGIN ISOLATION LEVEL REPEATABLE READ"],
      ["a transaction at SERIALIZABLE", "BEGIN ISOLATION LEVEL SERIALIZABLE"],
    ])("control: %s does not see that session", async (_, begin) => {
      const sessions = await resetDuringLogin(login, async (user: ResetUser) => {
        const client = await pool.connect();
        await client.query(begin);
        await client.query("UPDATE users SET password_hash = 'new hash' WHERE id = $1", [user.id]);
        await client.query("DELETE FROM sessions WHERE user_id = $1", [user.id]);
        await client.query("COMMIT");
        client.release();
      });
      expect(sessions).toBe(1);
    });

    test("control: neither does one statement that does both", async () => {
      const sessions = await resetDuringLogin(login, async (user: ResetUser) => {
        await pool.query(
          `WITH changed AS (UPDATE users SET password_hash = 'new hash' WHERE id = $1 RETURNING id)
           DELETE FROM sessions USING changed WHERE user_id = changed.id`,
          [user.id],
        );
      });
      expect(sessions).toBe(1);
    });

    test("control: without FOR SHARE the foreign key alone does not make the reset wait", async () => {
      const users = forShare.usersWithSessions(pool);
      const sessions = await resetDuringLogin(
        (user) =>
          db.client.query("INSERT INTO sessions (id_hash, user_id) SELECT '', id FROM users WHERE id = $1", [user.id]),
        async (user: ResetUser) => {
          expect(await users.replacePasswordHash(change(user))).toBe(true);
        },
      );
      expect(sessions).toBe(1);
    });

    test("a login that rehashes ends no session, and does not undo a reset", async () => {
      const user = await addUser();
      await forShare.openSession(pool, user);
      const rehashed = await forShare.rehash(pool, user, "rehashed");
      expect(rehashed && (await forShare.openSession(pool, rehashed))).toBeTypeOf("string");
      expect(await count(user)).toBe(2);
      expect(await forShare.rehash(pool, user, "again")).toBeUndefined();
      expect(await forShare.openSession(pool, user)).toBeUndefined();
    });
  });
});
