import pg from "pg";
import { postgresSchema, postgresTokens } from "relatch/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { describeService, uniqueName } from "../services.ts";
import { keepsInstants } from "./instants.ts";
import { postgresEngine } from "./postgres-engine.ts";
import { tableSuite } from "./table-suite.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

await describeService("postgres", (connectionString) => {
  const table = uniqueName("tokens");
  const pool = new pg.Pool({ connectionString });
  const tokens = postgresTokens(pool, { table });
  beforeAll(() => tokens.createTable());
  afterAll(async () => {
    await pool.query(`DROP TABLE "${table}"`);
    await pool.end();
  });

  const dropped = async (what: string) => void (await pool.query(`DROP ${what}`));

  tokenStoreSuite(() => tokens);
  tableSuite(() => postgresEngine(pool));

  /** A pool whose sessions have these settings. */
  async function withSettings<T>(settings: Record<string, string>, use: (pool: pg.Pool) => Promise<T>) {
    const options = Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`)
      .join(" ");
    const other = new pg.Pool({ connectionString, options, max: 16 });
    return use(other).finally(() => other.end());
  }

  test("a Client does as well as a Pool", async () => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    const saved = record({ userId: uniqueName("client") });
    await postgresTokens(client, { table }).save(saved);
    await client.end();
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("the schema is an option, and a hostile one is a name", async () => {
    const [schema, ...tables] = [uniqueName('s"; DROP SCHEMA public; --'), 'a"b', "c"];
    const quoted = `"${schema?.replaceAll('"', '""')}"`;
    await pool.query(`CREATE SCHEMA ${quoted}`);
    onTestFinished(() => dropped(`SCHEMA ${quoted} CASCADE`));
    for (const each of tables) {
      const there = postgresTokens(pool, { schema, table: each });
      await Promise.all([there.createTable(), there.createTable()]);
      const saved = record();
      await there.save(saved);
      expect(await there.find(saved.tokenHash)).toEqual(saved);
      expect(await tokens.find(saved.tokenHash)).toBeUndefined();
    }
  });

  test("the statements of the schema make the table", async () => {
    const name = uniqueName('by;hand"');
    onTestFinished(() => dropped(`TABLE "${name.replaceAll('"', '""')}"`));
    await pool.query(postgresSchema({ table: name }));
    const made = postgresTokens(pool, { table: name });
    const saved = record();
    await made.save(saved);
    expect(await made.find(saved.tokenHash)).toEqual(saved);
  });

  describe("in any time zone", () => {
    test.each(["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"])("%s", (timezone) =>
      withSettings({ timezone }, (other) => keepsInstants(postgresTokens(other, { table }), tokens)),
    );
  });

  test.each([
    ["string", (text: string) => text],
    ["bigint", BigInt],
    ["number", Number],
  ])("where a 64-bit integer comes as a %s", async (_, parse) => {
    const other = new pg.Pool({
      connectionString,
      types: {
        getTypeParser: ((oid: number, format?: "text") =>
          oid === 20 ? parse : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
      },
    });
    const store = postgresTokens(other, { table });
    const saved = record({ userId: uniqueName("integers") });
    await store.save(saved);
    expect(await store.find(saved.tokenHash)).toEqual(saved);
    expect(await store.deleteExpired(new Date(0))).toBe(0);
    await other.end();
  });

  describe.each(["read committed", "repeatable read", "serializable"])("at %s", (level) => {
    const settings = { default_transaction_isolation: level };
    let conflicts = 0;

    test("saves, replaces and deletes as ever, though statements are given up", () =>
      withSettings(settings, async (other) => {
        const store = postgresTokens(
          {
            query: (text, params) =>
              other.query(text, params).catch((error) => {
                if (error.code === "40001") conflicts += 1;
                throw error;
              }),
          },
          { table },
        );
        for (let round = 0; round < 5; round++) {
          const userId = uniqueName("raced");
          const rivals = Array.from({ length: 16 }, () => record({ userId }));
          await Promise.all(rivals.map((rival) => store.save(rival)));
          const left = await Promise.all(rivals.map(({ tokenHash }) => tokens.find(tokenHash)));
          expect(left.filter(Boolean)).toHaveLength(1);
          await Promise.all([store.deleteByUser(userId), store.deleteByUser(userId)]);
        }
        // The control: without such conflicts this test would show nothing.
        expect(conflicts > 0).toBe(level !== "read committed");
      }));
  });
});

describe("postgresTokens", () => {
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a URL", "postgres://localhost/test"],
    ["a pool of mysql2", { execute: () => {} }],
  ])("refuses %s, and says what it takes", (_, db) => {
    expect(() => postgresTokens(db as never)).toThrow(WRONG_OPTIONS);
    expect(() => postgresTokens(db as never)).toThrow("takes a Pool or Client of pg");
  });

  const client = { query: async () => ({ rows: [] }) };
  test.each([
    ["an empty table name", { table: "" }, /name of 1 to 63 bytes/],
    ["a NUL", { table: "a\0b" }, /name of 1 to 63 bytes/],
    [
      "a name whose index Postgres would cut",
      { table: "x".repeat(53) },
      /1 to 63 bytes, which "x+_expires_at"/,
    ],
    ["so many bytes in fewer characters", { table: "é".repeat(27) }, /1 to 63 bytes/],
    ["a long schema", { schema: "x".repeat(64) }, /1 to 63 bytes/],
    ["a number", { table: 7 }, /which 7 is not/],
    ["an option that there is not", { tableName: "a" }, /no "tableName" among the options of postgresTokens/],
    ["no object", null, /is an object/],
  ])("refuses %s", (_, options, message) => {
    expect(() => postgresTokens(client, options as never)).toThrow(WRONG_OPTIONS);
    expect(() => postgresTokens(client, options as never)).toThrow(message);
    if (options && !("tableName" in options)) expect(() => postgresSchema(options as never)).toThrow(message);
  });

  test("52 bytes of name are as many as fit", () => {
    expect(postgresSchema({ table: "x".repeat(52) })).toContain(`"${"x".repeat(52)}_expires_at"`);
  });

  test.each([
    ["a forgotten column", { token_hash: "a", user_id: "42", fingerprint: "b" }],
    ["an array", ["a", "42", "b", "0"]],
    ["no number", { token_hash: "a", user_id: "42", fingerprint: "b", expires_at: "soon" }],
    ["a numeric id", { token_hash: "a", user_id: 42, fingerprint: "b", expires_at: "0" }],
  ])("a row with %s is an error, and no record", async (_, row) => {
    const store = postgresTokens({ query: async () => ({ rows: [row as never] }) });
    await expect(store.find("a")).rejects.toMatchObject({ name: "RelatchError", code: "ERR_TOKEN_STORE" });
  });

  test("what the driver throws comes through as it is, a thing that is no error too", async () => {
    for (const thrown of [new Error("down"), "down", null]) {
      const store = postgresTokens({ query: () => Promise.reject(thrown) });
      await expect(store.find("a")).rejects.toBe(thrown);
    }
  });

  test("a conflict that does not end is not repeated for ever", async () => {
    const failing = { query: () => Promise.reject(Object.assign(new Error("lost"), { code: "40001" })) };
    await expect(postgresTokens(failing).save(record())).rejects.toThrow("lost");
  });
});
