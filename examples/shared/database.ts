import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { canonicalEmail, type PasswordHasher, type ResetUser, sessionStamp, type UserStore } from "relatch";
import { type SqlTokenStore, type SyncSqlite, sqliteTokens, sqliteTokensSql } from "relatch/sqlite";

/** One SQLite database, through any driver. */
export interface Sql {
  /** Returns the first row, or nothing. */
  get(statement: string, ...values: SqlValue[]): Promise<unknown>;
  /** Returns how many rows changed. */
  run(statement: string, ...values: SqlValue[]): Promise<number>;
}

type SqlValue = string | number;

/** The application's own tables. The token store creates the one for the links. */
export const schema = [
  `CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    canonical_email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    locale TEXT,
    password_hash TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS sessions (
    id_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    stamp TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT`,
  "CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id)",
] as const;

interface UserRow {
  id: string;
  email: string;
  name: string;
  locale: string | null;
  passwordHash: string;
  active: number;
}

const USER_COLUMNS = "id, email, name, locale, password_hash AS passwordHash, active";
const SESSION_LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;

/** Accounts, sessions and links, in one SQLite database. */
export type AppDatabase = ReturnType<typeof appDatabase>;

export function appDatabase(sql: Sql, tokens: SqlTokenStore) {
  const userWith = async (column: "id" | "canonical_email", value: string) =>
    toUser(await sql.get(`SELECT ${USER_COLUMNS} FROM users WHERE ${column} = ?`, value));

  const users = {
    findByEmail: (email) => userWith("canonical_email", email),
    findById: (id) => userWith("id", id),

    // The commit of a reset is one conditional statement, so only one of any number of callers finds the old hash.
    async replacePasswordHash({ userId, email, expected, next }) {
      const changed = await sql.run(
        "UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ? AND active = 1",
        next,
        userId,
        email,
        expected,
      );
      return changed === 1;
    },
  } satisfies UserStore;

  /** Sessions by a random id. The table contains its hash, so nobody who reads the table can sign in with it. */
  const sessions = {
    /**
     * Opens a session and returns its id. `user` must be the row whose password was checked. If a reset came in between,
     * the stamp is an old one and the session is never valid.
     */
    async create(user: ResetUser): Promise<string> {
      const id = encodeBase64urlNoPadding(crypto.getRandomValues(new Uint8Array(32)));
      await sql.run("DELETE FROM sessions WHERE expires_at <= ?", Date.now());
      await sql.run(
        "INSERT INTO sessions (id_hash, user_id, stamp, expires_at) VALUES (?, ?, ?, ?)",
        hashOf(id),
        user.id,
        sessionStamp(user),
        Date.now() + SESSION_LIFETIME_MS,
      );
      return id;
    },

    /** Returns the account of a session that has not expired, if its password is still the same. */
    async userOf(id: string): Promise<ResetUser | undefined> {
      const session = (await sql.get(
        "SELECT user_id AS userId, stamp FROM sessions WHERE id_hash = ? AND expires_at > ?",
        hashOf(id),
        Date.now(),
      )) as { userId: string; stamp: string } | null | undefined;
      const user = session ? await users.findById(session.userId) : undefined;
      return user?.resetAllowed && sessionStamp(user) === session?.stamp ? user : undefined;
    },

    async delete(id: string): Promise<void> {
      await sql.run("DELETE FROM sessions WHERE id_hash = ?", hashOf(id));
    },

    /** Ends the sessions that were opened with another password than this one's stamp says. */
    async deleteAllBut(stamp: string, userId: string): Promise<void> {
      // IS NOT, so that a session without a stamp is deleted too.
      await sql.run("DELETE FROM sessions WHERE user_id = ? AND stamp IS NOT ?", userId, stamp);
    },

    async count(userId: string): Promise<number> {
      const row = await sql.get(
        "SELECT count(*) AS count FROM sessions WHERE user_id = ? AND expires_at > ?",
        userId,
        Date.now(),
      );
      return (row as { count: number }).count;
    },
  };

  return {
    users,
    sessions,
    tokens,

    /** Creates these accounts, unless there are any. */
    async seed(people: readonly NewUser[], hasher: PasswordHasher): Promise<void> {
      if (await sql.get("SELECT 1 FROM users")) return;
      for (const { name, email, password } of people) {
        await sql.run(
          "INSERT INTO users (id, email, canonical_email, name, password_hash) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          crypto.randomUUID(),
          email,
          canonicalEmail(email) ?? email,
          name,
          await hasher.hash(password),
        );
      }
    },
  };
}

export interface NewUser {
  name: string;
  email: string;
  password: string;
}

/** An open database of `libsql`, `bun:sqlite` or `node:sqlite`, which are synchronous. */
interface OpenSqlite extends SyncSqlite {
  exec(statements: string): unknown;
  close(): void;
}

/** The application's database in a file, by any synchronous driver. */
export function fileDatabase(db: OpenSqlite) {
  db.exec(`PRAGMA busy_timeout = 5000; ${schema.join(";")}; ${sqliteTokensSql()}`);
  const sql: Sql = {
    get: async (statement, ...values) => db.prepare(statement).get(...values),
    run: async (statement, ...values) => Number(db.prepare(statement).run(...values).changes),
  };
  return { ...appDatabase(sql, sqliteTokens(db)), close: () => db.close() };
}

function toUser(row: unknown): ResetUser | undefined {
  // Some drivers return null if there is no row, and some undefined.
  if (!row) return undefined;
  const { id, email, name, locale, passwordHash, active } = row as UserRow;
  return { id, email, name, locale, passwordHash, resetAllowed: active === 1 };
}

const hashOf = (sessionId: string): string => encodeHexLowerCase(sha256(new TextEncoder().encode(sessionId)));
