import pg from "pg";
import { postgresTokens, postgresTokensSql } from "relatch/postgres";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeService, uniqueName } from "../../helpers/services.ts";
import { expectSameInstants } from "./instants.ts";
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

  const drop = async (what: string) => void (await pool.query(`DROP ${what}`));

  tokenStoreSuite(() => tokens);
  tableSuite(() => postgresEngine(pool));

  /** Opens a pool whose sessions have these settings. */
  async function withSettings<T>(settings: Record<string, string>, use: (pool: pg.Pool) => Promise<T>) {
    const options = Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`)
      .join(" ");
    const other = new pg.Pool({ connectionString, options, max: 16 });
    return use(other).finally(() => other.end());
  }

  test("postgresTokens works with a Client as well as with a Pool", async () => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    const saved = record({ userId: uniqueName("client") });
    await postgresTokens(client, { table }).save(saved);
    await client.end();
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("the schema option is quoted, so a hostile name is only a name", async () => {
    const [schema, ...tables] = [uniqueName('s"; DROP SCHEMA public; --'), 'a"b', "c"];
    const quoted = `"${schema?.replaceAll('"', '""')}"`;
    await pool.query(`CREATE SCHEMA ${quoted}`);
    onTestFinished(() => drop(`SCHEMA ${quoted} CASCADE`));
    for (const each of tables) {
      const there = postgresTokens(pool, { schema, table: each });
      await Promise.all([there.createTable(), there.createTable()]);
      const saved = record();
      await there.save(saved);
      expect(await there.find(saved.tokenHash)).toEqual(saved);
      expect(await tokens.find(saved.tokenHash)).toBeUndefined();
    }
  });

  test("the statements of postgresTokensSql create the table", async () => {
    const name = uniqueName('by;hand"');
    onTestFinished(() => drop(`TABLE "${name.replaceAll('"', '""')}"`));
    await pool.query(postgresTokensSql({ table: name }));
    const made = postgresTokens(pool, { table: name });
    const saved = record();
    await made.save(saved);
    expect(await made.find(saved.tokenHash)).toEqual(saved);
  });

  test.each(["UTC", "America/St_Johns", "Pacific/Apia"])("instants survive a session in the time zone %s", (timezone) =>
    withSettings({ timezone }, (other) => expectSameInstants(postgresTokens(other, { table }), tokens)),
  );

  test.each([
    ["string", (text: string) => text],
    ["bigint", BigInt],
    ["number", Number],
  ])("find returns the same record if the driver parses 64-bit integers as a %s", async (_, parse) => {
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

  test.each(["read committed", "repeatable read", "serializable"])(
    "concurrent saves for one user are all kept at %s, because no statement touches the row of another",
    (level) =>
      withSettings({ default_transaction_isolation: level }, async (other) => {
        const store = postgresTokens(other, { table });
        for (let round = 0; round < 5; round++) {
          const userId = uniqueName("raced");
          const rivals = Array.from({ length: 16 }, () => record({ userId }));
          await Promise.all(rivals.map((rival) => store.save(rival)));
          const left = await Promise.all(rivals.map(({ tokenHash }) => tokens.find(tokenHash)));
          expect(left.filter(Boolean)).toHaveLength(16);
          await store.deleteByUser(userId);
        }
      }),
  );
});
