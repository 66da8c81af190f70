import type { TokenRecord, TokenStore } from "../types.ts";
import { quoted } from "./quoted.ts";

type Value = string | number;
type Row = Record<string, unknown>;

/** `libsql`, `better-sqlite3`, `node:sqlite`, `bun:sqlite`: synchronous. */
export interface SyncSqlite {
  prepare(sql: string): {
    get(...params: Value[]): unknown;
    run(...params: Value[]): { changes: number | bigint };
  };
}

/** Cloudflare D1. */
export interface D1 {
  prepare(sql: string): {
    bind(...params: Value[]): {
      first(): Promise<unknown>;
      run(): Promise<{ meta: { changes?: number | undefined } }>;
    };
  };
  batch(statements: never[]): Promise<unknown>;
  withSession?(constraint: "first-primary"): Pick<D1, "prepare">;
}

/** `@libsql/client`. */
export interface LibsqlClient {
  execute(statement: { sql: string; args: Value[] }): Promise<{ rows: unknown[]; rowsAffected: number }>;
}

/** Where the tokens are kept. */
export interface SqliteTokensOptions {
  /** Default: `password_reset_tokens`. */
  table?: string | undefined;
}

/** The statements that make the table, for a migration. */
export function sqliteSchema({ table = TABLE }: SqliteTokensOptions = {}): string {
  return `CREATE TABLE IF NOT EXISTS ${quoted('"', table)} (
  user_id TEXT NOT NULL PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ${quoted('"', `${table}_expires_at`)} ON ${quoted('"', table)} (expires_at);`;
}

/**
 * Tokens in SQLite, in this process or behind a network: one row a user, one statement an operation. Where several
 * processes write to one file, give the connection a `busy_timeout` and WAL mode.
 */
export function sqliteTokens(
  db: SyncSqlite | D1 | LibsqlClient,
  options: SqliteTokensOptions = {},
): TokenStore & { createTable(): Promise<void> } {
  const name = quoted('"', options.table ?? TABLE);
  const { first, run } = statements(db);
  return {
    async createTable() {
      for (const statement of sqliteSchema(options).split(/;\n?/).filter(Boolean)) await run(statement);
    },

    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      await run(
        `INSERT INTO ${name} (user_id, token_hash, fingerprint, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash,
           fingerprint = excluded.fingerprint, expires_at = excluded.expires_at`,
        userId,
        tokenHash,
        fingerprint,
        expiresAt.getTime(),
      );
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const row = await first(
        `SELECT user_id, token_hash, fingerprint, expires_at FROM ${name} WHERE token_hash = ?`,
        tokenHash,
      );
      return (
        row && {
          tokenHash: String(row["token_hash"]),
          userId: String(row["user_id"]),
          fingerprint: String(row["fingerprint"]),
          expiresAt: new Date(Number(row["expires_at"])),
        }
      );
    },

    async deleteByUser(userId) {
      await run(`DELETE FROM ${name} WHERE user_id = ?`, userId);
    },

    async deleteExpired(now) {
      let deleted = 0;
      for (let batch = BATCH; batch === BATCH; deleted += batch) {
        batch = await run(
          `DELETE FROM ${name} WHERE user_id IN (SELECT user_id FROM ${name} WHERE expires_at <= ? LIMIT ${BATCH})`,
          now.getTime(),
        );
      }
      return deleted;
    },
  };
}

const TABLE = "password_reset_tokens";
const BATCH = 5000;

interface Statements {
  first(sql: string, ...params: Value[]): Promise<Row | undefined>;
  /** Answers how many rows changed. */
  run(sql: string, ...params: Value[]): Promise<number>;
}

/** One manner of asking, for the three that there are. */
function statements(db: SyncSqlite | D1 | LibsqlClient): Statements {
  if ("execute" in db) {
    return {
      first: async (sql, ...args) => (await db.execute({ sql, args })).rows[0] as Row | undefined,
      run: async (sql, ...args) => (await db.execute({ sql, args })).rowsAffected,
    };
  }
  if ("batch" in db) {
    // A read replica may not have heard of a link yet.
    const primary = () => db.withSession?.("first-primary") ?? db;
    return {
      first: async (sql, ...args) =>
        ((await primary()
          .prepare(sql)
          .bind(...args)
          .first()) as Row | null) ?? undefined,
      run: async (sql, ...args) =>
        (
          await primary()
            .prepare(sql)
            .bind(...args)
            .run()
        ).meta.changes ?? 0,
    };
  }
  const prepared = new Map<string, ReturnType<SyncSqlite["prepare"]>>();
  const prepare = (sql: string) => {
    const statement = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return {
    first: async (sql, ...args) => (prepare(sql).get(...args) as Row | null | undefined) ?? undefined,
    run: async (sql, ...args) => Number(prepare(sql).run(...args).changes),
  };
}
