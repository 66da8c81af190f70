import { PGlite } from "@electric-sql/pglite";
import { postgresTokens, postgresTokensSql } from "relatch/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresEngine } from "./postgres-engine.ts";
import { tableSuite } from "./table-suite.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

describe("postgresTokens on PGlite", () => {
  const db = new PGlite();
  const tokens = postgresTokens(db);
  beforeAll(() => tokens.createTable(), 30_000);
  afterAll(() => db.close());

  tokenStoreSuite(() => tokens);
  tableSuite(() => postgresEngine(db));
});

test("a table name may have 52 bytes, so that the names of its indexes still fit", () => {
  expect(postgresTokensSql({ table: "x".repeat(52) })).toContain(`"${"x".repeat(52)}_expires_at"`);
});

test.each([
  ["a forgotten column", { token_hash: "a", user_id: "42", fingerprint: "b" }],
  ["an array", ["a", "42", "b", "0"]],
  ["an expiry that is not a number", { token_hash: "a", user_id: "42", fingerprint: "b", expires_at: "soon" }],
  ["a numeric id", { token_hash: "a", user_id: 42, fingerprint: "b", expires_at: "0" }],
])("find rejects a row with %s", async (_, row) => {
  const store = postgresTokens({ query: async () => ({ rows: [row as never] }) });
  await expect(store.find("a")).rejects.toMatchObject({ name: "RelatchError", code: "ERR_TOKEN_STORE" });
});

test("find rejects with exactly the value that the driver threw", async () => {
  for (const thrown of [new Error("down"), "down", null]) {
    const store = postgresTokens({ query: () => Promise.reject(thrown) });
    await expect(store.find("a")).rejects.toBe(thrown);
  }
});

test("createTable accepts that another process created the same thing, and no other failure", async () => {
  const failingOnce = (code: string) => {
    let calls = 0;
    return {
      async query() {
        calls += 1;
        if (calls === 1) throw Object.assign(new Error(code), { code });
        return { rows: [] };
      },
    };
  };
  for (const code of ["23505", "42P07", "42710"]) await postgresTokens(failingOnce(code)).createTable();
  await expect(postgresTokens(failingOnce("42501")).createTable()).rejects.toThrow("42501");
  await expect(postgresTokens(failingOnce("40001")).save(record())).rejects.toThrow("40001");
});
