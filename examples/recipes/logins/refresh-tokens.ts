import { createHash, randomBytes } from "node:crypto";
import { type ResetUser, type RevokeSessions, sessionStamp, type UserStore } from "relatch";

// Refresh tokens that rotate, in PostgreSQL or SQLite. A row is one sign-in on one device. Its token changes whenever it
// is used, and its stamp never does: it names the password that was verified. A rotation that took the current stamp
// would let an old session pass for one of the new password. A token is the id of its session and a secret, so that every
// token that was used before is recognized, however many came after it.

export const REFRESH_TOKENS_TABLE = `
  CREATE TABLE refresh_tokens (
    id text PRIMARY KEY,
    token_hash text NOT NULL,
    user_id text NOT NULL,
    stamp text NOT NULL,
    expires_at bigint NOT NULL
  );
  CREATE INDEX refresh_tokens_user_id ON refresh_tokens (user_id)`;

const LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * Runs one statement and returns its rows. `$1` is the first value: with node-postgres as it is, and in SQLite the name
 * of a parameter, so that libsql and node:sqlite take the values as an object.
 *
 *     const inPostgres: Query = async (text, values) => (await pool.query(text, values)).rows;
 *     const inSqlite: Query = async (text, values) =>
 *       db.prepare(text).all(Object.fromEntries(values.map((value, n) => [n + 1, value])));
 */
export type Query = (text: string, values: (string | number)[]) => Promise<unknown[]>;

export function refreshTokens(query: Query, users: Pick<UserStore, "findById">) {
  return {
    /** Signs in on a device, after `hasher.verify(user.passwordHash, password)`. `user` must be the row that was verified. */
    async open(user: ResetUser): Promise<string> {
      const id = createSecret();
      const token = createToken(id);
      await query(
        `INSERT INTO refresh_tokens (id, token_hash, user_id, stamp, expires_at) VALUES ($1, $2, $3, $4, $5)`,
        [id, digest(token), user.id, sessionStamp(user), Date.now() + LIFETIME_MS],
      );
      return token;
    },

    /**
     * Exchanges a token for the next one. Returns that and the user of the session, for the access token, or nothing if
     * the token is not accepted.
     */
    async rotate(token: string): Promise<{ token: string; user: ResetUser } | undefined> {
      const [id = ""] = token.split(".");
      const next = createToken(id);
      // One UPDATE of one row. With a DELETE and an INSERT, a revocation at the same time would find neither row. MySQL has
      // no RETURNING there: select the row by its id and the new token_hash afterwards.
      const [row] = (await query(
        `UPDATE refresh_tokens SET token_hash = $1, expires_at = $2
          WHERE id = $3 AND token_hash = $4 AND expires_at > $5 RETURNING user_id AS "userId", stamp`,
        [digest(next), Date.now() + LIFETIME_MS, id, digest(token), Date.now()],
      )) as { userId: string; stamp: string }[];
      if (!row) {
        // Two clients have a token of this session, and one may be an intruder (RFC 9700, section 4.14.2). Nobody else
        // knows its id. Requests of one client that refresh at the same time look like that, too, so it must refresh in turn.
        await query("DELETE FROM refresh_tokens WHERE id = $1", [id]);
        return undefined;
      }
      const user = await users.findById(row.userId);
      const isCurrent = user && user.resetAllowed !== false && sessionStamp(user) === row.stamp;
      return isCurrent ? { token: next, user } : undefined;
    },

    /** For `revokeSessions`. The sessions of the new password stay, because the follow-up job may run late. */
    endAll: ((userId, { except }) =>
      query("DELETE FROM refresh_tokens WHERE user_id = $1 AND stamp IS DISTINCT FROM $2", [
        userId,
        except,
      ])) satisfies RevokeSessions,
  };
}

const createSecret = (): string => randomBytes(32).toString("base64url");
const createToken = (id: string): string => `${id}.${createSecret()}`;

/** Hashes a token, so that someone who reads the table cannot sign in with it. */
export const digest = (token: string): string => createHash("sha256").update(token).digest("base64url");
