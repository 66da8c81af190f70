import { section, wrong } from "../checks.ts";
import type { TokenRecord } from "../types.ts";
import { tokenRecord } from "./record.ts";
import { BATCH, hasMethod, inBatches, quoted, retried, type SqlTokenStore, TABLE } from "./sql.ts";

export type { SqlTokenStore };

/**
 * As much of a Postgres driver as is used. The `Pool` and `Client` of `pg` have it, PGlite, and the pools of Neon and
 * Vercel; for `postgres` (postgres.js): `{ query: async (text, params) => ({ rows: await sql.unsafe(text, params) }) }`.
 */
export interface PostgresClient {
  query(text: string, params: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** Where the tokens are kept. */
export interface PostgresTokensOptions {
  /** Default: `password_reset_tokens`. At most 52 bytes. */
  table?: string | undefined;
  /** Default: what the connection's `search_path` says. */
  schema?: string | undefined;
}

/** The statements that make the table, for a migration. */
export const postgresSchema = (options: PostgresTokensOptions = {}): string =>
  tableOf("postgresSchema", options)
    .statements.map((statement) => `${statement};\n`)
    .join("");

/**
 * Tokens in PostgreSQL: one row a user, one round trip an operation. Give it a pool, or a client that is in no
 * transaction: a save that lost against another one is repeated, which a transaction does not allow.
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no client, and for a name that Postgres could not keep.
 */
export function postgresTokens(db: PostgresClient, options: PostgresTokensOptions = {}): SqlTokenStore {
  if (!hasMethod(db, "query"))
    throw wrong("postgresTokens takes a Pool or Client of pg, or anything with query(text, params)");
  const { name, statements } = tableOf("postgresTokens", options);
  const query = (text: string, ...params: unknown[]) => retried(CONFLICTS, () => db.query(text, params));

  return {
    async createTable() {
      for (const statement of statements) await retried(MADE_MEANWHILE, () => query(statement));
    },

    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      await query(
        `INSERT INTO ${name} (user_id, token_hash, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET token_hash = EXCLUDED.token_hash,
           fingerprint = EXCLUDED.fingerprint, expires_at = EXCLUDED.expires_at`,
        userId,
        tokenHash,
        fingerprint,
        expiresAt.getTime(),
      );
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const { rows } = await query(
        `SELECT token_hash, user_id, fingerprint, expires_at FROM ${name} WHERE token_hash = $1`,
        tokenHash,
      );
      const [row] = rows;
      return row && tokenRecord(row["token_hash"], row["user_id"], row["fingerprint"], row["expires_at"]);
    },

    async deleteByUser(userId) {
      await query(`DELETE FROM ${name} WHERE user_id = $1`, userId);
    },

    deleteExpired: (now) =>
      inBatches(BATCH, async () => {
        // By physical address, which a row that is replaced meanwhile no longer has.
        const { rows } = await query(
          `WITH gone AS (
             DELETE FROM ${name}
              WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${name} WHERE expires_at <= $1 LIMIT ${BATCH}))
                AND expires_at <= $1
             RETURNING 1)
           SELECT count(*) AS deleted FROM gone`,
          now.getTime(),
        );
        return Number(rows[0]?.["deleted"]);
      }),
  };
}

/** serialization_failure, at REPEATABLE READ and above, and deadlock_detected. */
const CONFLICTS = ["40001", "40P01"];

/** unique_violation in the catalogue, duplicate_table: `IF NOT EXISTS` looks first and makes later. */
const MADE_MEANWHILE = ["23505", "42P07", "42710"];

function tableOf(title: string, options: PostgresTokensOptions) {
  const { table = TABLE, schema } = section(`options of ${title}`, options, ["table", "schema"]);
  const name = schema === undefined ? quoted('"', table) : quoted('"', schema, table);
  const statements = [
    `CREATE TABLE IF NOT EXISTS ${name} (
  user_id text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  fingerprint text NOT NULL,
  expires_at bigint NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${quoted('"', `${table}_expires_at`)} ON ${name} (expires_at)`,
  ];
  return { name, statements };
}
