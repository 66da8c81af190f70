import type { SqlTokenStore } from "relatch/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName } from "../../helpers/services.ts";
import { purgeSuite, record } from "./token-store-suite.ts";

/** A statement as the driver received it. */
export interface Statement {
  sql: string;
  params: (string | number)[];
}

/** A database, as far as the tests of a table need it. */
export interface Engine {
  open(table: string, seen?: (statement: Statement) => void): SqlTokenStore;
  /** Runs any statement and returns its rows. */
  run(sql: string, params?: (string | number)[]): Promise<Record<string, unknown>[]>;
  quote(name: string): string;
  /** A digest as a literal of SQL. */
  digest?(hex: string): string;
  tables(): Promise<string[]>;
  /** Whether the plan of a statement reads this table by an index. */
  usesIndex(plan: Record<string, unknown>[]): boolean;
  explain: string;
  /** How many rows one statement of a purge deletes. */
  batch: number;
}

/** Tests the promises that a store in an SQL database adds to the contract. */
export function tableSuite(engine: () => Engine): void {
  const withTable = async (table: string, use: (store: SqlTokenStore) => Promise<void>) => {
    try {
      await use(engine().open(table));
    } finally {
      await engine().run(`DROP TABLE IF EXISTS ${engine().quote(table)}`);
    }
  };

  describe("with a table that is purged by saves", () => {
    const table = uniqueName("purged");
    const store = () => engine().open(table);
    beforeAll(() => store().createTable(), 30_000);
    afterAll(async () => void (await engine().run(`DROP TABLE IF EXISTS ${engine().quote(table)}`)));
    purgeSuite(store);
  });

  describe("the name of a table is quoted", () => {
    test.each(["'; DROP TABLE users; --", 'a"b', "a`b", "select", "a.b", "A b", "ünï", "$$ ? :x %s", "x;y"])(
      "a table may be named %s",
      async (stem) => {
        const table = uniqueName(stem);
        await withTable(table, async (store) => {
          await store.createTable();
          await store.createTable();
          const saved = record();
          await store.save(saved);
          expect(await store.find(saved.tokenHash)).toEqual(saved);
          expect(await engine().tables()).toContain(table);
          await store.deleteByUser(saved.userId);
          expect(await store.find(saved.tokenHash)).toBeUndefined();
          expect(await store.deleteExpired(new Date())).toBe(0);
        });
      },
    );

    test("two names that differ only at their end are two tables", async () => {
      const stem = uniqueName("x".repeat(35)).padEnd(51, "y");
      await withTable(`${stem}1`, async (one) => {
        await withTable(`${stem}2`, async (other) => {
          await one.createTable();
          await other.createTable();
          const saved = record();
          await one.save(saved);
          expect(await other.find(saved.tokenHash)).toBeUndefined();
          expect(await one.find(saved.tokenHash)).toEqual(saved);
        });
      });
    });
  });

  test("concurrent calls of createTable succeed and lose no record", async () => {
    for (let round = 0; round < 5; round++) {
      await withTable(uniqueName("at_once"), async (store) => {
        await Promise.all(Array.from({ length: 8 }, () => store.createTable()));
        const saved = record();
        await store.save(saved);
        await store.createTable();
        expect(await store.find(saved.tokenHash)).toEqual(saved);
      });
    }
  });

  test("12,001 expired rows are found by an index and purged in batches, each by an index", async () => {
    const table = uniqueName("many");
    await withTable(table, async (store) => {
      await store.createTable();
      const bystander = record();
      await store.save(bystander);
      for (let from = 0; from < 12_001; from += 1000) {
        const rows = Array.from({ length: Math.min(1000, 12_001 - from) }, (_, n) => {
          const hex = (from + n).toString(16).padStart(64, "0");
          const digest = engine().digest?.(hex) ?? `'${hex}'`;
          return `('user${from + n}', ${digest}, ${digest}, ${1000 + from + n})`;
        });
        await engine().run(
          `INSERT INTO ${engine().quote(table)} (user_id, token_hash, fingerprint, expires_at) VALUES ${rows}`,
        );
      }
      const statements: Statement[] = [];
      const watched = engine().open(table, (statement) => statements.push(statement));
      await watched.find(bystander.tokenHash);
      await watched.save(record());
      await watched.deleteByUser("nobody");
      await watched.deleteExpired(new Date(0));
      expect(statements).toHaveLength(4);
      for (const { sql, params } of [statements[0]!, statements[2]!, statements[3]!]) {
        const plan = await engine().run(`${engine().explain} ${sql}`, params);
        expect(engine().usesIndex(plan), `${sql}\n${JSON.stringify(plan)}`).toBe(true);
      }
      statements.length = 0;
      expect(await watched.deleteExpired(new Date(1000 + 12_000))).toBe(12_001);
      expect(statements).toHaveLength(Math.ceil(12_001 / engine().batch));
      expect(await watched.find(bystander.tokenHash)).toEqual(bystander);
    });
  }, 30_000);

  test("a save that purges deletes one batch at most", async () => {
    await withTable(uniqueName("sometimes"), async (store) => {
      await store.createTable();
      const { batch } = engine();
      for (let from = 0; from < batch + 7; from += 100) {
        const size = Math.min(100, batch + 7 - from);
        const old = Array.from({ length: size }, () => record({ expiresAt: new Date(1000) }));
        await Promise.all(old.map((each) => store.save(each)));
      }
      await store.save(record({ tokenHash: `00${"a".repeat(62)}` }));
      expect(await store.deleteExpired(new Date())).toBe(7);
    });
  }, 30_000);

  test("a purge that fails does not fail the save", async () => {
    const table = uniqueName("failing");
    await withTable(table, async (store) => {
      await store.createTable();
      const failures: string[] = [];
      const broken = engine().open(table, ({ sql }) => {
        if (!sql.includes("DELETE")) return;
        failures.push(sql);
        throw new Error("down");
      });
      const saved = record({ tokenHash: `00${"b".repeat(62)}` });
      await broken.save(saved);
      expect(failures).toHaveLength(1);
      expect(await store.find(saved.tokenHash)).toEqual(saved);
    });
  });

  test("a save during a purge is not lost", async () => {
    await withTable(uniqueName("beside"), async (store) => {
      await store.createTable();
      for (let round = 0; round < 10; round++) {
        const users = Array.from({ length: 8 }, (_, user) => `user${user}`);
        const old = users.map((userId) => record({ userId, expiresAt: new Date(1000) }));
        const next = users.map((userId) => record({ userId }));
        for (const each of old) await store.save(each);
        await Promise.all([
          store.deleteExpired(new Date(1000)),
          ...next.map((each) => store.save(each)),
          store.deleteExpired(new Date(1000)),
        ]);
        for (const each of next) expect(await store.find(each.tokenHash)).toEqual(each);
      }
    });
  });
}
