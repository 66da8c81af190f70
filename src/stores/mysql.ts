import { decodeHex, encodeHexLowerCase } from "@oslojs/encoding";
import { utf8 } from "../lib/bytes.ts";
import { hasMethod, mustBe, optional, readOptions } from "../lib/shape.ts";
import { aName, DEFAULT_TABLE, quoteName } from "./sql-names.ts";
import { createSqlStore, type SqlDriver, type SqlTable, type SqlTokenStore, toMigration } from "./sql-store.ts";

export type { SqlTokenStore };

/** The part of `mysql2/promise` that is used: a pool or a connection. */
export interface MysqlClient {
  /** Runs a prepared statement. Its first result is the rows, or the number of changed rows. */
  execute(sql: string, params: (string | number)[]): Promise<[unknown, ...unknown[]]>;
}

/** Options of {@link mysqlTokens}: the name of its table. */
export interface MysqlTokensOptions {
  /** At most 63 bytes. Default: `password_reset_tokens`. */
  table?: string | undefined;
  /** The database, at most 63 bytes. Default: the connection's database. */
  schema?: string | undefined;
}

/**
 * Returns the statement that creates the table, for a migration. It fits MySQL 8 and MariaDB.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if a name is empty or too long.
 * @example
 * await writeFile("migrations/001_password_reset_tokens.sql", mysqlTokensSql());
 */
export const mysqlTokensSql = (options: MysqlTokensOptions = {}): string =>
  toMigration(readTable("mysqlTokensSql", options));

/**
 * Keeps links in MySQL or MariaDB: one row per link, one round trip per operation, and one more when a connection
 * prepares a statement for the first time, or in one save of 50, which also deletes expired rows.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `db` is not from `mysql2/promise`, or if a name is empty or too long.
 * @example
 * const tokens = mysqlTokens(mysql.createPool(url)); // mysql of "mysql2/promise"
 */
export function mysqlTokens(db: MysqlClient, options: MysqlTokensOptions = {}): SqlTokenStore {
  // A pool of mysql2 itself has `execute` too, which takes a callback.
  if (!hasMethod(db, "execute") || hasMethod(db, "promise")) {
    throw mustBe("mysqlTokens.db", "a pool or connection of mysql2/promise", db, "pool.promise() of mysql2");
  }
  const driver: SqlDriver = {
    async first(sql, ...params) {
      const [[row]] = (await db.execute(sql, params)) as [Record<string, unknown>[]];
      return row && { ...row, user_id: decodeId(row["user_id"]) };
    },
    async run(sql, ...params) {
      const [result] = (await db.execute(sql, params)) as [{ affectedRows?: number }];
      return result.affectedRows ?? 0;
    },
  };
  return createSqlStore(driver, readTable("mysqlTokens", options), encodeId);
}

/**
 * Ids travel as hexadecimal digits: the connection's character set would change some strings, and make two of them one.
 */
const encodeId = (userId: string): string => encodeHexLowerCase(utf8(userId));
const decodeId = (digits: unknown): string => decoder.decode(decodeHex(String(digits)));
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function readTable(caller: string, options: MysqlTokensOptions): SqlTable {
  const shape = { table: optional(aName(), DEFAULT_TABLE), schema: optional(aName()) };
  const { table, schema } = readOptions(caller, options, shape);
  const name = quoteName("`", schema, table);
  // Bytes, because every collation that both engines know treats some strings as one (`aB3` and `Ab3`, `a` and `a `).
  const createTable = `CREATE TABLE IF NOT EXISTS ${name} (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,
  user_id VARBINARY(128) NOT NULL,
  fingerprint BINARY(32) NOT NULL,
  expires_at BIGINT NOT NULL,
  INDEX user_id (user_id),
  INDEX expires_at (expires_at)
)`;
  return {
    create: [createTable],
    insert: `INSERT INTO ${name} (token_hash, user_id, fingerprint, expires_at)
           VALUES (UNHEX(?), UNHEX(?), UNHEX(?), ?)`,
    find: `SELECT LOWER(HEX(token_hash)) AS token_hash, HEX(user_id) AS user_id,
                LOWER(HEX(fingerprint)) AS fingerprint, expires_at
           FROM ${name} WHERE token_hash = UNHEX(?)`,
    deleteByUser: `DELETE FROM ${name} WHERE user_id = UNHEX(?)`,
    deleteExpired: (limit) => `DELETE FROM ${name} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${limit}`,
  };
}
