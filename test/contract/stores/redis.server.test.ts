import { Redis } from "ioredis";
import { type RedisCommand, redisTokens } from "relatch/redis";
import { afterAll, expect, test } from "vitest";
import { describeService, uniqueName } from "../../helpers/services.ts";
import { expectSameInstants } from "./instants.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

await describeService("redis", (url) => {
  const redis = new Redis(url);
  const prefix = `${uniqueName("relatch")}:`;
  const command: RedisCommand = ([name, ...args]) => redis.call(name, ...args);
  const tokens = redisTokens(command, { prefix });
  afterAll(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
    await redis.quit();
  });

  tokenStoreSuite(() => tokens, { expiresByItself: true });
  test("instants survive a change of the time zone", () => expectSameInstants(tokens, tokens));

  test("Redis removes a record ten minutes after its expiry, and the user's index later", async () => {
    const saved = record({ userId: "expiry", expiresAt: new Date(Date.now() + 3_600_000) });
    await tokens.save(saved);
    const tokenKey = `${prefix}t:${saved.tokenHash}`;
    expect(await redis.pexpiretime(tokenKey)).toBe(saved.expiresAt.getTime() + 600_000);
    expect(await redis.ttl(`${prefix}u:expiry`)).toBeGreaterThan(605_390);
    expect(await redis.ttl(`${prefix}u:expiry`)).toBeLessThanOrEqual(605_400);
    expect(JSON.parse((await redis.get(tokenKey)) ?? "")).toEqual({
      userId: "expiry",
      fingerprint: saved.fingerprint,
      expiresAt: saved.expiresAt.getTime(),
    });
  });

  test("save removes expired entries from the user's index, so that it stays short", async () => {
    for (let n = 0; n < 20; n++) {
      await tokens.save(record({ userId: "index", expiresAt: new Date(Date.now() - 1000 + n) }));
    }
    const saved = record({ userId: "index" });
    await tokens.save(saved);
    expect(await redis.zrange(`${prefix}u:index`, "0", "-1")).toEqual([saved.tokenHash]);
  });

  test("save leaves nothing behind for a record that expired long ago", async () => {
    const saved = record({ userId: "past", expiresAt: new Date(Date.UTC(2001, 0, 1)) });
    await tokens.save(saved);
    expect(await tokens.find(saved.tokenHash)).toBeUndefined();
    expect(await redis.exists(`${prefix}t:${saved.tokenHash}`, `${prefix}u:past`)).toBe(0);
  });

  test("stores with different prefixes are separate", async () => {
    const other = redisTokens(command, { prefix: `${prefix}other:` });
    const saved = record({ userId: "prefix" });
    await tokens.save(saved);
    expect(await other.find(saved.tokenHash)).toBeUndefined();
    await other.deleteByUser("prefix");
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("redisTokens works with a driver that returns bytes and with a client that adds a key prefix", async () => {
    const prefixed = new Redis(url, { keyPrefix: prefix });
    const other = redisTokens(([name, ...args]) => prefixed.callBuffer(name, ...args), { prefix: "bytes:" });
    const saved = record({ userId: "é😀" });
    await other.save(saved);
    expect(await other.find(saved.tokenHash)).toEqual(saved);
    expect(await redis.exists(`${prefix}bytes:t:${saved.tokenHash}`)).toBe(1);
    await prefixed.quit();
  });

  test("find rejects if the key has another type", async () => {
    await redis.lpush(`${prefix}t:list`, "a");
    await expect(tokens.find("list")).rejects.toThrow("WRONGTYPE");
  });
});
