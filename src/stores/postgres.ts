import type { TokenRecord, TokenStore } from "../types.ts";
import { quoted } from "./quoted.ts";

/** As much of a Postgres driver as is used: node-postgres, PGlite, and the pools of Neon and Vercel have it. */
export interface PostgresClient {
  query(text: string, params: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** Where the tokens are kept. */
export interface PostgresTokensOptions {
  /** Default: `password_reset_tokens`. */
  table?: string | undefined;
  /** Default: what the connection's `search_path` says. */
  schema?: string | undefined;
}

/** The statements that make the table, for a migration. */
export function postgresSchema({ table = TABLE, schema }: PostgresTokensOptions = {}): string {
  const name = (suffix = "") => quoted('"', ...(schema === undefined ? [] : [schema]), `${table}${suffix}`);
  return `CREATE TABLE IF NOT EXISTS ${name()} (
  user_id text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" UNIQUE NOT NULL,
  fingerprint text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS ${quoted('"', `${table}_expires_at`)} ON ${name()} (expires_at);`;
}

/** Tokens in PostgreSQL: one row a user, one round trip an operation. */
export function postgresTokens(
  db: PostgresClient,
  options: PostgresTokensOptions = {},
): TokenStore & { createTable(): Promise<void> } {
  const { table = TABLE, schema } = options;
  const name = quoted('"', ...(schema === undefined ? [] : [schema]), table);
  return {
    async createTable() {
      for (const statement of postgresSchema(options).split(/;\n?/).filter(Boolean))
        await db.query(statement, []);
    },

    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      await db.query(
        `INSERT INTO ${name} (user_id, token_hash, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET token_hash = EXCLUDED.token_hash,
           fingerprint = EXCLUDED.fingerprint, expires_at = EXCLUDED.expires_at`,
        [userId, tokenHash, fingerprint, expiresAt.getTime()],
      );
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const { rows } = await db.query(
        `SELECT user_id, token_hash, fingerprint, expires_at FROM ${name} WHERE token_hash = $1`,
        [tokenHash],
      );
      const [row] = rows;
      return (
        row && {
          tokenHash: String(row["token_hash"]),
          userId: String(row["user_id"]),
          fingerprint: String(row["fingerprint"]),
          // A bigint comes as a string from some drivers.
          expiresAt: new Date(Number(row["expires_at"])),
        }
      );
    },

    async deleteByUser(userId) {
      await db.query(`DELETE FROM ${name} WHERE user_id = $1`, [userId]);
    },

    async deleteExpired(now) {
      let deleted = 0;
      for (let batch = BATCH; batch === BATCH; deleted += batch) {
        // In batches by physical address: short locks, and no row that was replaced meanwhile.
        const { rows } = await db.query(
          `WITH gone AS (
             DELETE FROM ${name}
              WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${name} WHERE expires_at <= $1 LIMIT ${BATCH}))
                AND expires_at <= $1
             RETURNING 1)
           SELECT count(*) AS deleted FROM gone`,
          [now.getTime()],
        );
        batch = Number(rows[0]?.["deleted"] ?? 0);
      }
      return deleted;
    },
  };
}

const TABLE = "password_reset_tokens";
const BATCH = 5000;
