import { type RedisCommand, redisTokens } from "relatch/redis";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

describe("redisTokens", () => {
  tokenStoreSuite(() => inMemory, { expiresByItself: true });
  const { command, keys, sent } = fakeRedis();
  const inMemory = redisTokens(command);

  test("each operation sends the expected commands, and each command has one key, as a cluster needs", async () => {
    const [first, second] = [record({ userId: "counted" }), record({ userId: "counted" })];
    const commandsOf = async (work: () => Promise<unknown>) => {
      sent.length = 0;
      await work();
      return sent.map(([name, key]) => `${name} ${key}`);
    };
    const [tokenKey, userKey] = [`relatch:t:${first.tokenHash}`, "relatch:u:counted"];
    expect(await commandsOf(() => inMemory.save(first))).toEqual([
      `ZADD ${userKey}`,
      `ZREMRANGEBYSCORE ${userKey}`,
      `EXPIRE ${userKey}`,
      `SET ${tokenKey}`,
    ]);
    const expiry = first.expiresAt.getTime();
    expect(sent[0]?.slice(2)).toEqual([`${expiry}`, first.tokenHash]);
    expect(sent[1]?.slice(2, 3)).toEqual(["-inf"]);
    expect(Math.abs(Number(sent[1]?.[3]) - Date.now())).toBeLessThan(1000);
    expect(sent[2]?.slice(2)).toEqual(["605400"]);
    expect(sent[3]?.slice(3)).toEqual(["PXAT", `${expiry + 600_000}`]);

    await inMemory.save(second);
    expect(await commandsOf(() => inMemory.find(first.tokenHash))).toEqual([`GET ${tokenKey}`]);
    expect(await commandsOf(() => inMemory.deleteByUser("counted"))).toEqual([
      `ZRANGE ${userKey}`,
      ...[first, second].map(({ tokenHash }) => `DEL relatch:t:${tokenHash}`).toSorted(),
    ]);
    expect(await commandsOf(() => inMemory.deleteExpired(new Date()))).toEqual([]);
  });

  test("save adds to the user's index before anything else is sent", async () => {
    const waiting: (() => void)[] = [];
    const held = redisTokens((args) => new Promise((resolve) => waiting.push(() => resolve(args))));
    const work = held.save(record());
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    await vi.waitFor(() => expect(waiting).toHaveLength(4));
    for (const resolve of waiting) resolve();
    await work;
  });

  test.each([
    ["an empty string", ""],
    ["invalid JSON", "{"],
    ["null", "null"],
    ["a number", "1"],
    ["an array", "[]"],
    ["no id", '{"fingerprint":"f","expiresAt":1}'],
    ["a numeric id", '{"userId":42,"fingerprint":"f","expiresAt":1}'],
    ["no fingerprint", '{"userId":"42","expiresAt":1}'],
    ["no expiry", '{"userId":"42","fingerprint":"f"}'],
    ["an expiry that is not a number", '{"userId":"42","fingerprint":"f","expiresAt":"soon"}'],
    ["an expiry that no Date can hold", '{"userId":"42","fingerprint":"f","expiresAt":1e300}'],
    ["a prototype", '{"__proto__":{"userId":"42","fingerprint":"f","expiresAt":1}}'],
  ])("find rejects a stored value with %s", async (_, value) => {
    keys.set("relatch:t:damaged", value);
    await expect(inMemory.find("damaged")).rejects.toMatchObject({ name: "RelatchError", code: "ERR_TOKEN_STORE" });
  });

  test("save rejects if a command fails, and never leaves a link that deleteByUser does not find", async () => {
    for (const failing of ["ZADD", "ZREMRANGEBYSCORE", "EXPIRE", "SET"]) {
      const torn = redisTokens((args) => (args[0] === failing ? Promise.reject(new Error("down")) : command(args)));
      const saved = record({ userId: "torn" });
      await expect(torn.save(saved)).rejects.toThrow("down");
      await inMemory.deleteByUser("torn");
      expect(await inMemory.find(saved.tokenHash)).toBeUndefined();
    }
  });

  test("the documented lines for node-redis match its types", () => {
    // As node-redis 4 and 5 declare them.
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

/** Implements the commands of Redis that the store uses. */
function fakeRedis() {
  const keys = new Map<string, string>();
  const indexes = new Map<string, Map<string, number>>();
  const sent: string[][] = [];
  const run: Record<string, (key: string, ...args: string[]) => unknown> = {
    GET: (key) => keys.get(key) ?? null,
    SET: (key, value = "") => void keys.set(key, value),
    DEL: (key) => keys.delete(key),
    ZADD: (key, score, member = "") =>
      indexes.set(key, new Map([...(indexes.get(key) ?? []), [member, Number(score)]])),
    ZRANGE: (key) => [...(indexes.get(key)?.keys() ?? [])].toSorted(),
    ZREMRANGEBYSCORE(key, _min, max) {
      const index = indexes.get(key);
      for (const [member, score] of index ?? []) if (score <= Number(max)) index?.delete(member);
    },
    EXPIRE: () => 1,
  };
  const command: RedisCommand = async (args) => {
    sent.push(args);
    const [name, key, ...rest] = args;
    return run[name]?.(key, ...rest);
  };
  return { keys, sent, command };
}
