import { randomUUID } from "node:crypto";
import Database from "libsql";
import pg from "pg";
import { type ResetUser, sessionStamp, type UserStore } from "relatch";
import { type SessionsFixture, sessionsContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { digest, type Query, REFRESH_TOKENS_TABLE, refreshTokens } from "../logins/refresh-tokens.ts";
import { SESSIONS_TABLE, stampedClaims, stampedSessions } from "../logins/session-stamp.ts";
import { libsqlUsers, USERS_TABLE as SQLITE_USERS } from "../users/libsql.ts";
import { pgUsers, USERS_TABLE } from "../users/pg.ts";
import { hasPostgres, postgresSchema } from "./servers.ts";

/** A database with the users of a recipe, and with sessions. */
interface Engine {
  users: UserStore;
  query: Query;
}

/** The part of a fixture that is the same for all: users, and the row that a sign-in verified. */
function userRows({ query }: Engine) {
  const verified = new Map<string, ResetUser>();
  const remember = (id: string, passwordHash: string) => {
    const user = { id, email: "", passwordHash };
    verified.set(sessionStamp(user), user);
  };
  return {
    async addUser(passwordHash: string): Promise<string> {
      const id = randomUUID();
      const columns = "(id, email, canonical_email, password_hash)";
      await query(`INSERT INTO users ${columns} VALUES ($1, $2, $3, $4)`, [id, id, id, passwordHash]);
      remember(id, passwordHash);
      return id;
    },
    async setPasswordHash(id: string, passwordHash: string): Promise<void> {
      await query("UPDATE users SET password_hash = $1 WHERE id = $2", [passwordHash, id]);
      remember(id, passwordHash);
    },
    /** The row that a sign-in with this stamp has read, or nothing for a session without a stamp. */
    rowOf: (stamp: string | null | undefined): ResetUser | undefined => verified.get(stamp ?? ""),
  };
}

function refreshFixture(engine: Engine) {
  const tokens = refreshTokens(engine.query, engine.users);
  const { rowOf, ...rows } = userRows(engine);
  return {
    ...rows,
    revokeSessions: tokens.endAll,
    async open(_: string, stamp?: string | null) {
      const user = rowOf(stamp);
      return user && tokens.open(user);
    },
    // The row alone, so that the recipe does not depend on what `rotate` compares.
    isAlive: async (token: string) =>
      (await engine.query("SELECT user_id FROM refresh_tokens WHERE token_hash = $1", [digest(token)])).length === 1,
    refresh: async (token: string) => (await tokens.rotate(token))?.token,
  } satisfies SessionsFixture;
}

/** Rotations that people write. Each lets an old session survive. */
function naiveRotations({ query, users }: Engine): Record<string, NonNullable<SessionsFixture["refresh"]>> {
  const find = async (token: string) => {
    const text = `SELECT user_id AS "userId", stamp FROM refresh_tokens WHERE token_hash = $1`;
    const [row] = (await query(text, [digest(token)])) as { userId: string; stamp: string }[];
    return row;
  };
  async function replace(token: string, userId: string, stamp: string): Promise<string> {
    const next = randomUUID();
    await query("DELETE FROM refresh_tokens WHERE token_hash = $1", [digest(token)]);
    const columns = "(id, token_hash, user_id, stamp, expires_at)";
    const values = [randomUUID(), digest(next), userId, stamp, Date.now() + 60_000];
    await query(`INSERT INTO refresh_tokens ${columns} VALUES ($1, $2, $3, $4, $5)`, values);
    return next;
  }
  return {
    async "the current stamp"(token) {
      const user = await users.findById((await find(token))?.userId ?? "");
      return user ? replace(token, user.id, sessionStamp(user)) : undefined;
    },
    async "a look at the old token, and an INSERT"(token) {
      const row = await find(token);
      return row && replace(token, row.userId, row.stamp);
    },
  };
}

function describeRefreshTokens(name: string, open: () => Engine): void {
  describe(`refresh tokens that rotate, on ${name}`, () => {
    const cases = sessionsContract(() => refreshFixture(open()));
    for (const { name, run } of cases) test(name, run);

    test.each([
      ["the current stamp", /at any step/],
      ["a look at the old token, and an INSERT", /while sessions end/],
    ])("control: sessionsContract finds a rotation with %s", async (rotation, found) => {
      const engine = open();
      const refresh = naiveRotations(engine)[rotation];
      const failing: string[] = [];
      for (const { name, run } of sessionsContract(() => ({ ...refreshFixture(engine), refresh })))
        await run().catch(() => failing.push(name));
      expect(failing).toContainEqual(expect.stringMatching(found));
    });

    test.each([1, 2, 5])(
      "a token works once, and ends its session if it is used again after %i rotations",
      async (rotations) => {
        const { addUser, open: signIn, refresh, isAlive } = refreshFixture(open());
        const stamp = sessionStamp({ id: await addUser("hash"), passwordHash: "hash" });
        const [first = "", other = ""] = [await signIn("", stamp), await signIn("", stamp)];
        let last = first;
        for (let n = 0; n < rotations; n++) last = (await refresh(last)) ?? "";
        expect(await isAlive(last)).toBe(true);
        expect(await refresh(first)).toBeUndefined();
        expect([await isAlive(last), await isAlive(other)]).toEqual([false, true]);
        expect(await refresh(last)).toBeUndefined();
      },
    );

    test("text that is not a token ends no session", async () => {
      const { addUser, open: signIn, refresh, isAlive } = refreshFixture(open());
      const stamp = sessionStamp({ id: await addUser("hash"), passwordHash: "hash" });
      const token = (await signIn("", stamp)) ?? "";
      for (const text of ["", ".", "%", token.split(".")[1] ?? "", `.${token}`]) {
        expect(await refresh(text)).toBeUndefined();
      }
      expect(await isAlive(token)).toBe(true);
    });

    test("a rotation returns the user, and nothing if the account is suspended or the token has expired", async () => {
      const engine = open();
      const { addUser, open: signIn } = refreshFixture(engine);
      const id = await addUser("hash");
      const stamp = sessionStamp({ id, passwordHash: "hash" });
      const { rotate } = refreshTokens(engine.query, engine.users);
      expect(await rotate((await signIn(id, stamp)) ?? "")).toMatchObject({ user: { id } });

      const expired = (await signIn(id, stamp)) ?? "";
      await engine.query("UPDATE refresh_tokens SET expires_at = 0 WHERE token_hash = $1", [digest(expired)]);
      expect(await rotate(expired)).toBeUndefined();

      const suspended = (await signIn(id, stamp)) ?? "";
      await engine.query("UPDATE users SET active = (1 = 0) WHERE id = $1", [id]);
      expect(await rotate(suspended)).toBeUndefined();
    });
  });
}

describeRefreshTokens("SQLite", () => {
  const db = new Database(":memory:");
  db.exec(`${SQLITE_USERS}; ${REFRESH_TOKENS_TABLE}`);
  return {
    users: libsqlUsers(db),
    query: async (text, values) => db.prepare(text).all(Object.fromEntries(values.map((value, n) => [n + 1, value]))),
  };
});

// The table of connect-pg-simple, for express-session.
const EXPRESS_TABLE = "CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp NOT NULL)";

describe.skipIf(!(await hasPostgres()))("PostgreSQL", () => {
  let db: Awaited<ReturnType<typeof postgresSchema>>;
  let pool: pg.Pool;
  let engine: Engine;
  beforeAll(async () => {
    db = await postgresSchema(USERS_TABLE, REFRESH_TOKENS_TABLE, SESSIONS_TABLE, EXPRESS_TABLE);
    pool = new pg.Pool({ connectionString: db.url(), max: 16 });
    engine = { users: pgUsers(pool), query: async (text, values) => (await pool.query(text, values)).rows };
  });
  afterAll(async () => {
    await pool.end();
    await db.drop();
  });

  describeRefreshTokens("PostgreSQL", () => engine);

  /** Rotates a token in a transaction, and revokes before that commits. Returns how many sessions are left. */
  async function revokeDuring(rotate: (next: string, token: string) => Promise<unknown>): Promise<number> {
    const { addUser, open: signIn, revokeSessions } = refreshFixture(engine);
    const id = await addUser("old");
    const token = (await signIn(id, sessionStamp({ id, passwordHash: "old" }))) ?? "";
    await db.client.query("BEGIN");
    await rotate(randomUUID(), digest(token));
    const revoked = revokeSessions(id, { except: sessionStamp({ id, passwordHash: "new" }) });
    await vi.waitFor(async () => expect(await db.waiting()).toBe(1));
    await db.client.query("COMMIT");
    await revoked;
    return (await pool.query("SELECT FROM refresh_tokens WHERE user_id = $1", [id])).rows.length;
  }

  test("a revocation waits for a rotation by UPDATE, and ends the session", async () => {
    const update = "UPDATE refresh_tokens SET token_hash = $1 WHERE token_hash = $2";
    expect(await revokeDuring((...values) => db.client.query(update, values))).toBe(0);
  });

  test("control: a revocation does not see the new row of a rotation by DELETE and INSERT", async () => {
    const replace = `WITH old AS (DELETE FROM refresh_tokens WHERE token_hash = $2 RETURNING *)
      INSERT INTO refresh_tokens SELECT $1, $1, user_id, stamp, expires_at FROM old`;
    expect(await revokeDuring((...values) => db.client.query(replace, values))).toBe(1);
  });

  describe("sessions with a stamp", () => {
    const cases = sessionsContract(() => {
      const sessions = stampedSessions(pool, engine.users);
      const { rowOf, ...rows } = userRows(engine);
      return {
        ...rows,
        revokeSessions: sessions.endAll,
        async open(_, stamp) {
          const user = rowOf(stamp);
          return user && sessions.open(user);
        },
        isAlive: async (session) => (await sessions.userOf(session)) !== undefined,
      };
    });
    for (const { name, run } of cases) test(name, run);
  });

  test("close ends one session of a user and no other", async () => {
    const sessions = stampedSessions(pool, engine.users);
    const { addUser, rowOf } = userRows(engine);
    const user = rowOf(sessionStamp({ id: await addUser("hash"), passwordHash: "hash" }));
    if (!user) throw new Error("The user is missing.");
    const [first, second] = [await sessions.open(user), await sessions.open(user)];
    await sessions.close(first);
    expect([await sessions.userOf(first), (await sessions.userOf(second))?.id]).toEqual([undefined, user.id]);
  });

  describe("claims with a stamp", () => {
    const cases = sessionsContract(() => {
      const { rowOf, ...rows } = userRows(engine);
      return {
        ...rows,
        revokeSessions: async () => {},
        async open(sub, stamp) {
          const user = rowOf(stamp);
          return JSON.stringify(user ? stampedClaims.of(user) : { sub, pwd: stamp });
        },
        isAlive: async (claims) => (await stampedClaims.userOf(JSON.parse(claims), engine.users)) !== undefined,
      };
    });
    for (const { name, run } of cases) test(name, run);
  });

  describe("express-session with connect-pg-simple", () => {
    const cases = sessionsContract(() => ({
      revokeSessions: (userId, { except }) =>
        pool.query("DELETE FROM session WHERE sess->>'userId' = $1 AND sess->>'stamp' IS DISTINCT FROM $2", [
          userId,
          except,
        ]),
      async open(userId, stamp) {
        const sid = randomUUID();
        await pool.query("INSERT INTO session VALUES ($1, $2, now())", [sid, JSON.stringify({ userId, stamp })]);
        return sid;
      },
      isAlive: async (sid) => (await pool.query("SELECT FROM session WHERE sid = $1", [sid])).rows.length === 1,
    }));
    for (const { name, run } of cases) test(name, run);
  });
});
