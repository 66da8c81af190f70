import { createHash, randomBytes } from "node:crypto";
import type { Pool } from "pg";
import { type ResetUser, type RevokeSessions, sessionStamp, type UserStore } from "relatch";

// A login that had checked the old password just before a reset may open its session just after it: no revocation
// finds what is not there yet. Here every session says which password it was opened with, and each request asks
// whether that is still the one. Right for any store of sessions, for every database, and for JWTs.

export const SESSIONS_TABLE = `
  CREATE TABLE sessions (
    id_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    stamp text NOT NULL,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days'
  );
  CREATE INDEX ON sessions (user_id)`;

export function stampedSessions(pool: Pick<Pool, "query">, users: UserStore) {
  return {
    /**
     * After `hasher.verify(user.passwordHash, password)`. `user` must be the very row that was verified: the stamp
     * of a row read later would say that the old password was the new one.
     */
    async open(user: ResetUser): Promise<string> {
      const id = randomBytes(32).toString("base64url");
      await pool.query("INSERT INTO sessions (id_hash, user_id, stamp) VALUES ($1, $2, $3)", [
        digest(id),
        user.id,
        sessionStamp(user),
      ]);
      return id;
    },

    /** On every request: the user whose session this is, if the password is still the one it was opened with. */
    async userOf(sessionId: string): Promise<ResetUser | undefined> {
      const { rows } = await pool.query<{ userId: string; stamp: string }>(
        `SELECT user_id::text AS "userId", stamp FROM sessions WHERE id_hash = $1 AND expires_at > now()`,
        [digest(sessionId)],
      );
      const [session] = rows;
      return session && current(await users.findById(session.userId), session.stamp);
    },

    /** At sign-out. Without this, a copy of the cookie would stay valid. */
    close: (sessionId: string) => pool.query("DELETE FROM sessions WHERE id_hash = $1", [digest(sessionId)]),

    /** For `revokeSessions`. The sessions of the new password stay, because the follow-up job may run late. */
    endAll: ((userId, { except }) =>
      // Not <>, which keeps the sessions without a stamp if the column may be NULL.
      pool.query("DELETE FROM sessions WHERE user_id = $1 AND stamp IS DISTINCT FROM $2", [
        userId,
        except,
      ])) satisfies RevokeSessions,

    /**
     * A login that replaces an outdated hash: by the same compare-and-set as a reset, or it would undo one.
     * Returns the user to open the session for, or nothing: then the password was changed meanwhile, and the login
     * has failed. The user's other sessions stay: they are of the same password.
     */
    async rehash(user: ResetUser, next: string): Promise<ResetUser | undefined> {
      const { id: userId, email, passwordHash: expected } = user;
      if (expected === null) return undefined;
      if (!(await users.replacePasswordHash({ userId, email, expected, next }))) return undefined;
      const rehashed = { ...user, passwordHash: next };
      await pool.query("UPDATE sessions SET stamp = $3 WHERE user_id = $1 AND stamp = $2", [
        userId,
        sessionStamp(user),
        sessionStamp(rehashed),
      ]);
      return rehashed;
    },
  };
}

/** The same without a table: the claims to sign into a JWT, and the user they are still valid for. */
export const stampedClaims = {
  of: (user: ResetUser) => ({ sub: user.id, pwd: sessionStamp(user) }),
  userOf: async (claims: { sub: string; pwd: string }, users: UserStore): Promise<ResetUser | undefined> =>
    current(await users.findById(claims.sub), claims.pwd),
};

/** The account, unless it is suspended or its password is another. */
const current = (user: ResetUser | null | undefined, stamp: string): ResetUser | undefined =>
  user && user.resetAllowed !== false && sessionStamp(user) === stamp ? user : undefined;

/** Hashes the id of a session, so that someone who reads the table cannot sign in with it. */
const digest = (sessionId: string): Buffer => createHash("sha256").update(sessionId).digest();
