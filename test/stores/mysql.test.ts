import callbacks from "mysql2";
import mysql from "mysql2/promise";
import { type MysqlClient, mysqlSchema, mysqlTokens, type SqlTokenStore } from "relatch/mysql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { describeService, uniqueName } from "../services.ts";
import { keepsInstants } from "./instants.ts";
import { type Engine, tableSuite } from "./table-suite.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

const quoted = (name: string) => `\`${name.replaceAll("`", "``")}\``;

await describeService("mysql", (uri) => {
  const table = uniqueName("tokens");
  const pool = mysql.createPool({ uri });
  const tokens = mysqlTokens(pool, { table });
  beforeAll(() => tokens.createTable());
  afterAll(async () => {
    await pool.query(`DROP TABLE ${quoted(table)}`);
    await pool.end();
  });
  const run = async (sql: string, params: (string | number)[] = []) =>
    (await pool.execute(sql, params))[0] as Record<string, unknown>[];

  const dropped = async (what: string) => void (await pool.query(`DROP ${what}`));

  tokenStoreSuite(() => tokens);
  tableSuite(
    (): Engine => ({
      open(name, seen = () => {}) {
        const execute: MysqlClient["execute"] = (sql, params) => {
          seen({ sql, params });
          return pool.execute(sql, params);
        };
        return mysqlTokens({ execute }, { table: name });
      },
      run,
      quoted,
      digest: (hex) => `X'${hex}'`,
      tables: async () => (await run("SHOW TABLES")).map((row) => String(Object.values(row)[0])),
      explain: "EXPLAIN",
      batch: 5000,
      usesIndex: (plan) => plan.every(({ key, type }) => typeof key === "string" && type !== "ALL"),
    }),
  );

  /** A pool with these options, whose sessions begin with this statement. */
  async function withPool<T>(
    options: mysql.PoolOptions,
    statement: string,
    use: (pool: mysql.Pool) => Promise<T>,
  ): Promise<T> {
    const other = mysql.createPool({ uri, ...options });
    other.pool.on("connection", (connection) => connection.query(statement));
    return use(other).finally(() => other.end());
  }

  /** A table that goes with the test. */
  async function temporaryTable(client: MysqlClient, stem: string): Promise<SqlTokenStore> {
    const name = uniqueName(stem);
    onTestFinished(() => dropped(`TABLE ${quoted(name)}`));
    const store = mysqlTokens(client, { table: name });
    await store.createTable();
    return store;
  }

  test("a connection does as well as a pool", async () => {
    const connection = await mysql.createConnection({ uri });
    const saved = record({ userId: uniqueName("connection") });
    await mysqlTokens(connection, { table }).save(saved);
    await connection.end();
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("the schema is an option, and a hostile one is a name", async () => {
    const schema = uniqueName("s`; DROP DATABASE test; --");
    await pool.query(`CREATE DATABASE ${quoted(schema)}`);
    onTestFinished(() => dropped(`DATABASE ${quoted(schema)}`));
    const there = mysqlTokens(pool, { schema, table: "a`b" });
    await Promise.all([there.createTable(), there.createTable()]);
    const saved = record();
    await there.save(saved);
    expect(await there.find(saved.tokenHash)).toEqual(saved);
    expect(await tokens.find(saved.tokenHash)).toBeUndefined();
  });

  describe("in any time zone", () => {
    test.each(["+00:00", "+05:30", "-03:30", "+13:00"])("%s", (timezone) =>
      withPool({ timezone: timezone as `+${number}:${number}` }, `SET time_zone = '${timezone}'`, (other) =>
        keepsInstants(mysqlTokens(other, { table }), tokens),
      ),
    );
  });

  test.each([
    ["strings", { supportBigNumbers: true, bigNumberStrings: true }],
    ["Date objects or strings", { dateStrings: true }],
    ["JSON of its own", { jsonStrings: true, decimalNumbers: true }],
  ])("where the connection answers %s", (_, options) =>
    withPool(options, "SELECT 1", async (other) => {
      const saved = record({ userId: uniqueName("types") });
      const store = mysqlTokens(other, { table });
      await store.save(saved);
      expect(await store.find(saved.tokenHash)).toEqual(saved);
      expect(await store.deleteExpired(new Date(0))).toBe(0);
    }),
  );

  test.each(["latin1_swedish_ci", "utf8_general_ci", "utf8mb4_bin", "ascii_bin"])(
    "over a connection in %s, ids stay as they are, and apart",
    (charset) =>
      withPool({ charset }, "SELECT 1", async (other) => {
        const store = mysqlTokens(other, { table });
        for (const odd of ["日", "本", "é", "😀", " ", "\ufeff"]) {
          const saved = record({ userId: odd + uniqueName("charset") + odd });
          await store.save(saved);
          expect(await store.find(saved.tokenHash)).toEqual(saved);
          expect(await tokens.find(saved.tokenHash)).toEqual(saved);
          await tokens.deleteByUser(saved.userId);
          expect(await store.find(saved.tokenHash)).toBeUndefined();
        }
      }),
  );

  test.each(["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI,PAD_CHAR_TO_FULL_LENGTH", "STRICT_ALL_TABLES"])(
    "in the SQL mode '%s'",
    (mode) =>
      withPool({}, `SET sql_mode = '${mode}'`, async (other) => {
        const store = await temporaryTable(other, "mode`");
        const saved = record({ userId: "\\' OR 1 = 1 -- " });
        await store.save(saved);
        await store.save(saved);
        expect(await store.find(saved.tokenHash)).toEqual(saved);
        await store.deleteByUser(saved.userId);
        expect(await store.find(saved.tokenHash)).toBeUndefined();
      }),
  );

  describe.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])("at %s", (level) => {
    test("saves and purges at once, though statements are given up", () =>
      withPool({ connectionLimit: 16 }, `SET SESSION TRANSACTION ISOLATION LEVEL ${level}`, async (other) => {
        const store = await temporaryTable(other, "raced");
        const users = Array.from({ length: 16 }, (_, user) => `user${user}`);
        for (let round = 0; round < 10; round++) {
          const saves = [...users, ...users].map((userId) => record({ userId, expiresAt: new Date(5000) }));
          await Promise.all([
            ...saves.map((each) => store.save(each)),
            store.deleteExpired(new Date(4000)),
            store.deleteByUser("user0"),
          ]);
          const left = await Promise.all(saves.map(({ tokenHash }) => store.find(tokenHash)));
          expect([15, 16]).toContain(left.filter(Boolean).length);
        }
        expect([15, 16]).toContain(await store.deleteExpired(new Date(5000)));
      }));
  });

  test("a pool of mysql2 itself is refused, and says what to pass", async () => {
    const other = callbacks.createPool({ uri });
    expect(() => mysqlTokens(other as never)).toThrow("pool.promise()");
    await mysqlTokens(other.promise(), { table }).deleteByUser("nobody");
    await other.promise().end();
  });
});

