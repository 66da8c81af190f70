import { section, wrong } from "../checks.ts";
import type { TokenRecord } from "../types.ts";
import { tokenRecord } from "./record.ts";
import { BATCH, hasMethod, inBatches, quoted, type SqlTokenStore, TABLE } from "./sql.ts";

export type { SqlTokenStore };

type Value = string | number;

/** A database of `libsql`, `better-sqlite3`, `node:sqlite` or `bun:sqlite`, which answer at once. */
export interface SyncSqlite {
  prepare(sql: string): {
    get(...params: Value[]): unknown;
    run(...params: Value[]): { changes: number | bigint };
  };
}

/** A binding of Cloudflare D1. */
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

/** A client of `@libsql/client`. */
export interface LibsqlClient {
  execute(statement: { sql: string; args: Value[] }): Promise<{ rows: unknown[]; rowsAffected: number }>;
}

/** Where the tokens are kept. */
export interface SqliteTokensOptions {
  /** Default: `password_reset_tokens`. At most 52 bytes. */
  table?: string | undefined;
}

/** The statements that make the table, for a migration. */
export const sqliteSchema = (options: SqliteTokensOptions = {}): string =>
  tableOf("sqliteSchema", options)
    .statements.map((statement) => `${statement};\n`)
    .join("");

/**
 * Tokens in SQLite, in this process or behind a network: one row a user, one statement an operation. Where several
 * processes write to one file, give the connections WAL mode and a `busy_timeout`; for a million live links, an
 * `mmap_size` that the file fits in.
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no database, and for a name that is none.
 */
export function sqliteTokens(
  db: SyncSqlite | D1 | LibsqlClient,
  options: SqliteTokensOptions = {},
): SqlTokenStore {
  const { first, run, batch } = driver(db);
  const { name, statements } = tableOf("sqliteTokens", options);

  return {
    async createTable() {
      for (const statement of statements) await run(statement);
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
      const found = await first(
        `SELECT token_hash, user_id, fingerprint, expires_at FROM ${name} WHERE token_hash = ?`,
        tokenHash,
      );
      // Some drivers answer null for nothing, and some undefined.
      if (!found) return undefined;
      const row = found as Record<string, unknown>;
      return tokenRecord(row["token_hash"], row["user_id"], row["fingerprint"], row["expires_at"]);
    },

    async deleteByUser(userId) {
      await run(`DELETE FROM ${name} WHERE user_id = ?`, userId);
    },

    deleteExpired: (now) =>
      inBatches(batch, () =>
        run(
          `DELETE FROM ${name} WHERE user_id IN (SELECT user_id FROM ${name} WHERE expires_at <= ? LIMIT ${batch})`,
          now.getTime(),
        ),
      ),
  };
}

function tableOf(title: string, options: SqliteTokensOptions) {
  const { table = TABLE } = section(`options of ${title}`, options, ["table"]);
  const name = quoted('"', table);
  const statements = [
    `CREATE TABLE IF NOT EXISTS ${name} (
  user_id TEXT NOT NULL PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${quoted('"', `${table}_expires_at`)} ON ${name} (expires_at)`,
  ];
  return { name, statements };
}

/** One manner of asking, for the three that there are. */
interface Driver {
  /** The first row, or nothing. */
  first(sql: string, ...params: Value[]): Promise<unknown>;
  /** Answers how many rows changed. */
  run(sql: string, ...params: Value[]): Promise<number>;
  /** How many rows one statement of a purge deletes. */
  batch: number;
}

/** What answers at once holds the event loop until it does: some 10 ms for so many rows of a large table. */
const SYNCHRONOUS_BATCH = 200;

function driver(db: SyncSqlite | D1 | LibsqlClient): Driver {
  if (hasMethod(db, "execute")) return remote(db as LibsqlClient);
  if (!hasMethod(db, "prepare")) {
    throw wrong(
      "sqliteTokens takes an open database of libsql, better-sqlite3, node:sqlite or bun:sqlite, " +
        "a binding of D1, or a client of @libsql/client",
    );
  }
  return hasMethod(db, "batch") ? d1(db as D1) : synchronous(db as SyncSqlite);
}

const remote = (client: LibsqlClient): Driver => ({
  first: async (sql, ...args) => (await client.execute({ sql, args })).rows[0],
  run: async (sql, ...args) => (await client.execute({ sql, args })).rowsAffected,
  batch: BATCH,
});

function d1(db: D1): Driver {
  // A read replica may not have heard of a link yet, nor of its end.
  const bound = (sql: string, params: Value[]) =>
    (db.withSession?.("first-primary") ?? db).prepare(sql).bind(...params);
  return {
    first: (sql, ...params) => bound(sql, params).first(),
    run: async (sql, ...params) => (await bound(sql, params).run()).meta.changes ?? 0,
    batch: BATCH,
  };
}

function synchronous(db: SyncSqlite): Driver {
  const prepared = new Map<string, ReturnType<SyncSqlite["prepare"]>>();
  function statement(sql: string) {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  }
  return {
    first: async (sql, ...params) => statement(sql).get(...params),
    run: async (sql, ...params) => Number(statement(sql).run(...params).changes),
    batch: SYNCHRONOUS_BATCH,
  };
}
