import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { describe, test } from "vitest";

// Finds the servers that some tests need. If a server is missing, its tests are skipped with one line of explanation, or
// fail with RELATCH_REQUIRE=all. Every suite uses unique names and removes them, so that two runs do not collide.

export type Service = "postgres" | "mysql" | "redis";

const { env } = process;

/** The URL of each server, from its variable or on this machine. */
const urls: Record<Service, string> = {
  postgres: env["RELATCH_TEST_POSTGRES"] ?? fromPgVariables(),
  mysql: env["RELATCH_TEST_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test",
  redis: env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379",
};

/** Builds a URL from the variables that psql reads. A PGHOST that is a path is a socket. */
function fromPgVariables(): string {
  const { PGHOST = "127.0.0.1", PGPORT = "5432", PGUSER = "postgres", PGPASSWORD = "", PGDATABASE = "test" } = env;
  const user = [PGUSER, ...(PGPASSWORD ? [PGPASSWORD] : [])].map(encodeURIComponent).join(":");
  const [host, query] = PGHOST.startsWith("/") ? ["", `?host=${encodeURIComponent(PGHOST)}`] : [PGHOST, ""];
  return `postgres://${user}@${host}:${PGPORT}/${encodeURIComponent(PGDATABASE)}${query}`;
}

const TIMEOUT = 3000;

/** Connect and send one command. */
const greetings: Record<Service, (url: string) => Promise<unknown>> = {
  async postgres(connectionString) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT });
    client.on("error", () => {});
    await client.connect();
    await client.query("SELECT 1").finally(() => client.end());
  },
  async mysql(uri) {
    const connection = await mysql.createConnection({ uri, connectTimeout: TIMEOUT });
    await connection.query("SELECT 1").finally(() => connection.end());
  },
  async redis(url) {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, connectTimeout: TIMEOUT });
    // `connect` itself rejects only with "Connection is closed".
    const refusal = new Promise((_, reject) => redis.once("error", reject));
    await Promise.race([redis.connect().then(() => redis.ping()), refusal]).finally(() => redis.disconnect());
  },
};

/**
 * Defines suites that need a server and passes its URL. Awaited at the top of a test file:
 *
 *     await describeService("postgres", (url) => { … });
 */
export async function describeService(service: Service, define: (url: string) => void): Promise<void> {
  const url = urls[service];
  const missing = await greetings[service](url).then(
    () => undefined,
    (error: { code?: string; message?: string }) =>
      `No ${service} responds at ${new URL(url).host || url} (${error.code || error.message}).`,
  );
  describeUnless(missing, `on a ${service} server`, () => define(url));
}

/**
 * Defines suites that are skipped if something is missing. With `optional`, RELATCH_REQUIRE=all does not require it
 * either, for example a version of Node.js.
 */
export function describeUnless(
  missing: string | undefined,
  title: string,
  define: () => void,
  { optional = false } = {},
): void {
  if (missing === undefined) {
    describe(title, define);
  } else if (env["RELATCH_REQUIRE"] === "all" && !optional) {
    test(title, () => {
      throw new Error(`${missing} RELATCH_REQUIRE=all requires it.`);
    });
  } else {
    process.stderr.write(`skipped "${title}": ${missing}\n`);
    test.skip(`${title}: ${missing}`, () => {});
  }
}

/** Returns a name that no other run uses. */
export const uniqueName = (stem: string): string => `${stem}_${randomBytes(6).toString("hex")}`;
