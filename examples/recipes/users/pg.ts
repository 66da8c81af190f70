import type { Pool } from "pg";
import type { ResetUser, UserStore } from "relatch";

// PostgreSQL with node-postgres. Every other recipe says the same in another dialect.

/** Sign-up and change of address fill `canonical_email` with `canonicalEmail(email)`: one account per mailbox. */
export const USERS_TABLE = `
  CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    canonical_email text NOT NULL UNIQUE,
    name text,
    password_hash text,
    active boolean NOT NULL DEFAULT true
  )`;

const COLUMNS = `id::text, email, name, password_hash AS "passwordHash", active AS "resetAllowed"`;

/** PostgreSQL throws for a string that is not a UUID. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

/** `pool` must reach the primary: on a lagging replica good links look expired. */
export function pgUsers(pool: Pick<Pool, "query">): UserStore {
  const find = async (column: "id" | "canonical_email", value: string) =>
    (await pool.query<ResetUser>(`SELECT ${COLUMNS} FROM users WHERE ${column} = $1`, [value])).rows[0];

  async function changesOneRow(statement: string, values: string[], isRerun = false): Promise<boolean> {
    try {
      return (await pool.query(statement, values)).rowCount === 1;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "40001") throw error;
      // At REPEATABLE READ and SERIALIZABLE this means that another transaction changed the row meanwhile, perhaps in
      // another column. The second attempt sees what it wrote.
      return isRerun ? false : changesOneRow(statement, values, true);
    }
  }

  return {
    findByEmail: (email) => find("canonical_email", email),
    findById: async (id) => (isUuid(id) ? find("id", id) : undefined),

    // The commit: one statement, and all of its conditions count. A missing value becomes NULL, which equals nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        `UPDATE users SET password_hash = $4
          WHERE id = $1 AND email = $2 AND password_hash = $3 AND active`,
        [userId, email, expected, next],
      ),

    // Leave it out if accounts without a password must not get one by email.
    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(
        `UPDATE users SET password_hash = $3
          WHERE id = $1 AND email = $2 AND password_hash IS NULL AND active`,
        [userId, email, next],
      ),
  };
}
