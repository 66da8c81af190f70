import { type PostgresClient, postgresTokens } from "relatch/postgres";
import type { Engine } from "./table-suite.ts";

/** Describes PostgreSQL, on a server or in this process. */
export const postgresEngine = (db: PostgresClient): Engine => ({
  open: (table, seen = () => {}) =>
    postgresTokens(
      {
        query(sql, params) {
          seen({ sql, params: params as (string | number)[] });
          return db.query(sql, params);
        },
      },
      { table },
    ),
  run: async (sql, params = []) => (await db.query(sql, params)).rows,
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  tables: async () =>
    (await db.query("SELECT tablename FROM pg_tables", [])).rows.map((row) => String(row["tablename"])),
  explain: "EXPLAIN",
  batch: 1000,
  usesIndex(plan) {
    const lines = plan.map((row) => String(row["QUERY PLAN"]));
    return lines.some((line) => /Index.*Scan/.test(line)) && !lines.some((line) => line.includes("Seq Scan"));
  },
});
