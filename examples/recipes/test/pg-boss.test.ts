import pg from "pg";
import PgBoss from "pg-boss";
import { describe, expect, test } from "vitest";
import { pgBossDispatcher, pgBossWorker, RETRIES } from "../queues/pg-boss.ts";
import { queueSuite } from "./queue-suite.ts";
import { hasPostgres, POSTGRES_URL, uniqueName } from "./servers.ts";

describe.skipIf(!(await hasPostgres()))("pg-boss", () => {
  test("the attempts of the pg-boss recipe span at least 15 minutes, whatever the jitter", async () => {
    const [schema, queue] = [uniqueName(), "password-reset"];
    const client = new pg.Client({ connectionString: POSTGRES_URL });
    await client.connect();
    const boss = new PgBoss({ connectionString: POSTGRES_URL, schema, max: 1, supervise: false });
    await boss.start();
    await boss.createQueue(queue);
    const id = (await boss.send(queue, {}, RETRIES)) ?? "";

    // The engine itself says how long it waits: between one and two times a power of two, by its jitter.
    let shortest = 0;
    for (let retry = 0; ; retry++) {
      expect(await boss.fetch(queue)).toHaveLength(1);
      await boss.fail(queue, id);
      const { rows } = await client.query<{ wait: number }>(
        `SELECT extract(epoch FROM start_after - now())::float AS wait FROM ${schema}.job WHERE state = 'retry'`,
      );
      if (!rows[0]) break;
      expect(rows[0].wait).toBeGreaterThan(2 ** retry - 0.5);
      shortest += 2 ** retry;
      await client.query(`UPDATE ${schema}.job SET start_after = now()`);
    }
    await boss.stop();
    await client.query(`DROP SCHEMA ${schema} CASCADE`);
    await client.end();
    expect(2 ** RETRIES.retryLimit - 1).toBe(shortest);
    expect(2 ** (RETRIES.retryLimit - 1) - 1, "control").toBeLessThan(15 * 60);
    expect(shortest).toBeGreaterThanOrEqual(15 * 60);
  });

  queueSuite(async () => {
    const schemas = Array.from({ length: 4 }, uniqueName);
    let inProcess = 0;
    const [schema = ""] = schemas;
    const client = new pg.Client({ connectionString: POSTGRES_URL });
    await client.connect();
    const boss = new PgBoss({ connectionString: POSTGRES_URL, schema, max: 1, supervise: false });
    await boss.start();
    await boss.createQueue("password-reset");

    /** Every row of every table of all schemas. */
    async function stored(): Promise<string> {
      const { rows: tables } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
          WHERE table_schema = ANY ($1)`,
        [schemas],
      );
      const texts: string[] = [];
      for (const { name } of tables) {
        const { rows } = await client.query(`SELECT t::text FROM ${name} t`);
        // Jobs are JSON in a row's text here: its quotes must not hide anything.
        texts.push(...rows.map(({ t }) => String(t).replaceAll("\\", "").replaceAll('""', '"')));
      }
      return texts.join("\n");
    }

    return {
      web: "queues/pg-boss-web.ts",
      worker: "queues/pg-boss-worker.ts",
      env: { QUEUE_URL: POSTGRES_URL, QUEUE_SCHEMA: schema, TAKE_OVER_SECONDS: "3" },
      dropsDuplicates: true,
      storesErrors: true,
      enqueue: (job, id) => boss.send("password-reset", job, { id, ...RETRIES, expireInSeconds: 3 }),
      async unfinished() {
        const { rows } = await client.query(
          `SELECT FROM ${schema}.job WHERE name = 'password-reset' AND state IN ('created', 'retry', 'active')`,
        );
        return rows.length;
      },
      stored,
      async inProcess(deliver) {
        const own = { connectionString: POSTGRES_URL, schema: schemas[++inProcess] };
        const worker = await pgBossWorker({ deliver: deliver as never }, own);
        const { dispatcher, boss } = await pgBossDispatcher(own);
        return {
          dispatcher,
          async close() {
            await Promise.all([worker.stop({ graceful: false }), boss.stop()]);
          },
        };
      },
      async close() {
        await boss.stop();
        for (const name of schemas) await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
        await client.end();
      },
    };
  });
});
