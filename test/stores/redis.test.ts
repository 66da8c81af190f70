import { Redis } from "ioredis";
import { type RedisCommand, redisTokens } from "relatch/redis";
import { afterAll, describe, expect, expectTypeOf, test } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { describeService, uniqueName } from "../services.ts";
import { keepsInstants } from "./instants.ts";
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
  test("keeps instants in any time zone", () => keepsInstants(tokens, tokens));

  test("the engine removes both keys ten minutes after the token has expired", async () => {
    const saved = record({ userId: "expiry" });
    await tokens.save(saved);
    const due = saved.expiresAt.getTime() + 10 * 60 * 1000;
    const keys = [`${prefix}t:${saved.tokenHash}`, `${prefix}u:expiry`];
    expect(await Promise.all(keys.map((key) => redis.pexpiretime(key)))).toEqual([due, due]);
    expect(JSON.parse((await redis.get(keys[0]!)) ?? "")).toEqual({
      userId: "expiry",
      fingerprint: saved.fingerprint,
      expiresAt: saved.expiresAt.getTime(),
    });
  });

  test("of a record that is long expired nothing stays", async () => {
    const saved = record({ userId: "past", expiresAt: new Date(Date.UTC(2001, 0, 1)) });
    await tokens.save(saved);
    expect(await tokens.find(saved.tokenHash)).toBeUndefined();
    expect(await redis.exists(`${prefix}t:${saved.tokenHash}`, `${prefix}u:past`)).toBe(0);
  });

  test("two prefixes are two stores", async () => {
    const other = redisTokens(command, { prefix: `${prefix}other:` });
    const saved = record({ userId: "prefix" });
    await tokens.save(saved);
    expect(await other.find(saved.tokenHash)).toBeUndefined();
    await other.deleteByUser("prefix");
    expect(await tokens.find(saved.tokenHash)).toEqual(saved);
  });

  test("a driver that answers bytes, and a client with a key prefix of its own", async () => {
    const prefixed = new Redis(url, { keyPrefix: prefix });
    const other = redisTokens(([name, ...args]) => prefixed.callBuffer(name, ...args), { prefix: "bytes:" });
    const saved = record({ userId: "é😀" });
    await other.save(saved);
    expect(await other.find(saved.tokenHash)).toEqual(saved);
    expect(await redis.exists(`${prefix}bytes:t:${saved.tokenHash}`)).toBe(1);
    await prefixed.quit();
  });

  test("a key that holds something else is an error", async () => {
    await redis.lpush(`${prefix}t:list`, "a");
    await expect(tokens.find("list")).rejects.toThrow("WRONGTYPE");
  });
});

