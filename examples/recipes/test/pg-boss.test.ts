import pg from "pg";
import PgBoss from "pg-boss";
import { describe } from "vitest";
import { pgBossDispatcher, pgBossWorker } from "../queues/pg-boss.ts";
import { queueSuite } from "./queue-suite.ts";
import { POSTGRES_URL, postgresAnswers, uniqueName } from "./servers.ts";

describe.skipIf(!(await postgresAnswers()))("pg-boss", () => {
  queueSuite(async () => {
    const schemas = [uniqueName(), uniqueName(), uniqueName()] as const;
    let inProcess = 0;
    const [schema] = schemas;
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
      enqueue: (job, id) =>
        boss.send("password-reset", job, {
          id,
          retryLimit: 8,
          retryDelay: 1,
          retryBackoff: true,
          expireInSeconds: 3,
        }),
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
