import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { RateLimiterMySQL, RateLimiterPostgres, RateLimiterRedis } from "rate-limiter-flexible";
import { type RateRule, TimeSpan } from "relatch";
import { type FlexibleLimiter, rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { rateLimiterContract } from "relatch/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { harness, MIKE } from "../../helpers/harness.ts";
import { describeService, uniqueName } from "../../helpers/services.ts";

// Runs the published contract of a rate limiter against databases that several processes share.

const tableName = uniqueName("relatch_limits");
const points = (rule: RateRule) => {
  const seconds = rule.window.seconds();
  return { keyPrefix: `${tableName}:${rule.max}:${seconds}`, points: rule.max, duration: Math.ceil(seconds) };
};

/** Tests the contract, and that two processes share their counts. */
function suite(create: (rule: RateRule) => FlexibleLimiter, { foldsCase = false } = {}): void {
  const cases = rateLimiterContract(() => rateLimiterFlexible(create));
  // A table that ignores case counts `A` and `a` as one key. The keys of relatch are all in lower case.
  for (const { name, run } of cases) if (!(foldsCase && name === "every key is counted separately")) test(name, run);

  test("two processes share the count of a client", async () => {
    const limits = () => ({
      rateLimiter: rateLimiterFlexible(create),
      client: { max: 5, window: new TimeSpan(60, "s") },
      address: false as const,
    });
    const processes = [harness({ limits: limits() }), harness({ limits: limits() })];
    const ip = `2001:db8:${Math.floor(Date.now() % 65_536).toString(16)}:${process.pid.toString(16)}::1`;
    const responses: boolean[] = [];
    for (let n = 0; n < 8; n++) {
      const passwordReset = processes[n % 2]?.passwordReset;
      responses.push((await passwordReset?.requestReset({ email: MIKE.email, ip }))?.ok === true);
    }
    expect(responses).toEqual([true, true, true, true, true, false, false, false]);
  });
}

/** Waits until a limiter has created its table. */
const ready = (create: (done: (error?: unknown) => void) => unknown) =>
  new Promise<void>((resolve, reject) => create((error) => (error ? reject(error) : resolve())));

await describeService("redis", (url) => {
  const storeClient = new Redis(url, { lazyConnect: true });
  afterAll(async () => {
    const keys = await storeClient.keys(`${tableName}:*`);
    if (keys.length > 0) await storeClient.del(...keys);
    storeClient.disconnect();
  });
  suite((rule) => new RateLimiterRedis({ storeClient, ...points(rule) }));
});

await describeService("postgres", (connectionString) => {
  const storeClient = new pg.Pool({ connectionString });
  const shared = { storeClient, tableName, storeType: "pool" };
  beforeAll(() => ready((done) => new RateLimiterPostgres({ ...shared, points: 1, duration: 1 }, done)));
  afterAll(async () => {
    await storeClient.query(`DROP TABLE IF EXISTS "${tableName}"`);
    await storeClient.end();
  });
  suite((rule) => new RateLimiterPostgres({ ...shared, tableCreated: true, ...points(rule) }));
});

await describeService("mysql", (uri) => {
  const storeClient = mysql.createPool(uri).pool;
  const dbName = new URL(uri).pathname.slice(1);
  const shared = { storeClient, dbName, tableName, storeType: "pool" };
  beforeAll(() => ready((done) => new RateLimiterMySQL({ ...shared, points: 1, duration: 1 }, done)));
  afterAll(async () => {
    await storeClient.promise().query(`DROP TABLE IF EXISTS \`${tableName}\``);
    await storeClient.promise().end();
  });
  suite((rule) => new RateLimiterMySQL({ ...shared, tableCreated: true, ...points(rule) }), { foldsCase: true });
});
