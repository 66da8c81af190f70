import { Redis } from "ioredis";
import Database from "libsql";
import { mysqlTokens, mysqlTokensSql } from "relatch/mysql";
import { postgresTokens, postgresTokensSql } from "relatch/postgres";
import { redisTokens } from "relatch/redis";
import { sqliteTokens, sqliteTokensSql } from "relatch/sqlite";
import { expect, test } from "vitest";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";

/** By name: how a store is made of anything, clients of other kinds, and the example in the refusal. */
const CLIENTS: Record<string, [create: (client: never) => unknown, others: unknown[], example: string]> = {
  postgresTokens: [postgresTokens, ["postgres://localhost/test", { execute: () => {} }], "new Pool() of pg"],
  mysqlTokens: [mysqlTokens, ["mysql://localhost/test", { query: () => {} }], "mysql2/promise"],
  sqliteTokens: [sqliteTokens, ["file.db", { query: () => {} }], "open database"],
  redisTokens: [redisTokens, ["redis://localhost", new Redis({ lazyConnect: true })], "client.sendCommand(args)"],
};

test.each(Object.entries(CLIENTS))(
  "%s refuses other clients and says what it takes",
  (_, [create, others, example]) => {
    for (const client of [undefined, null, ...others]) {
      expect(() => create(client as never)).toThrow(WRONG_OPTIONS);
      expect(() => create(client as never)).toThrow(example);
    }
  },
);

test.each([
  [
    "postgresTokens",
    postgresTokensSql,
    (options: never) => postgresTokens({ query: async () => ({ rows: [] }) }, options),
    52,
  ],
  ["mysqlTokens", mysqlTokensSql, (options: never) => mysqlTokens({ execute: async () => [[]] }, options), 63],
  ["sqliteTokens", sqliteTokensSql, (options: never) => sqliteTokens(new Database(":memory:"), options), 52],
] as const)("%s refuses a name that its database would cut or cannot store", (name, statements, create, limit) => {
  const schemas = name === "sqliteTokens" ? ["a"] : ["", "x".repeat(64)];
  for (const [options, message] of [
    ...["", "a\0b", "x".repeat(limit + 1), "é".repeat(limit / 2 + 1), 7].map((table) => [{ table }, /table must be/]),
    ...schemas.map((schema) => [{ schema }, /schema/]),
    [{ tableName: "a" }, /tableName"/],
    [null, /must be an object/],
  ] as [never, RegExp][]) {
    for (const call of [statements, create]) {
      expect(() => call(options)).toThrow(WRONG_OPTIONS);
      expect(() => call(options)).toThrow(message);
    }
  }
  expect(statements({ table: "x".repeat(limit) })).toContain("x".repeat(limit));
});

test.each([{ keyPrefix: "a:" }, { prefix: 7 }, { prefix: null }])("redisTokens refuses the options %j", (options) => {
  expect(() => redisTokens(async () => null, options as never)).toThrow(WRONG_OPTIONS);
});