describe("mysqlTokens", () => {
  test.each([undefined, null, "mysql://localhost/test", { query: () => {} }])("refuses %j", (db) => {
    expect(() => mysqlTokens(db as never)).toThrow(WRONG_OPTIONS);
    expect(() => mysqlTokens(db as never)).toThrow("takes a pool or connection of mysql2/promise");
  });

  const client: MysqlClient = { execute: async () => [[]] };
  test.each([
    ["an empty table name", { table: "" }],
    ["an empty schema", { schema: "" }],
    ["a misspelt option", { database: "a" }],
  ])("refuses %s", (_, options) => {
    expect(() => mysqlTokens(client, options as never)).toThrow(WRONG_OPTIONS);
    expect(() => mysqlSchema(options as never)).toThrow(WRONG_OPTIONS);
  });

  test("finds nothing by a hash that the engine took for another", async () => {
    const row = { token_hash: "ab", user_id: "3432", fingerprint: "f", expires_at: 5 };
    const store = mysqlTokens({ execute: async () => [[row]] });
    expect(await store.find("AB")).toBeUndefined();
    const found = { tokenHash: "ab", userId: "42", fingerprint: "f", expiresAt: new Date(5) };
    expect(await store.find("ab")).toEqual(found);
  });

  test("runs a statement again that was given up for another, and no other one", async () => {
    const calls: string[] = [];
    const failing = (code: string, times: number): MysqlClient => ({
      async execute() {
        calls.push(code);
        if (calls.length <= times) throw Object.assign(new Error(code), { code });
        return [{ affectedRows: 0 }];
      },
    });
    await mysqlTokens(failing("ER_LOCK_DEADLOCK", 3)).save(record());
    expect(calls).toHaveLength(4);
    calls.length = 0;
    await expect(mysqlTokens(failing("ER_DUP_ENTRY", 3)).save(record())).rejects.toThrow("ER_DUP_ENTRY");
    expect(calls).toHaveLength(1);
  });
});
