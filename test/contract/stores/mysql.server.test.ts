import callbacks from "mysql2";
import mysql from "mysql2/promise";
import { type MysqlClient, mysqlTokens, type SqlTokenStore } from "relatch/mysql";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeService, uniqueName } from "../../helpers/services.ts";
import { expectSameInstants } from "./instants.ts";
import { type Engine, tableSuite } from "./table-suite.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

const quote = (name: string) => `\`${name.replaceAll("`", "``")}\``;

await describeService("mysql", (uri) => {
  const table = uniqueName("tokens");
  const pool = mysql.createPool({ uri });
  const tokens = mysqlTokens(pool, { table });
  beforeAll(() => tokens.createTable());
  afterAll(async () => {
    await pool.query(`DROP TABLE ${quote(table)}`);
    await pool.end();
  });
  const run = async (sql: string, params: (string | number)[] = []) =>
    (await pool.execute(sql, params))[0] as Record<string, unknown>[];

  const drop = async (what: string) => void (await pool.query(`DROP ${what}`));

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
      quote,
      digest: (hex) => `X'${hex}'`,
      tables: async () => (await run("SHOW TABLES")).map((row) => String(Object.values(row)[0])),
      explain: "EXPLAIN",
      batch: 1000,
      usesIndex: (plan) => plan.every(({ key, type }) => typeof key === "string" && type !== "ALL"),
    }),
  );

  /** Opens a pool with these options, whose sessions run this statement first. */
  async function withPool<T>(options: mysql.PoolOptions, statement: string, use: (pool: mysql.Pool) => Promise<T>) {
    const other = mysql.createPool({ uri, ...options });
    other.pool.on("connection", (connection) => connection.query(statement));
    return use(other).finally(() => other.end());
  }

  /** Creates a table that is dropped after the test. */
  async function temporaryTable(client: MysqlClient, stem: string): Promise<SqlTokenStore> {
    const name = uniqueName(stem);
    onTestFinished(() => drop(`TABLE ${quote(name)}`));
    const store = mysqlTokens(client, { table: name });
    await store.createTable();
    return store;
  }

  test("mysqlTokens works with a connection as well as with a pool", async () => {
    const connection = await mysql.createConnection({ uri });
    const saved = record({ userId: uniqueName("connection") });
    await mysqlTokens(connection, { table }).save(saved);
    await connection.end();
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("the schema option is quoted, so a hostile name is only a name", async () => {
    const schema = uniqueName("s`; DROP DATABASE test; --");
    await pool.query(`CREATE DATABASE ${quote(schema)}`);
    onTestFinished(() => drop(`DATABASE ${quote(schema)}`));
    const there = mysqlTokens(pool, { schema, table: "a`b" });
    await Promise.all([there.createTable(), there.createTable()]);
    const saved = record();
    await there.save(saved);
    expect(await there.find(saved.tokenHash)).toEqual(saved);
    expect(await tokens.find(saved.tokenHash)).toBeUndefined();
  });

  test.each(["+00:00", "-03:30", "+13:00"])("instants survive a session in the time zone %s", (timezone) =>
    withPool({ timezone: timezone as `+${number}:${number}` }, `SET time_zone = '${timezone}'`, (other) =>
      expectSameInstants(mysqlTokens(other, { table }), tokens),
    ),
  );

  test.each([
    ["strings", { supportBigNumbers: true, bigNumberStrings: true }],
    ["Date objects or strings", { dateStrings: true }],
    ["JSON strings", { jsonStrings: true, decimalNumbers: true }],
  ])("find returns the same record if the connection returns %s", (_, options) =>
    withPool(options, "SELECT 1", async (other) => {
      const saved = record({ userId: uniqueName("types") });
      const store = mysqlTokens(other, { table });
      await store.save(saved);
      expect(await store.find(saved.tokenHash)).toEqual(saved);
      expect(await store.deleteExpired(new Date(0))).toBe(0);
    }),
  );

  test.each(["latin1_swedish_ci", "utf8_general_ci", "utf8mb4_bin", "ascii_bin"])(
    "ids survive a connection in %s unchanged and distinct",
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
    "save, find and deleteByUser work in the SQL mode '%s'",
    (mode) =>
      withPool({}, `SET sql_mode = '${mode}'`, async (other) => {
        const store = await temporaryTable(other, "mode`");
        const saved = record({ userId: "\\' OR 1 = 1 -- " });
        await store.save(saved);
        expect(await store.find(saved.tokenHash)).toEqual(saved);
        await store.deleteByUser(saved.userId);
        expect(await store.find(saved.tokenHash)).toBeUndefined();
      }),
  );

  test.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])(
    "concurrent saves and purges succeed at %s, and no save is lost",
    (level) =>
      withPool({ connectionLimit: 16 }, `SET SESSION TRANSACTION ISOLATION LEVEL ${level}`, async (other) => {
        const store = await temporaryTable(other, "raced");
        const users = Array.from({ length: 16 }, (_, user) => `user${user}`);
        for (let round = 0; round < 10; round++) {
          const saves = [...users, ...users].map((userId) => record({ userId, expiresAt: new Date(5000) }));
          await Promise.all([...saves.map((each) => store.save(each)), store.deleteExpired(new Date(4000))]);
          const left = await Promise.all(saves.map(({ tokenHash }) => store.find(tokenHash)));
          expect(left.filter(Boolean)).toHaveLength(32);
        }
        expect(await store.deleteExpired(new Date(5000))).toBe(320);
      }),
  );

  test("mysqlTokens refuses a callback pool of mysql2 and says what to pass", async () => {
    const other = callbacks.createPool({ uri });
    expect(() => mysqlTokens(other as never)).toThrow("pool.promise()");
    await mysqlTokens(other.promise(), { table }).deleteByUser("nobody");
    await other.promise().end();
  });
});