describe("redisTokens", () => {
  tokenStoreSuite(() => inMemory, { expiresByItself: true });
  const { command, keys, sent } = fakeRedis();
  const inMemory = redisTokens(command);

  test("each command has one key, so that a cluster knows where to send it; two at most are sent", async () => {
    const saved = record({ userId: "counted" });
    const commandsOf = async (work: () => Promise<unknown>) => {
      sent.length = 0;
      await work();
      return sent.map(([name, key]) => `${name} ${key}`);
    };
    const [tokenKey, userKey] = [`relatch:t:${saved.tokenHash}`, "relatch:u:counted"];
    expect(await commandsOf(() => inMemory.save(saved))).toEqual([`SET ${tokenKey}`, `SET ${userKey}`]);
    expect(await commandsOf(() => inMemory.find(saved.tokenHash))).toEqual([
      `GET ${tokenKey}`,
      `GET ${userKey}`,
    ]);
    expect(await commandsOf(() => inMemory.find("unknown"))).toEqual(["GET relatch:t:unknown"]);
    expect(await commandsOf(() => inMemory.deleteByUser("counted"))).toEqual([`DEL ${userKey}`]);
    expect(await commandsOf(() => inMemory.deleteExpired(new Date()))).toEqual([]);
  });

  test("both commands of a save are on their way before either is answered", async () => {
    const waiting: (() => void)[] = [];
    const held = redisTokens((args) => new Promise((answer) => waiting.push(() => answer(args))));
    const work = held.save(record());
    expect(waiting).toHaveLength(2);
    for (const answer of waiting) answer();
    await work;
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["a number", "1"],
    ["an array", "[]"],
    ["no id", '{"fingerprint":"f","expiresAt":1}'],
    ["a numeric id", '{"userId":42,"fingerprint":"f","expiresAt":1}'],
    ["no fingerprint", '{"userId":"42","expiresAt":1}'],
    ["no expiry", '{"userId":"42","fingerprint":"f"}'],
    ["an expiry that is no time", '{"userId":"42","fingerprint":"f","expiresAt":"soon"}'],
    ["an expiry that no Date can hold", '{"userId":"42","fingerprint":"f","expiresAt":1e300}'],
    ["a prototype", '{"__proto__":{"userId":"42","fingerprint":"f","expiresAt":1}}'],
  ])("a value with %s is an error, and no record", async (_, value) => {
    keys.set("relatch:t:damaged", value);
    keys.set("relatch:u:42", "damaged");
    await expect(inMemory.find("damaged")).rejects.toMatchObject({
      name: "RelatchError",
      code: "ERR_TOKEN_STORE",
    });
  });

  test("a token whose user's key is gone or says another is dead", async () => {
    const saved = record({ userId: "half" });
    await inMemory.save(saved);
    keys.set("relatch:u:half", "another");
    expect(await inMemory.find(saved.tokenHash)).toBeUndefined();
    keys.delete("relatch:u:half");
    expect(await inMemory.find(saved.tokenHash)).toBeUndefined();
  });

  test("a save whose first or second command fails, fails, and leaves no second live link", async () => {
    for (const failing of ["t:", "u:"]) {
      const before = record({ userId: "torn" });
      await inMemory.save(before);
      const torn = redisTokens((args) =>
        args[1].startsWith(`relatch:${failing}`) ? Promise.reject(new Error("down")) : command(args),
      );
      const next = record({ userId: "torn" });
      await expect(torn.save(next)).rejects.toThrow("down");
      expect(await inMemory.find(next.tokenHash)).toBeUndefined();
    }
  });

  test.each([undefined, null, "redis://localhost", new Redis({ lazyConnect: true })])(
    "refuses what is no function, and says what to write",
    (client) => {
      expect(() => redisTokens(client as never)).toThrow(WRONG_OPTIONS);
      expect(() => redisTokens(client as never)).toThrow("client.sendCommand(args)");
    },
  );

  test.each([{ keyPrefix: "a:" }, { prefix: 7 }, { prefix: null }])("refuses %j", (options) => {
    expect(() => redisTokens(command, options as never)).toThrow(WRONG_OPTIONS);
  });

  test("the lines for other clients fit their types", () => {
    // As node-redis declares them, versions 4 and 5.
    type Argument = string | Buffer;
    interface Client {
      sendCommand(args: readonly Argument[], options?: object): Promise<unknown>;
    }
    interface Cluster {
      sendCommand(
        firstKey: Argument | undefined,
        isReadonly: boolean | undefined,
        args: Argument[],
        options?: object,
      ): Promise<unknown>;
    }
    const one =
      (client: Client): RedisCommand =>
      (args) =>
        client.sendCommand(args);
    const many =
      (cluster: Cluster): RedisCommand =>
      (args) =>
        cluster.sendCommand(args[1], false, args);
    expectTypeOf(one).returns.toEqualTypeOf<RedisCommand>();
    expectTypeOf(many).returns.toEqualTypeOf<RedisCommand>();
  });
});

/** As much of Redis as the store uses. */
function fakeRedis() {
  const keys = new Map<string, string>();
  const sent: string[][] = [];
  const command: RedisCommand = async (args) => {
    sent.push(args);
    const [name, key, value] = args;
    if (name === "GET") return keys.get(key) ?? null;
    if (name === "DEL") return Number(keys.delete(key));
    expect([name, args[3], Number(args[4]) > 0]).toEqual(["SET", "PXAT", true]);
    keys.set(key, value ?? "");
    return "OK";
  };
  return { keys, sent, command };
}
