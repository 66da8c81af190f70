import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { describe, test } from "vitest";

// The servers that some tests run against. Without one its tests are skipped, with one line that says so; with
// RELATCH_REQUIRE=all they fail. A suite makes names of its own and removes them again, so that nothing is left and
// two runs at once do not meet.

export type Service = "postgres" | "mysql" | "redis";

const { env } = process;

/** Where each is: from its variable, or on this machine. */
const urls: Record<Service, string> = {
  postgres: env["RELATCH_TEST_POSTGRES"] ?? fromPgVariables(),
  mysql: env["RELATCH_TEST_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test",
  redis: env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379",
};

/** The variables that psql reads. A PGHOST that is a path is a socket. */
function fromPgVariables(): string {
  const {
    PGHOST = "127.0.0.1",
    PGPORT = "5432",
    PGUSER = "postgres",
    PGPASSWORD = "",
    PGDATABASE = "test",
  } = env;
  const user = [PGUSER, ...(PGPASSWORD ? [PGPASSWORD] : [])].map(encodeURIComponent).join(":");
  const [host, query] = PGHOST.startsWith("/") ? ["", `?host=${encodeURIComponent(PGHOST)}`] : [PGHOST, ""];
  return `postgres://${user}@${host}:${PGPORT}/${encodeURIComponent(PGDATABASE)}${query}`;
}

const TIMEOUT = 3000;

/** Log in and ask something. */
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
    // What `connect` rejects with is only that the connection is closed.
    const refusal = new Promise((_, reject) => redis.once("error", reject));
    await Promise.race([redis.connect().then(() => redis.ping()), refusal]).finally(() => redis.disconnect());
  },
};

/**
 * Suites that need a server; they get its URL. Awaited at the top of a test file:
 *
 *     await describeService("postgres", (url) => { … });
 */
export async function describeService(service: Service, define: (url: string) => void): Promise<void> {
  const url = urls[service];
  const missing = await greetings[service](url).then(
    () => undefined,
    (error: { code?: string; message?: string }) =>
      `no ${service} at ${new URL(url).host || url} (${error.code || error.message})`,
  );
  describeUnless(missing, `on a ${service} server`, () => define(url));
}

/**
 * Suites that need something of the machine, with what is missing of it. `optional` is what no machine has to have,
 * a version of Node or a package: then RELATCH_REQUIRE=all does not ask for it either.
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
      throw new Error(`${missing}, and RELATCH_REQUIRE=all`);
    });
  } else {
    process.stderr.write(`skipped "${title}": ${missing}\n`);
    test.skip(`${title}: ${missing}`, () => {});
  }
}

/** A name that no other run has. */
export const uniqueName = (stem: string): string => `${stem}_${randomBytes(6).toString("hex")}`;
