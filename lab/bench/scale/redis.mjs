// @ts-check
import { Redis } from "ioredis";
import { redisTokens } from "../../../dist/stores/redis.js";
import { redisUrl } from "../services.mjs";
import { Comparison } from "./comparison.mjs";
import { bytes, count, print, progress } from "./output.mjs";
import { record } from "./records.mjs";
import { cleanups, HOUR, LARGE, run, SMALL, START } from "./settings.mjs";

export async function onRedis() {
  const rows = Math.min(LARGE, 1_000_000);
  const prefix = `scale:${run}:`;
  const connect = async (/** @type {number} */ db) => {
    const redis = new Redis(redisUrl, { db, lazyConnect: true, retryStrategy: null });
    redis.on("error", () => {});
    await redis.connect();
    cleanups.push(async () => {
      for (let cursor = "0"; ; ) {
        const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 10_000);
        if (keys.length > 0) await redis.unlink(...keys);
        cursor = next;
        if (cursor === "0") break;
      }
      redis.disconnect();
    });
    return redis;
  };
  // A database is a table of keys: the small one needs another than the large one.
  const clients = { small: await connect(14), large: await connect(15) };
  const usedMemory = async () => {
    const info = await clients.large.info("memory");
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  };
  const subject = (/** @type {Redis} */ redis, /** @type {number} */ size) => ({
    store: redisTokens(([name, ...args]) => redis.call(name, ...args), { prefix }),
    rows: size,
    first: 0,
  });
  const before = await usedMemory();
  for (const [redis, size] of /** @type {const} */ ([
    [clients.large, rows],
    [clients.small, SMALL],
  ])) {
    const began = Date.now();
    for (let from = 0; from < size; from += 5000) {
      // The store's own commands, many in one packet.
      const pipeline = redis.pipeline();
      const filling = redisTokens(async ([name, ...args]) => void pipeline.call(name, ...args), { prefix });
      for (let index = from; index < Math.min(from + 5000, size); index++)
        await filling.save({ ...record(index), expiresAt: new Date(START + HOUR) });
      const answers = (await pipeline.exec()) ?? [];
      for (const [error] of answers) if (error) throw error;
      if ((from + 5000) % 250_000 === 0) progress(`Redis: ${count(from + 5000)} users`);
    }
    progress(`Redis: ${count(size)} users in ${((Date.now() - began) / 1000).toFixed(0)} s`);
    if (redis === clients.large) {
      const each = ((await usedMemory()) - before) / rows;
      const [version] = /redis_version:\S+/.exec(await redis.info("server")) ?? [];
      print(
        `Redis ${version?.slice(14)}, databases of ${count(SMALL)} and ${count(rows)} users. Memory of the large one: ${bytes(each * rows)}, **${count(each)} bytes per link** (two keys).`,
      );
      print();
    }
  }
  const comparison = new Comparison(subject(clients.small, SMALL), subject(clients.large, rows), 1.5);
  await comparison.finds();
  await comparison.saves("save");
  comparison.print();
}
