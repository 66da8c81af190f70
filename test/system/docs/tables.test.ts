import { mysqlTokensSql } from "relatch/mysql";
import { postgresTokensSql } from "relatch/postgres";
import { sqliteTokensSql } from "relatch/sqlite";
import { expect, test } from "vitest";
import { blocksOf } from "../../helpers/docs.ts";

const sqlOf = (page: string) => blocksOf(page, "sql").map(({ code }) => code.replace(/^DROP TABLE .*\n/, ""));

test("CHANGELOG.md has the tables that the package creates", () => {
  expect(sqlOf("CHANGELOG.md")).toEqual([postgresTokensSql(), mysqlTokensSql(), sqliteTokensSql()]);
});

test("docs/token-stores.md has the table that the package creates on PostgreSQL", () => {
  expect(sqlOf("docs/token-stores.md")).toEqual([postgresTokensSql()]);
});
