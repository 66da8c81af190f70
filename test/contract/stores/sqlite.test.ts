import { rmSync } from "node:fs";
import Database from "libsql";
import { type SyncSqlite, sqliteTokens, sqliteTokensSql } from "relatch/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeUnless } from "../../helpers/services.ts";
import { expectSameInstants } from "./instants.ts";
import { fakeD1, fakeLibsqlClient, optionalSqlite, temporaryFile } from "./sqlite-shapes.ts";
import { type Engine, tableSuite } from "./table-suite.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

const file = temporaryFile();
afterAll(() => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
});

const bigints = new Database(":memory:");
bigints.defaultSafeIntegers(true);

describe.each([
  ["libsql, in memory", new Database(":memory:")],
  ["libsql, in a file", new Database(file)],
  ["libsql, with bigints", bigints],
  ["an imitation of D1", fakeD1(new Database(":memory:"))],
  [
    "an imitation of D1 without sessions",
    { ...fakeD1(new Database(":memory:")).withSession("first-primary"), batch: async () => {} },
  ],
  ["an imitation of @libsql/client", fakeLibsqlClient(new Database(":memory:"), "number")],
  ["an imitation of @libsql/client with bigints", fakeLibsqlClient(new Database(":memory:"), "bigint")],
  ["an imitation of @libsql/client with strings for integers", fakeLibsqlClient(new Database(":memory:"), "string")],
])("sqliteTokens on %s", (_, db) => {
  const tokens = sqliteTokens(db);
  beforeAll(() => tokens.createTable());
  tokenStoreSuite(() => tokens);
  test("instants survive a change of the time zone", () => expectSameInstants(tokens, tokens));
});

for (const name of ["node:sqlite", "better-sqlite3"] as const) {
  const { open = () => new Database(":memory:"), missing } = await optionalSqlite(name);
  describeUnless(
    missing,
    `sqliteTokens on ${name}`,
    () => {
      const db = open(":memory:");
      const tokens = sqliteTokens(db);
      beforeAll(() => tokens.createTable());
      tokenStoreSuite(() => tokens);
      tableSuite(() => engine(db));
    },
    { optional: true },
  );
}

describe("sqliteTokens", () => {
  const shared = new Database(":memory:");
  tableSuite(() => engine(shared));

  test("two connections to one file see each other's tokens immediately", async () => {
    const [one, other] = [new Database(file), new Database(file)].map((db) => {
      db.pragma("journal_mode = WAL");
      db.pragma("busy_timeout = 5000");
      return sqliteTokens(db, { table: "two" });
    });
    await Promise.all([one!.createTable(), other!.createTable()]);
    for (let round = 0; round < 20; round++) {
      const [first, second] = [record(), record()];
      await one!.save(first);
      await other!.save(second);
      expect(await other!.find(first.tokenHash)).toEqual(first);
      expect(await one!.find(second.tokenHash)).toEqual(second);
    }
  });

  test("each statement is prepared once per synchronous driver", async () => {
    const prepared: string[] = [];
    const db: SyncSqlite = {
      prepare(sql) {
        prepared.push(sql);
        return shared.prepare(sql);
      },
    };
    const tokens = sqliteTokens(db);
    await tokens.createTable();
    for (let n = 0; n < 3; n++) {
      const saved = record();
      await tokens.save(saved);
      await tokens.find(saved.tokenHash);
      await tokens.deleteByUser(saved.userId);
      await tokens.deleteExpired(new Date());
    }
    expect(new Set(prepared).size).toBe(7);
    expect(prepared).toHaveLength(7);
  });

  test("every call opens a session on the primary of D1, because a replica may not know the link yet", async () => {
    const db = fakeD1(new Database(":memory:"));
    const tokens = sqliteTokens(db);
    await tokens.createTable();
    await tokens.save(record());
    await tokens.find("0");
    expect(db.sessions).toEqual(Array(5).fill("first-primary"));
  });

  test("deleteExpired returns 0 if D1 does not say how many rows changed", async () => {
    const bound = { first: async () => null, run: async () => ({ meta: {} }) };
    const tokens = sqliteTokens({ prepare: () => ({ bind: () => bound }), batch: async () => {} });
    expect(await tokens.deleteExpired(new Date())).toBe(0);
  });

  test("the statements of sqliteTokensSql create the table", async () => {
    const db = new Database(":memory:");
    db.exec(sqliteTokensSql({ table: 'by;hand"' }));
    const saved = record();
    const tokens = sqliteTokens(db, { table: 'by;hand"' });
    await tokens.save(saved);
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("a save that found the file locked can be repeated and leaves its connection usable", async () => {
    const [writer, waiting] = [new Database(file), new Database(file)];
    for (const db of [writer, waiting]) db.pragma("busy_timeout = 20");
    const tokens = sqliteTokens(waiting, { table: "busy" });
    await tokens.createTable();
    await tokens.save(record());
    const saved = record();
    writer.exec("BEGIN IMMEDIATE");
    await expect(tokens.save(saved)).rejects.toThrow("database is locked");
    writer.exec("COMMIT");
    await tokens.save(saved);
    waiting.exec("BEGIN IMMEDIATE; COMMIT");
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("calls reject with the error that the driver throws", async () => {
    const tokens = sqliteTokens(new Database(":memory:"), { table: "missing" });
    await expect(tokens.save(record())).rejects.toThrow("no such table: missing");
    await expect(tokens.find("0")).rejects.toThrow("no such table: missing");
  });

  test("find rejects a row without our columns, such as a statement that a callback driver returns", async () => {
    const statement = { get: () => statement, run: () => ({ changes: 0 }) };
    const tokens = sqliteTokens({ prepare: () => statement });
    await expect(tokens.find("0")).rejects.toMatchObject({ code: "ERR_TOKEN_STORE" });
  });
});

/** The methods of a synchronous driver that the tests of its tables need. */
interface Queries {
  prepare(sql: string): {
    all(...params: (string | number)[]): Record<string, unknown>[];
    get(...params: (string | number)[]): unknown;
    run(): unknown;
  };
}

function engine(db: SyncSqlite): Engine {
  function run(sql: string, params: (string | number)[] = []): Record<string, unknown>[] {
    const statement = (db as unknown as Queries).prepare(sql);
    if (!/^(SELECT|EXPLAIN)/.test(sql)) {
      statement.run();
      return [];
    }
    const rows = statement.all(...params);
    // libsql leaves an EXPLAIN under way after `all`, and no table can be dropped then.
    statement.get(...params);
    return rows;
  }
  return {
    open(table, seen = () => {}) {
      const prepare: SyncSqlite["prepare"] = (sql) => {
        const statement = db.prepare(sql);
        const tell = <T>(params: (string | number)[], answer: T) => {
          seen({ sql, params });
          return answer;
        };
        return {
          get: (...params) => tell(params, statement.get(...params)),
          run: (...params) => tell(params, statement.run(...params)),
        };
      };
      return sqliteTokens({ prepare }, { table });
    },
    run: async (sql, params) => run(sql, params),
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    tables: async () => run("SELECT name FROM sqlite_master").map((row) => String(row["name"])),
    explain: "EXPLAIN QUERY PLAN",
    batch: 200,
    usesIndex: (plan) => plan.every((row) => !String(row["detail"]).startsWith("SCAN ")),
  };
}
