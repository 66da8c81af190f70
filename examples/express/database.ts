import { createHash, randomBytes, randomUUID } from "node:crypto";
import Database from "libsql";
import { canonicalEmail, type PasswordHasher, type ResetUser, sessionStamp, type UserStore } from "relatch";
import { sqliteSchema, sqliteTokens } from "relatch/sqlite";

/** The application's own tables, accounts and sessions, and the one for the links, in one SQLite file. */
export type AppDatabase = ReturnType<typeof openDatabase>;

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

export function openDatabase(file: string) {
  const db = new Database(file);
  db.exec(`
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS users (
      id TEXT PRIMARY KEY,
      email TEXT NOT NULL,
      canonical_email TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      locale TEXT,
      password_hash TEXT NOT NULL,
      active INTEGER NOT NULL DEFAULT 1
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sessions (
      id_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id),
      stamp TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);
    ${sqliteSchema()}
  `);
  const userByEmail = db.prepare(`SELECT ${USER_COLUMNS} FROM users WHERE canonical_email = ?`);
  const userById = db.prepare(`SELECT ${USER_COLUMNS} FROM users WHERE id = ?`);

  const users = {
    async findByEmail(email) {
      return toUser(userByEmail.get(email));
    },

    async findById(id) {
      return toUser(userById.get(id));
    },

    // One conditional statement, the commit of a reset: of any number of callers one finds the old hash.
    async replacePasswordHash({ userId, email, expected, next }) {
      const { changes } = db
        .prepare(
          "UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ? AND active = 1",
        )
        .run(next, userId, email, expected);
      return changes === 1;
    },
  } satisfies UserStore;

  /** Sessions by a random id, of which the table holds the hash: who reads the table cannot sign in with it. */
  const sessions = {
    /**
     * Opens a session and answers its id. `user` has to be the row whose password was checked: if a reset came
     * in between, the stamp is an old one, and the session dead from the start.
     */
    async create(user: ResetUser): Promise<string> {
      const id = randomBytes(32).toString("base64url");
      db.prepare("DELETE FROM sessions WHERE expires_at <= ?").run(Date.now());
      db.prepare("INSERT INTO sessions (id_hash, user_id, stamp, expires_at) VALUES (?, ?, ?, ?)").run(
        hashOf(id),
        user.id,
        sessionStamp(user),
        Date.now() + SESSION_LIFETIME_MS,
      );
      return id;
    },

    /** Whose session this is, if it is alive: not expired, and the account's password still the same. */
    async userOf(id: string): Promise<ResetUser | undefined> {
      const session = db
        .prepare("SELECT user_id AS userId, stamp FROM sessions WHERE id_hash = ? AND expires_at > ?")
        .get(hashOf(id), Date.now()) as { userId: string; stamp: string } | undefined;
      const user = session && toUser(userById.get(session.userId));
      return user?.resetAllowed && sessionStamp(user) === session?.stamp ? user : undefined;
    },

    async delete(id: string): Promise<void> {
      db.prepare("DELETE FROM sessions WHERE id_hash = ?").run(hashOf(id));
    },

    /** Ends the sessions that were opened with another password than this one's stamp says. */
    async deleteAllBut(stamp: string, userId: string): Promise<void> {
      // IS NOT, so that a session without a stamp goes, too.
      db.prepare("DELETE FROM sessions WHERE user_id = ? AND stamp IS NOT ?").run(userId, stamp);
    },

    async count(userId: string): Promise<number> {
      const row = db
        .prepare("SELECT count(*) AS count FROM sessions WHERE user_id = ? AND expires_at > ?")
        .get(userId, Date.now()) as { count: number };
      return row.count;
    },
  };

  return {
    users,
    sessions,
    tokens: sqliteTokens(db),

    /** Creates these accounts, unless there are some already. */
    async seed(people: readonly NewUser[], hasher: PasswordHasher): Promise<void> {
      if (db.prepare("SELECT 1 FROM users").get()) return;
      for (const { name, email, password } of people) {
        db.prepare(
          "INSERT INTO users (id, email, canonical_email, name, password_hash) VALUES (?, ?, ?, ?, ?)",
        ).run(randomUUID(), email, canonicalEmail(email), name, await hasher.hash(password));
      }
    },

    close(): void {
      db.close();
    },
  };
}

interface NewUser {
  name: string;
  email: string;
  password: string;
}

function toUser(row: unknown): ResetUser | undefined {
  if (!row) return undefined;
  const { id, email, name, locale, passwordHash, active } = row as UserRow;
  return { id, email, name, locale, passwordHash, resetAllowed: active === 1 };
}

const hashOf = (sessionId: string): string => createHash("sha256").update(sessionId).digest("hex");
