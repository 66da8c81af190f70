import { hasMethod, mustBe, optional, readOptions } from "../lib/shape.ts";
import { aName, createIndexes, DEFAULT_TABLE, quoteName } from "./sql-names.ts";
import { createSqlStore, type SqlDriver, type SqlTable, type SqlTokenStore, toMigration } from "./sql-store.ts";

export type { SqlTokenStore };

type Value = string | number;

/** A database of `libsql`, `better-sqlite3`, `node:sqlite` or `bun:sqlite`, whose calls return at once. */
export interface SyncSqlite {
  /** Prepares one statement. */
  prepare(sql: string): {
    get(...params: Value[]): unknown;
    run(...params: Value[]): { changes: number | bigint };
  };
}

/** A binding of Cloudflare D1. */
export interface D1 {
  /** Prepares one statement. */
  prepare(sql: string): {
    bind(...params: Value[]): {
      first(): Promise<unknown>;
      run(): Promise<{ meta: { changes?: number | undefined } }>;
    };
  };
  /** Runs statements in one transaction. */
  batch(statements: never[]): Promise<unknown>;
  /** Optional: reads from the primary database, where read replication is on. */
  withSession?(constraint: "first-primary"): Pick<D1, "prepare">;
}

/** A client of `@libsql/client`. */
export interface LibsqlClient {
  /** Runs one statement. */
  execute(statement: { sql: string; args: Value[] }): Promise<{ rows: unknown[]; rowsAffected: number }>;
}

/** Options of {@link sqliteTokens}: the name of its table. */
export interface SqliteTokensOptions {
  /** At most 52 bytes. Default: `password_reset_tokens`. */
  table?: string | undefined;
}

/**
 * Returns the statements that create the table, for a migration.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the name is empty or too long.
 * @example
 * await writeFile("migrations/001_password_reset_tokens.sql", sqliteTokensSql());
 */
export const sqliteTokensSql = (options: SqliteTokensOptions = {}): string =>
  toMigration(readTable("sqliteTokensSql", options));

/**
 * Keeps links in SQLite, in this process or behind a network: one row per link, one statement per operation, and one
 * more in one save of 50, which also deletes expired rows. If several processes write to one file, use WAL mode and a
 * `busy_timeout`; for a million valid links, an `mmap_size` that the file fits in.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `db` is not a known database, or if the name is empty or too long.
 * @example
 * const tokens = sqliteTokens(new Database("app.db")); // better-sqlite3
 * await tokens.createTable();
 */
export function sqliteTokens(db: SyncSqlite | D1 | LibsqlClient, options: SqliteTokensOptions = {}): SqlTokenStore {
  return createSqlStore(createDriver(db), readTable("sqliteTokens", options));
}

function readTable(caller: string, options: SqliteTokensOptions): SqlTable {
  // As long as in Postgres, so that a name that fits one fits the other.
  const { table } = readOptions(caller, options, { table: optional(aName(52), DEFAULT_TABLE) });
  const name = quoteName('"', table);
  const createTable = `CREATE TABLE IF NOT EXISTS ${name} (
  token_hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID`;
  const expired = `SELECT token_hash FROM ${name} WHERE expires_at <= ?`;
  return {
    create: [createTable, ...createIndexes(table, name)],
    insert: `INSERT INTO ${name} (token_hash, user_id, fingerprint, expires_at) VALUES (?, ?, ?, ?)`,
    find: `SELECT token_hash, user_id, fingerprint, expires_at FROM ${name} WHERE token_hash = ?`,
    deleteByUser: `DELETE FROM ${name} WHERE user_id = ?`,
    deleteExpired: (limit) => `DELETE FROM ${name} WHERE token_hash IN (${expired} LIMIT ${limit})`,
  };
}

function createDriver(db: SyncSqlite | D1 | LibsqlClient): SqlDriver {
  if (hasMethod(db, "execute")) return createLibsqlDriver(db as LibsqlClient);
  if (!hasMethod(db, "prepare")) {
    const known = "an open database of libsql, better-sqlite3, node:sqlite, bun:sqlite, D1 or @libsql/client";
    throw mustBe("sqliteTokens.db", known, db, 'new Database("app.db")');
  }
  return hasMethod(db, "batch") ? createD1Driver(db as D1) : createSynchronousDriver(db as SyncSqlite);
}

const createLibsqlDriver = (client: LibsqlClient): SqlDriver => ({
  first: async (sql, ...args) => (await client.execute({ sql, args })).rows[0],
  run: async (sql, ...args) => (await client.execute({ sql, args })).rowsAffected,
});

function createD1Driver(db: D1): SqlDriver {
  // From the primary: a read replica may not have a new link yet, or still have a deleted one.
  const bind = (sql: string, params: Value[]) => (db.withSession?.("first-primary") ?? db).prepare(sql).bind(...params);
  return {
    first: (sql, ...params) => bind(sql, params).first(),
    run: async (sql, ...params) => (await bind(sql, params).run()).meta.changes ?? 0,
  };
}

function createSynchronousDriver(db: SyncSqlite): SqlDriver {
  // Kept, because a statement of libsql that found the file locked blocks its connection until it runs again.
  const statements = new Map<string, ReturnType<SyncSqlite["prepare"]>>();
  function prepare(sql: string) {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }
  return {
    first: async (sql, ...params) => prepare(sql).get(...params),
    run: async (sql, ...params) => Number(prepare(sql).run(...params).changes),
    // A call blocks the event loop: for about 10 ms with this many rows of a large table.
    batch: 200,
  };
}
