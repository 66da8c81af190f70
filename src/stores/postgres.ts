import { hasMethod, mustBe, optional, readOptions } from "../lib/shape.ts";
import { aName, createIndexes, DEFAULT_TABLE, quoteName } from "./sql-names.ts";
import { createSqlStore, type SqlDriver, type SqlTable, type SqlTokenStore, toMigration } from "./sql-store.ts";

export type { SqlTokenStore };

/**
 * The part of a Postgres driver that is used. The `Pool` and `Client` of `pg` have it, so do PGlite and the pools of
 * Neon and Vercel. For postgres.js: `{ query: async (text, params) => ({ rows: await sql.unsafe(text, params) }) }`.
 */
export interface PostgresClient {
  /** Runs one statement with its parameters. */
  query(text: string, params: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** Options of {@link postgresTokens}: the name of its table. */
export interface PostgresTokensOptions {
  /** At most 52 bytes. Default: `password_reset_tokens`. */
  table?: string | undefined;
  /** At most 63 bytes. Default: the first schema of the connection's `search_path`. */
  schema?: string | undefined;
}

/**
 * Returns the statements that create the table, for a migration.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if a name is empty or too long.
 * @example
 * await writeFile("migrations/001_password_reset_tokens.sql", postgresTokensSql());
 */
export const postgresTokensSql = (options: PostgresTokensOptions = {}): string =>
  toMigration(readTable("postgresTokensSql", options));

/**
 * Keeps links in PostgreSQL: one row per link, one round trip per operation, and one more in one save of 50, which also
 * deletes expired rows.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `db` has no `query`, or if a name is empty or too long.
 * @example
 * const tokens = postgresTokens(new Pool({ connectionString }), { schema: "auth" });
 */
export function postgresTokens(db: PostgresClient, options: PostgresTokensOptions = {}): SqlTokenStore {
  if (!hasMethod(db, "query")) {
    throw mustBe("postgresTokens.db", "an object with query(text, params)", db, "new Pool() of pg");
  }
  const first: SqlDriver["first"] = async (text, ...params) => (await db.query(text, params)).rows[0];
  // Only the purge returns how many rows it changed, which nobody else asks for.
  const run: SqlDriver["run"] = async (text, ...params) =>
    Number((await db.query(text, params)).rows[0]?.["deleted"] ?? 0);
  return createSqlStore({ first, run }, readTable("postgresTokens", options));
}

function readTable(caller: string, options: PostgresTokensOptions): SqlTable {
  const shape = { table: optional(aName(52), DEFAULT_TABLE), schema: optional(aName()) };
  const { table, schema } = readOptions(caller, options, shape);
  const name = quoteName('"', schema, table);
  const createTable = `CREATE TABLE IF NOT EXISTS ${name} (
  token_hash text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  fingerprint text NOT NULL,
  expires_at bigint NOT NULL
)`;
  return {
    create: [createTable, ...createIndexes(table, name)],
    insert: `INSERT INTO ${name} (token_hash, user_id, fingerprint, expires_at) VALUES ($1, $2, $3, $4)`,
    find: `SELECT token_hash, user_id, fingerprint, expires_at FROM ${name} WHERE token_hash = $1`,
    deleteByUser: `DELETE FROM ${name} WHERE user_id = $1`,
    // By physical address, which is fastest. Skips rows that others are deleting, so that no two purges wait for each
    // other.
    deleteExpired: (limit) => `WITH gone AS (
         DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM ${name} WHERE expires_at <= $1 ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))
         RETURNING 1)
       SELECT count(*) AS deleted FROM gone`,
  };
}
