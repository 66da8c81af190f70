import { type D1, type SyncSqlite, sqliteTokens } from "relatch/sqlite";
import type { Engine } from "../../../test/contract/stores/table-suite.ts";
import { whoAmI } from "../who-am-i.ts";

type Value = string | number;

/** As much more of a driver as the tests of its tables need. */
interface Rows {
  all(...params: Value[]): Record<string, unknown>[];
}

/** Opens the runtime's own SQLite, or libsql on Node.js 20, which has none. */
export async function openOwnSqlite(): Promise<SyncSqlite | D1> {
  const [runtime, version = ""] = whoAmI().split(" ");
  const load = (name: string) => import(/* @vite-ignore */ name);
  if (runtime === "workerd") return (await load("cloudflare:workers")).env.DB;
  if (runtime === "bun") return new (await load("bun:sqlite")).Database(":memory:");
  if (runtime === "deno" || Number.parseInt(version, 10) >= 22) {
    return new (await load("node:sqlite")).DatabaseSync(":memory:");
  }
  return new (await load("libsql")).default(":memory:");
}

export const engineOver = (db: SyncSqlite | D1): Engine => ({
  open: (table, seen = () => {}) => sqliteTokens(watch(db, seen), { table }),
  run: (sql, params = []) => rowsOf(db, sql, params),
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  tables: async () => (await rowsOf(db, "SELECT name FROM sqlite_master", [])).map((row) => String(row["name"])),
  explain: "EXPLAIN QUERY PLAN",
  batch: isD1(db) ? 1000 : 200,
  usesIndex: (plan) => plan.every((row) => !String(row["detail"]).startsWith("SCAN ")),
});

const isD1 = (db: SyncSqlite | D1): db is D1 => "batch" in db;

async function rowsOf(db: SyncSqlite | D1, sql: string, params: Value[]): Promise<Record<string, unknown>[]> {
  if (isD1(db)) {
    let rows: Record<string, unknown>[] = [];
    for (const piece of piecesOf(sql)) {
      const statement = db.prepare(piece).bind(...params) as unknown as {
        all(): Promise<{ results: Record<string, unknown>[] }>;
      };
      rows = (await statement.all()).results;
    }
    return rows;
  }
  const statement = db.prepare(sql);
  if (/^(SELECT|EXPLAIN)/.test(sql)) {
    const rows = (statement as unknown as Rows).all(...params);
    // libsql leaves an EXPLAIN under way after `all`, and no table can be dropped then.
    statement.get(...params);
    return rows;
  }
  statement.run(...params);
  return [];
}

/** D1 takes statements of 100 kB at most: a long INSERT goes in several. */
function piecesOf(sql: string): string[] {
  const [head = "", rows] = sql.split(" VALUES ");
  if (rows === undefined || sql.length < 100_000) return [sql];
  const list = rows.split(/(?<=\)),/);
  const half = list.length / 2;
  return [list.slice(0, half), list.slice(half)].flatMap((part) => piecesOf(`${head} VALUES ${part.join()}`));
}

type Seen = Parameters<Engine["open"]>[1] & {};

/** The same database, with each statement told as it is run. */
function watch(db: SyncSqlite | D1, seen: Seen): SyncSqlite | D1 {
  if (!isD1(db)) {
    return {
      prepare(sql) {
        const statement = db.prepare(sql);
        return {
          get: (...params) => tell(seen, sql, params, statement.get(...params)),
          run: (...params) => tell(seen, sql, params, statement.run(...params)),
        };
      },
    };
  }
  const watching = (target: Pick<D1, "prepare">): Pick<D1, "prepare"> => ({
    prepare: (sql) => ({
      bind(...params) {
        const statement = target.prepare(sql).bind(...params);
        return {
          first: () => tell(seen, sql, params, statement.first()),
          run: () => tell(seen, sql, params, statement.run()),
        };
      },
    }),
  });
  return {
    ...watching(db),
    batch: (statements) => db.batch(statements),
    withSession: (constraint) => watching(db.withSession?.(constraint) ?? db),
  };
}

function tell<T>(seen: Seen, sql: string, params: Value[], answer: T): T {
  seen({ sql, params });
  return answer;
}
