// Each driver is loaded only when it is needed, because processes start often here.

// biome-ignore lint/suspicious/noExplicitAny: the columns have the types of the statement.
type Row = Record<string, any>;
type Value = string | number | null;

/** The database of the application. Statements number their parameters: $1, $2. */
export interface Database {
  all(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Returns how many rows the statement changed. */
  run(sql: string, values?: readonly unknown[]): Promise<number>;
  create(): Promise<unknown>;
  remove(): Promise<unknown>;
  close(): Promise<unknown>;
}

const tables = (sequence: string): string[] => [
  "CREATE TABLE users (id text PRIMARY KEY, email text UNIQUE NOT NULL, password_hash text)",
  "CREATE TABLE sessions (user_id text NOT NULL, stamp text NOT NULL)",
  `CREATE TABLE emails (seq ${sequence}, user_id text, recipient text NOT NULL, kind text NOT NULL, token text,
    idempotency_key text NOT NULL)`,
  `CREATE TABLE jobs (seq ${sequence}, id text UNIQUE NOT NULL, owner text NOT NULL, job text NOT NULL)`,
];

interface PostgresOptions {
  url: string;
  schema: string;
  isolation: string;
  connections: number;
  client: string;
}

export async function openPostgres({
  url,
  schema,
  isolation,
  connections,
  client,
}: PostgresOptions): Promise<Database> {
  const { default: pg } = await import("pg");
  const level = isolation.replace(" ", "\\ ");
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: client,
    options: `-c search_path=${schema} -c default_transaction_isolation=${level} -c client_min_messages=warning`,
  });
  const query = (sql: string, values: readonly unknown[] = []) => pool.query(sql, [...values]);
  return {
    all: async (sql, values) => (await query(sql, values)).rows,
    run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
    async create() {
      await query(`CREATE SCHEMA ${schema}`);
      for (const statement of tables("bigserial PRIMARY KEY")) await query(statement);
    },
    remove: () => query(`DROP SCHEMA ${schema} CASCADE`),
    close: () => pool.end(),
  };
}

export async function openSqlite(file: string): Promise<Database> {
  const { default: Sqlite } = await import("libsql");
  const db = new Sqlite(file);
  db.exec("PRAGMA busy_timeout = 10000");
  db.exec("PRAGMA journal_mode = WAL");
  const prepare = (sql: string) => db.prepare(sql.replaceAll("$", "?"));
  return {
    all: async (sql, values = []) => prepare(sql).all(...(values as Value[])) as Row[],
    run: async (sql, values = []) => prepare(sql).run(...(values as Value[])).changes,
    async create() {
      for (const statement of tables("integer PRIMARY KEY AUTOINCREMENT")) db.exec(statement);
    },
    remove: async () => {},
    close: async () => db.close(),
  };
}
