import type { TokenRecord, TokenStore } from "../types.ts";
import { quoted } from "./quoted.ts";

/** As much of `mysql2/promise` as is used: a pool or a connection. */
export interface MysqlClient {
  execute(sql: string, params: (string | number)[]): Promise<[unknown, ...unknown[]]>;
}

/** Where the tokens are kept. */
export interface MysqlTokensOptions {
  /** Default: `password_reset_tokens`. */
  table?: string | undefined;
  /** The database. Default: the connection's. */
  schema?: string | undefined;
}

/** The statement that makes the table, for a migration. MySQL 8 and MariaDB. */
export function mysqlSchema(options: MysqlTokensOptions = {}): string {
  // Bytes for ids: every text collation would take some two ids for one (`aB3` and `Ab3`, `a` and `a `).
  return `CREATE TABLE IF NOT EXISTS ${tableName(options)} (
  user_id VARBINARY(128) NOT NULL PRIMARY KEY,
  token_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  fingerprint CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at BIGINT NOT NULL,
  INDEX expires_at (expires_at)
)`;
}

/** Tokens in MySQL or MariaDB: one row a user, one round trip an operation. */
export function mysqlTokens(
  db: MysqlClient,
  options: MysqlTokensOptions = {},
): TokenStore & { createTable(): Promise<void> } {
  const name = tableName(options);
  return {
    async createTable() {
      await db.execute(mysqlSchema(options), []);
    },

    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      // VALUES() and not a row alias, which MariaDB does not know.
      await db.execute(
        `INSERT INTO ${name} (user_id, token_hash, fingerprint, expires_at) VALUES (?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE token_hash = VALUES(token_hash),
           fingerprint = VALUES(fingerprint), expires_at = VALUES(expires_at)`,
        [userId, tokenHash, fingerprint, expiresAt.getTime()],
      );
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const [rows] = await db.execute(
        `SELECT CONVERT(user_id USING utf8mb4) AS user_id, token_hash, fingerprint, expires_at
           FROM ${name} WHERE token_hash = ?`,
        [tokenHash],
      );
      const [row] = rows as Record<string, unknown>[];
      return (
        row && {
          tokenHash: String(row["token_hash"]),
          userId: String(row["user_id"]),
          fingerprint: String(row["fingerprint"]),
          // A BIGINT comes as a string where the connection asks for that.
          expiresAt: new Date(Number(row["expires_at"])),
        }
      );
    },

    async deleteByUser(userId) {
      await db.execute(`DELETE FROM ${name} WHERE user_id = ?`, [userId]);
    },

    async deleteExpired(now) {
      let deleted = 0;
      for (let batch = BATCH; batch === BATCH; deleted += batch) {
        const [result] = await db.execute(`DELETE FROM ${name} WHERE expires_at <= ? LIMIT ${BATCH}`, [
          now.getTime(),
        ]);
        batch = Number((result as { affectedRows?: unknown }).affectedRows ?? 0);
      }
      return deleted;
    },
  };
}

const BATCH = 5000;

const tableName = ({ table = "password_reset_tokens", schema }: MysqlTokensOptions): string =>
  quoted("`", ...(schema === undefined ? [] : [schema]), table);
