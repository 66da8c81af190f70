import type { Pool, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import type { ResetUser, UserStore } from "relatch";

// MySQL 8 or MariaDB with mysql2/promise.

/**
 * Sign-up and change of address fill `canonical_email` with `canonicalEmail(email)`. It and the id are compared as
 * bytes: under the default collation `é` and `e` are one address, `aB3` and `Ab3` one id.
 */
export const USERS_TABLE = `
  CREATE TABLE users (
    id char(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    email varchar(254) NOT NULL,
    canonical_email varbinary(254) NOT NULL UNIQUE,
    name varchar(200),
    password_hash varchar(255),
    active boolean NOT NULL DEFAULT true
  ) CHARACTER SET utf8mb4`;

type UserRow = RowDataPacket & Omit<ResetUser, "resetAllowed"> & { active: 0 | 1 };
const COLUMNS = "id, email, name, password_hash AS passwordHash, active";
// The server ended a deadlock by undoing this statement (1213); on MariaDB, a snapshot was out of date (1020).
const WORTH_A_RETRY = new Set<unknown>([1213, 1020]);
const MAX_RETRIES = 3;

/** A comparison of strings ignores a blank at the end, and a comparison with a number takes "42abc" for 42. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

export function mysqlUsers(pool: Pick<Pool, "execute">): UserStore {
  async function find(column: "id" | "canonical_email", value: string): Promise<ResetUser | undefined> {
    const statement = `SELECT ${COLUMNS} FROM users WHERE ${column} = ?`;
    const [[row]] = await pool.execute<UserRow[]>(statement, [value]);
    // A boolean is a number here, and "resetAllowed: 0" would be refused.
    return row && { ...row, resetAllowed: row.active === 1 };
  }

  /** `execute` and not `query`: it throws for a missing value, where `query` would write NULL. */
  async function matchesOneRow(statement: string, values: (string | null)[]): Promise<boolean> {
    for (let retries = 0; ; retries++) {
      try {
        const [result] = await pool.execute<ResultSetHeader>(statement, values);
        // Matched rows, by mysql2's default flag FOUND_ROWS; not `changedRows`.
        return result.affectedRows === 1;
      } catch (error) {
        if (retries === MAX_RETRIES || !WORTH_A_RETRY.has((error as { errno?: unknown }).errno)) throw error;
      }
    }
  }

  // CAST: byte by byte whatever the columns' collations are, and with the trailing blanks that even `_bin` ignores.
  // <=> is equality that takes NULL for a value, so that one statement serves both functions.
  const commit = async (userId: string, email: string, expected: string | null, next: string) =>
    isUuid(userId) &&
    matchesOneRow(
      `UPDATE users SET password_hash = ?
        WHERE id = ? AND email <=> CAST(? AS BINARY) AND password_hash <=> CAST(? AS BINARY) AND active`,
      [next, userId, email, expected],
    );

  return {
    findByEmail: (email) => find("canonical_email", email),
    findById: async (id) => (isUuid(id) ? find("id", id) : undefined),
    replacePasswordHash: ({ userId, email, expected, next }) => commit(userId, email, expected, next),
    setFirstPasswordHash: ({ userId, email, next }) => commit(userId, email, null, next),
  };
}
