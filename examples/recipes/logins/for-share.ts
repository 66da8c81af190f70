import { createHash, randomBytes } from "node:crypto";
import type { Pool } from "pg";
import type { ResetUser, UserStore } from "relatch";
import { pgUsers } from "../users/pg.ts";

// A login that had checked the old password just before a reset may open its session just after it: no revocation
// finds what is not there yet. Here the database keeps the two apart, and nothing is compared on requests. For
// sessions in the same PostgreSQL as the users, and for `revokeSessions: "in_transaction"`.

export const SESSIONS_TABLE = `
  CREATE TABLE sessions (
    id_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days'
  );
  CREATE INDEX ON sessions (user_id)`;

/**
 * Opens a session after `hasher.verify(user.passwordHash, password)`, if that is still the password. Returns
 * nothing if it is not: then the login has failed. `user` must be the very row that was verified.
 *
 * FOR SHARE makes this wait for a reset that is about to commit, and makes a reset wait for this: a session is
 * there before the reset deletes them all, or not at all. The foreign key alone locks less, and does not.
 */
export async function openSession(pool: Pick<Pool, "query">, user: ResetUser): Promise<string | undefined> {
  const id = randomBytes(32).toString("base64url");
  const { rowCount } = await pool.query(
    `INSERT INTO sessions (id_hash, user_id)
     SELECT $1, id FROM users WHERE id = $2 AND password_hash = $3 AND active FOR SHARE`,
    [digest(id), user.id, user.passwordHash],
  );
  return rowCount === 1 ? id : undefined;
}

/** The users of `pg.ts`, whose commit also ends the sessions. */
export function usersWithSessions(pool: Pool): UserStore {
  async function endingSessions(userId: string, commit: (users: UserStore) => Promise<boolean> | undefined) {
    const client = await pool.connect();
    let broken = true;
    try {
      // READ COMMITTED by name, and two statements: the DELETE needs its own view, taken after the UPDATE has
      // waited for the logins. At a higher level, or as one statement, it would not see their sessions.
      await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
      const committed = (await commit(pgUsers(client))) ?? false;
      if (committed) await client.query("DELETE FROM sessions WHERE user_id = $1", [userId]);
      await client.query("COMMIT");
      broken = false;
      return committed;
    } finally {
      // A transaction that failed half way ends with its connection.
      client.release(broken);
    }
  }

  return {
    ...pgUsers(pool),
    replacePasswordHash: (change) => endingSessions(change.userId, (users) => users.replacePasswordHash(change)),
    setFirstPasswordHash: (change) => endingSessions(change.userId, (users) => users.setFirstPasswordHash?.(change)),
  };
}

/**
 * A login that replaces an outdated hash: by the same compare-and-set as a reset, or it would undo one. Returns the
 * user to open the session for, or nothing: then the password was changed meanwhile, and the login has failed. It
 * ends no sessions: they are of the same password.
 */
export async function rehash(pool: Pick<Pool, "query">, user: ResetUser, next: string): Promise<ResetUser | undefined> {
  const { id: userId, email, passwordHash: expected } = user;
  if (expected === null) return undefined;
  const done = await pgUsers(pool).replacePasswordHash({ userId, email, expected, next });
  return done ? { ...user, passwordHash: next } : undefined;
}

/** Hashes the id of a session, so that someone who reads the table cannot sign in with it. */
export const digest = (sessionId: string): Buffer => createHash("sha256").update(sessionId).digest();
