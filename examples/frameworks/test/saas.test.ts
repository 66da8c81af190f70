import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import { memoryHasher, memoryMailer } from "relatch/memory";
import { mysqlTokens } from "relatch/mysql";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createReset } from "../saas/reset.ts";
import { createWeb } from "../saas/web.ts";
import { createWorker } from "../saas/worker.ts";
import { Browser, locationOf, PASSWORD, readField } from "./application.ts";

const MYSQL_URL = process.env["RELATCH_TEST_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test";
const REDIS_URL = process.env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379";

/** Reports whether a server responds. If it does not, says so in one line; with RELATCH_REQUIRE=all it throws. */
async function responds(name: string, ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    if (process.env["RELATCH_REQUIRE"] === "all") throw new Error(`${name} does not respond.`);
    console.warn(`${name} does not respond: the tests of several brands are skipped.`);
    return false;
  }
}

const areThere =
  (await responds("MySQL", async () => {
    const connection = await mysql.createConnection({ uri: MYSQL_URL, connectTimeout: 3000 });
    await connection.end();
  })) &&
  (await responds("Redis", async () => {
    const redis = new Redis(REDIS_URL, { lazyConnect: true, retryStrategy: () => null });
    redis.on("error", () => {});
    await redis.connect();
    await redis.quit();
  }));

describe.skipIf(!areThere)("Several brands, with Drizzle on MySQL and BullMQ", () => {
  const name = `frameworks_${randomBytes(6).toString("hex")}`;
  const mailer = memoryMailer();
  const hasher = memoryHasher();
  const redis = { url: REDIS_URL };
  let pool: mysql.Pool;
  let web: ReturnType<typeof createWeb>;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    vi.spyOn(console, "log").mockReturnValue();
    const admin = await mysql.createConnection(MYSQL_URL);
    await admin.query(`CREATE DATABASE ${name}`);
    closing.unshift(() => admin.query(`DROP DATABASE ${name}`).then(() => admin.end()));
    const url = new URL(MYSQL_URL);
    url.pathname = `/${name}`;
    pool = mysql.createPool(url.href);
    closing.unshift(() => pool.end());
    await pool.query(`CREATE TABLE users (
      id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, brand VARCHAR(16) NOT NULL, email VARBINARY(254) NOT NULL,
      canonical_email VARBINARY(254) NOT NULL, name VARCHAR(100), password_hash VARBINARY(255),
      active BOOLEAN NOT NULL DEFAULT TRUE, UNIQUE (brand, canonical_email))`);
    await pool.query(`CREATE TABLE refresh_tokens (
      user_id BIGINT UNSIGNED NOT NULL, stamp VARCHAR(43) NOT NULL, PRIMARY KEY (user_id, stamp))`);
    await mysqlTokens(pool).createTable();
    // The same person with both brands.
    for (const brand of ["nord", "sued"]) {
      const values = [brand, "mike@example.org", "mike@example.org", "Mike", "old-hash"];
      await pool.query(
        "INSERT INTO users (brand, email, canonical_email, name, password_hash) VALUES (?, ?, ?, ?, ?)",
        values,
      );
    }
    await pool.query("INSERT INTO refresh_tokens SELECT id, 'old' FROM users");

    const key = new Uint8Array(randomBytes(32));
    const services = { pool, redis, mailer, hasher, key, prefix: name };
    const [front, back] = [createReset(services), createReset(services)];
    web = createWeb(front);
    const worker = createWorker(back, { redis, prefix: name });
    closing.unshift(() => worker.close(), front.close, back.close);
  });

  afterAll(async () => {
    for (const close of closing) await close();
    const client = new Redis(REDIS_URL);
    const keys = await client.keys(`${name}:*`);
    if (keys.length > 0) await client.del(keys);
    await client.quit();
  });

  const readUsers = async () => {
    const [rows] = await pool.query(
      "SELECT brand, CAST(password_hash AS CHAR) AS hash, (SELECT count(*) FROM refresh_tokens WHERE user_id = id) AS tokens FROM users ORDER BY brand",
    );
    return rows as { brand: string; hash: string; tokens: number }[];
  };

  test("a reset with one brand changes nothing with the other", async () => {
    const person = (host: string) =>
      new Browser(async (request) => {
        request.headers.set("Host", host);
        request.headers.set("X-Real-IP", "192.0.2.1");
        return web.fetch(request);
      }, `https://${host}`);
    const nord = person("nord.example");
    expect((await nord.submit("/password_reset", { email: "mike@example.org" })).status).toBe(200);
    await vi.waitFor(() => expect(mailer.sent).toHaveLength(1), 20_000);
    expect(mailer.sent[0]?.subject).toContain("Nord");
    const link = new URL(mailer.lastLink("mike@example.org") ?? "");
    expect(link.host).toBe("nord.example");

    expect(locationOf(await person("sued.example").get(link.pathname))).toContain("notice=");
    expect((await person("other.example").get(link.pathname)).status).toBe(404);
    const form = await nord.follow(await nord.get(link.pathname));
    const handle = readField(await form.text(), "handle");
    const passwords = { handle, password: PASSWORD, password_confirmation: PASSWORD };
    expect(locationOf(await nord.submit("/password_reset/new_password", passwords))).toBe("/login?notice=password_set");
    await vi.waitFor(() => expect(mailer.sent).toHaveLength(2), 20_000);

    const [changed, same] = await readUsers();
    expect(await hasher.verify(changed?.hash ?? "", PASSWORD)).toBe(true);
    expect([changed?.tokens, same?.hash, same?.tokens]).toEqual([0, "old-hash", 1]);
  });
});
