import { decodeHex, encodeHexLowerCase } from "@oslojs/encoding";
import { utf8 } from "../bytes.ts";
import { section, wrong } from "../checks.ts";
import type { TokenRecord } from "../types.ts";
import { tokenRecord } from "./record.ts";
import { BATCH, hasMethod, inBatches, quoted, retried, type SqlTokenStore, TABLE } from "./sql.ts";

export type { SqlTokenStore };

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

/** The statement that makes the table, for a migration. For MySQL 8 and MariaDB. */
export function mysqlSchema(options: MysqlTokensOptions = {}): string {
  // Bytes: each collation that both engines know takes some two texts for one (`aB3` and `Ab3`, `a` and `a `).
  return `CREATE TABLE IF NOT EXISTS ${tableName("mysqlSchema", options)} (
  user_id VARBINARY(128) NOT NULL PRIMARY KEY,
  token_hash BINARY(32) NOT NULL UNIQUE,
  fingerprint BINARY(32) NOT NULL,
  expires_at BIGINT NOT NULL,
  INDEX expires_at (expires_at)
);
`;
}

/**
 * Tokens in MySQL or MariaDB: one row a user, one round trip an operation (and one more when a connection meets a
 * statement for the first time, and prepares it).
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no client, and for a name that is none.
 */
export function mysqlTokens(db: MysqlClient, options: MysqlTokensOptions = {}): SqlTokenStore {
  if (!hasMethod(db, "execute") || hasMethod(db, "promise"))
    throw wrong("mysqlTokens takes a pool or connection of mysql2/promise; of mysql2 itself: pool.promise()");
  const name = tableName("mysqlTokens", options);
  const execute = async (sql: string, ...params: (string | number)[]) => {
    const [result] = await retried(CONFLICTS, () => db.execute(sql, params));
    return result;
  };

  return {
    async createTable() {
      await execute(mysqlSchema(options));
    },

    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      // VALUES() and not a row alias, which MariaDB does not know.
      await execute(
        `INSERT INTO ${name} (user_id, token_hash, fingerprint, expires_at) VALUES (UNHEX(?), UNHEX(?), UNHEX(?), ?)
         ON DUPLICATE KEY UPDATE token_hash = VALUES(token_hash),
           fingerprint = VALUES(fingerprint), expires_at = VALUES(expires_at)`,
        hex(userId),
        tokenHash,
        fingerprint,
        expiresAt.getTime(),
      );
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const rows = await execute(
        `SELECT LOWER(HEX(token_hash)) AS token_hash, HEX(user_id) AS user_id,
                LOWER(HEX(fingerprint)) AS fingerprint, expires_at
           FROM ${name} WHERE token_hash = UNHEX(?)`,
        tokenHash,
      );
      const [row] = rows as Record<string, unknown>[];
      // UNHEX takes capitals for the same digits.
      if (row?.["token_hash"] !== tokenHash) return undefined;
      return tokenRecord(tokenHash, unhex(row["user_id"]), row["fingerprint"], row["expires_at"]);
    },

    async deleteByUser(userId) {
      await execute(`DELETE FROM ${name} WHERE user_id = UNHEX(?)`, hex(userId));
    },

    deleteExpired: (now) =>
      inBatches(BATCH, async () => {
        const result = await execute(
          `DELETE FROM ${name} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${BATCH}`,
          now.getTime(),
        );
        return Number((result as { affectedRows: unknown }).affectedRows);
      }),
  };
}

/** Concurrent upserts into a table with two unique keys may lock each other out; MariaDB may miss a change (1020). */
const CONFLICTS = ["ER_LOCK_DEADLOCK", "ER_CHECKREAD"];

/** Bytes travel as digits: the connection's character set would change some texts, and make two of them one. */
const hex = (text: string): string => encodeHexLowerCase(utf8(text));
const unhex = (digits: unknown): string => decoder.decode(decodeHex(String(digits)));
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function tableName(title: string, options: MysqlTokensOptions): string {
  const { table = TABLE, schema } = section(`options of ${title}`, options, ["table", "schema"]);
  return schema === undefined ? quoted("`", table) : quoted("`", schema, table);
}
