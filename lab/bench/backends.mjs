// @ts-check
import { randomBytes, randomUUID } from "node:crypto";
import { postgresStatements, sqliteStatements } from "./hand-written-statements.mjs";
import { postgresUrl } from "./services.mjs";

/** @typedef {import("../../dist/index.js").ResetUser} User */
/** @typedef {import("../../dist/index.js").UserStore} UserStore */
/** @typedef {import("../../dist/index.js").TokenStore} TokenStore */
/** @typedef {import("../../dist/index.js").RevokeSessions} RevokeSessions */
/** @typedef {User & { passwordHash: string }} Person */

/**
 * The tables of users, tokens and sessions in one database, for each subject. Each user has one session.
 *
 * @typedef {object} Backend
 * @property {Person[]} given
 * @property {UserStore} users
 * @property {() => Promise<TokenStore>} tokens
 * @property {RevokeSessions} revokeSessions
 * @property {import("./hand-written.mjs").Statements} statements
 * @property {{ type: "sqlite" | "postgres", dialect(): Promise<import("kysely").Dialect>, insert: Insert }} betterAuth
 * @property {import("libsql").Database} [db] SQLite.
 * @property {() => Promise<void>} close
 */

/**
 * Inserts rows into a table, column by column.
 *
 * @typedef {(table: string, columns: string[], rows: unknown[][]) => Promise<void>} Insert
 */

let serial = 0;

/** Instant, unique, and as long as an Argon2id hash is: its length decides how much there is to digest. */
export const nextPasswordHash = () =>
  `$argon2id$v=19$m=19456,t=2,p=1$${String(serial++).padStart(22, "0")}$${"x".repeat(43)}`;

/**
 * @param {number} count
 * @returns {Person[]}
 */
export const makeUsers = (count) =>
  Array.from({ length: count }, (_, index) => ({
    // A flat string, as a driver returns it. `randomUUID` joins twenty pieces, which V8 keeps apart.
    id: Buffer.from(randomUUID()).toString("latin1"),
    email: `user.${index}@example.org`,
    passwordHash: nextPasswordHash(),
  }));

const COLUMNS = "id, email, password_hash";
const user = (/** @type {unknown} */ row) => /** @type {User | undefined} */ (row);
const userRow = (/** @type {Person} */ { id, email, passwordHash }) => [id, email, passwordHash];
const sessionRow = (/** @type {Person} */ { id }) => [randomUUID(), id, "stamp"];

/**
 * One SQLite database in memory, in this process. Statements are prepared once.
 *
 * @param {Person[]} given
 * @returns {Promise<Backend>}
 */
