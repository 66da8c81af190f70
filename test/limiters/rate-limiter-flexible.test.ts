import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { RateLimiterMySQL, RateLimiterPostgres, RateLimiterRedis } from "rate-limiter-flexible";
import type { RateRule } from "relatch";
import { type FlexibleLimiter, rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { rateLimiterContract } from "relatch/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { harness, MIKE } from "../harness.ts";
import { describeService, uniqueName } from "../services.ts";

// The limits on the engines that several processes share, by the same suite as the one in memory.

const tableName = uniqueName("relatch_limits");
const prefix = (rule: RateRule) => `${tableName}:${rule.max}:${rule.windowSeconds}`;
const points = (rule: RateRule) => ({
  keyPrefix: prefix(rule),
  points: rule.max,
  duration: rule.windowSeconds,
});

/** The contract, and that two processes count into one another. */
function suite(create: (rule: RateRule) => FlexibleLimiter, { foldsCase = false } = {}): void {
  const cases = rateLimiterContract(() => rateLimiterFlexible(create), { exactRefunds: true });
  // Where the table folds the case of its keys, `A` and `a` count as one. Ours are all in lower case.
  for (const { name, run } of cases) if (!(foldsCase && name === "counts keys apart")) test(name, run);

  test("two processes share their counts", async () => {
    const limits = () => ({
      rateLimiter: rateLimiterFlexible(create),
      client: { max: 5, windowSeconds: 60 },
      address: false as const,
    });
    const processes = [harness({ limits: limits() }), harness({ limits: limits() })];
    const ip = `2001:db8:${Math.floor(Date.now() % 65_536).toString(16)}:${process.pid.toString(16)}::1`;
    const answers: boolean[] = [];
    for (let n = 0; n < 8; n++) {
      const passwordReset = processes[n % 2]?.passwordReset;
      answers.push((await passwordReset?.requestReset({ email: MIKE.email, ip }))?.ok === true);
    }
    expect(answers).toEqual([true, true, true, true, true, false, false, false]);
  });
}

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
  beforeAll(async () => {
    await new Promise<void>((resolve, reject) => {
      const ready = (error?: unknown) => (error ? reject(error) : resolve());
      new RateLimiterPostgres({ storeClient, tableName, storeType: "pool", points: 1, duration: 1 }, ready);
    });
  });
  afterAll(async () => {
    await storeClient.query(`DROP TABLE IF EXISTS "${tableName}"`);
    await storeClient.end();
  });
  suite(
    (rule) =>
      new RateLimiterPostgres({
        storeClient,
        tableName,
        tableCreated: true,
        storeType: "pool",
        ...points(rule),
      }),
  );
});

await describeService("mysql", (uri) => {
  const storeClient = mysql.createPool(uri).pool;
  const dbName = new URL(uri).pathname.slice(1);
  beforeAll(async () => {
    await new Promise<void>((resolve, reject) => {
      const ready = (error?: unknown) => (error ? reject(error) : resolve());
      new RateLimiterMySQL(
        { storeClient, dbName, tableName, storeType: "pool", points: 1, duration: 1 },
        ready,
      );
    });
  });
  afterAll(async () => {
    await storeClient.promise().query(`DROP TABLE IF EXISTS \`${tableName}\``);
    await storeClient.promise().end();
  });
  suite(
    (rule) =>
      new RateLimiterMySQL({
        storeClient,
        dbName,
        tableName,
        tableCreated: true,
        storeType: "pool",
        ...points(rule),
      }),
    { foldsCase: true },
  );
});
