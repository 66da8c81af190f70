import type Database from "libsql";
import type { ResetUser, UserStore } from "relatch";

// SQLite with libsql; better-sqlite3 and node:sqlite have the same shape. With several processes: journal_mode WAL
// and a busy_timeout, or the loser of a race gets SQLITE_BUSY.

/** Sign-up and change of address fill `canonical_email` with `canonicalEmail(email)`; `id` is `randomUUID()`. */
export const USERS_TABLE = `
  CREATE TABLE users (
    id text PRIMARY KEY NOT NULL,
    email text NOT NULL,
    canonical_email text NOT NULL UNIQUE,
    name text,
    password_hash text,
    active integer NOT NULL DEFAULT 1
  ) STRICT`;

const COLUMNS = "id, email, name, password_hash AS passwordHash, active";

export function libsqlUsers(db: Database.Database): UserStore {
  const byEmail = db.prepare(`SELECT ${COLUMNS} FROM users WHERE canonical_email = ?`);
  const byId = db.prepare(`SELECT ${COLUMNS} FROM users WHERE id = ?`);
  const replace = db.prepare(
    `UPDATE users SET password_hash = ?
      WHERE id = ? AND email = ? COLLATE BINARY AND password_hash = ? COLLATE BINARY AND active = 1`,
  );
  const setFirst = db.prepare(
    `UPDATE users SET password_hash = ?
      WHERE id = ? AND email = ? COLLATE BINARY AND password_hash IS NULL AND active = 1`,
  );

  // A boolean is a number here, and "resetAllowed: 0" would be refused.
  const toUser = (row: unknown): ResetUser | undefined =>
    row ? { ...(row as ResetUser), resetAllowed: (row as { active: number }).active === 1 } : undefined;

  return {
    findByEmail: async (email) => toUser(byEmail.get(email)),
    findById: async (id) => toUser(byId.get(id)),
    replacePasswordHash: async ({ userId, email, expected, next }) =>
      replace.run(next, userId, email, expected).changes === 1,
    setFirstPasswordHash: async ({ userId, email, next }) => setFirst.run(next, userId, email).changes === 1,
  };
}