async function sqlite(given) {
  const { default: Database } = await import("libsql");
  const { sqliteTokens, sqliteTokensSql } = await import("../../dist/stores/sqlite.js");
  const db = new Database(":memory:");
  db.exec("CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE NOT NULL, password_hash TEXT)");
  db.exec(sqliteTokensSql({ table: "tokens" }));
  db.exec("CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, stamp TEXT)");
  db.exec("CREATE INDEX sessions_user_id ON sessions (user_id)");
  /** @type {Insert} */
  const insert = async (table, columns, rows) => {
    const names = columns.map((name) => `"${name}"`).join(", ");
    const statement = db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => "?").join(", ")})`);
    db.transaction(() => {
      for (const row of rows) statement.run(...row);
    })();
  };
  await insert("users", COLUMNS.split(", "), given.map(userRow));
  await insert("sessions", ["id", "user_id", "stamp"], given.map(sessionRow));

  const select = "SELECT id, email, password_hash AS passwordHash FROM users";
  const byEmail = db.prepare(`${select} WHERE email = ?`);
  const byId = db.prepare(`${select} WHERE id = ?`);
  const replace = db.prepare("UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ?");
  const deleteSessions = db.prepare("DELETE FROM sessions WHERE user_id = ? AND stamp IS NOT ?");
  return {
    given,
    db,
    users: {
      findByEmail: async (email) => user(byEmail.get(email)),
      findById: async (id) => user(byId.get(id)),
      replacePasswordHash: async ({ userId, email, expected, next }) =>
        replace.run(next, userId, email, expected).changes === 1,
    },
    tokens: async () => sqliteTokens(db, { table: "tokens" }),
    revokeSessions: async (userId, { except }) => void deleteSessions.run(userId, except),
    statements: sqliteStatements(db),
    betterAuth: {
      type: "sqlite",
      insert,
      async dialect() {
        const { SqliteDialect } = await import("kysely");
        return new SqliteDialect({ database: db });
      },
    },
    close: async () => void db.close(),
  };
}

/**
 * A PostgreSQL server, in a schema that is dropped at the end, over a pool of 16 connections. The statements of users and
 * sessions are prepared once per connection, as those of the hand-written flow.
 *
 * @param {Person[]} given
 * @returns {Promise<Backend>}
 */
async function postgres(given) {
  const { default: pg } = await import("pg");
  const { postgresTokens } = await import("../../dist/stores/postgres.js");
  const schema = `bench_${randomBytes(6).toString("hex")}`;
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 16, options: `-c search_path=${schema}` });
  pool.on("error", () => {});
  /** @param {string} name @param {string} text @param {unknown[]} values */
  const query = async (name, text, ...values) => pool.query({ name, text, values });
  await pool.query(`CREATE SCHEMA ${schema}`);
  const tokens = postgresTokens(pool, { table: "tokens" });
  await tokens.createTable();
  await pool.query(`CREATE TABLE users (id text PRIMARY KEY, email text UNIQUE NOT NULL, password_hash text);
    CREATE TABLE sessions (id text PRIMARY KEY, user_id text NOT NULL, stamp text);
    CREATE INDEX ON sessions (user_id)`);
  /** @type {Insert} */
  const insert = async (table, columns, rows) => {
    const { rows: types } = await pool.query(
      "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2",
      [schema, table],
    );
    const typeOf = (/** @type {string} */ column) =>
      types.find(({ column_name }) => column_name === column)?.data_type ?? "text";
    const arrays = columns.map((column, index) => `$${index + 1}::${typeOf(column)}[]`);
    await pool.query(
      `INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join(", ")}) SELECT * FROM unnest(${arrays.join(", ")})`,
      columns.map((_, index) => rows.map((row) => row[index])),
    );
  };
  await insert("users", COLUMNS.split(", "), given.map(userRow));
  await insert("sessions", ["id", "user_id", "stamp"], given.map(sessionRow));
  await pool.query("ANALYZE users, sessions");

  const select = 'SELECT id, email, password_hash AS "passwordHash" FROM users';
  return {
    given,
    users: {
      findByEmail: async (email) => user((await query("email", `${select} WHERE email = $1`, email)).rows[0]),
      findById: async (id) => user((await query("id", `${select} WHERE id = $1`, id)).rows[0]),
      async replacePasswordHash({ userId, email, expected, next }) {
        const text = "UPDATE users SET password_hash = $1 WHERE id = $2 AND email = $3 AND password_hash = $4";
        return (await query("commit", text, next, userId, email, expected)).rowCount === 1;
      },
    },
    tokens: async () => tokens,
    async revokeSessions(userId, { except }) {
      const text = "DELETE FROM sessions WHERE user_id = $1 AND stamp IS DISTINCT FROM $2";
      await query("sessions", text, userId, except);
    },
    statements: postgresStatements(query),
    betterAuth: {
      type: "postgres",
      insert,
      async dialect() {
        const { PostgresDialect } = await import("kysely");
        // better-auth changes neither the pool nor its search path.
        return new PostgresDialect({ pool });
      },
    },
    async close() {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`);
      await pool.end();
    },
  };
}

/** @type {Record<string, (given: Person[]) => Promise<Backend>>} */
export const backends = { sqlite, postgres };
