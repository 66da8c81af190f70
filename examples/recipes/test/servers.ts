import { randomBytes } from "node:crypto";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";

// The servers that the tests need, with a separate place on each.

export const POSTGRES_URL = process.env["RELATCH_TEST_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";
export const MYSQL_URL = process.env["RELATCH_TEST_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test";
export const REDIS_URL = process.env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379";
export const RABBITMQ_URL = process.env["RELATCH_TEST_RABBITMQ"] ?? "amqp://guest:guest@127.0.0.1:5672";

/** A name that no other run has. */
export const uniqueName = () => `recipes_${randomBytes(6).toString("hex")}`;

/**
 * Reports whether a server responds. If it does not, says so in one line, for `describe.skipIf`; with RELATCH_REQUIRE=all it throws.
 */
async function isThere(name: string, ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const problem = `${name} does not respond (${code || message})`;
    if (process.env["RELATCH_REQUIRE"] === "all") throw new Error(`${problem}, and RELATCH_REQUIRE is "all".`);
    console.warn(`${problem}: its tests are skipped.`);
    return false;
  }
}

export const hasPostgres = () =>
  isThere("PostgreSQL", async () => {
    const client = new pg.Client({ connectionString: POSTGRES_URL, connectionTimeoutMillis: 3000 });
    await client.connect();
    await client.end();
  });

export const hasMysql = () =>
  isThere("MySQL", async () => {
    const connection = await mysql.createConnection({ uri: MYSQL_URL, connectTimeout: 3000 });
    await connection.end();
  });

export const hasRedis = () =>
  isThere("Redis", async () => {
    const redis = new Redis(REDIS_URL, { lazyConnect: true, retryStrategy: () => null });
    const failed = new Promise<never>((_, reject) => {
      redis.on("error", reject);
    });
    await Promise.race([redis.connect().catch(() => failed), failed]);
    await redis.quit();
  });

export const hasRabbitmq = () =>
  isThere("RabbitMQ", async () => {
    const connection = await connect(RABBITMQ_URL, { timeout: 3000 });
    await connection.close();
  });

/** A schema of this run's own, with the application's tables in it. */
export async function postgresSchema(...tables: string[]) {
  const schema = uniqueName();
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
  for (const table of tables) await client.query(table);
  return {
    schema,
    client,
    /** A connection string that lands in the schema, at this isolation level. */
    url(isolation: Isolation = "read committed"): string {
      const url = new URL(POSTGRES_URL);
      const level = isolation.replace(" ", "\\ ");
      url.searchParams.set("options", `-c search_path=${schema} -c default_transaction_isolation=${level}`);
      return url.href;
    },
    /** How many statements of this schema's connections wait for a lock of `client`'s. */
    async waiting(): Promise<number> {
      const { rows } = await client.query<{ pid: number }>(
        "SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))",
      );
      return rows.length;
    },
    async drop() {
      await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
    },
  };
}

export type Isolation = "read committed" | "repeatable read" | "serializable";
