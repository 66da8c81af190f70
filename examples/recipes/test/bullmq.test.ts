import { Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Job } from "relatch";
import { describe } from "vitest";
import { bullmqDispatcher, bullmqWorker } from "../queues/bullmq.ts";
import { queueSuite } from "./queue-suite.ts";
import { postgresAnswers, REDIS_URL, redisAnswers, uniqueName } from "./servers.ts";

const servers = (await redisAnswers()) && (await postgresAnswers());

describe.skipIf(!servers)("BullMQ", () => {
  queueSuite(async () => {
    const prefix = uniqueName();
    const connection = { url: REDIS_URL };
    const redis = new Redis(REDIS_URL);
    const queue = new Queue<Job>("password-reset", { connection, prefix });

    /** Everything under the prefix, whatever its type. */
    async function stored(): Promise<string> {
      const texts: string[] = [];
      for (const key of await redis.keys(`${prefix}*`)) {
        const readers: Record<string, () => Promise<unknown>> = {
          string: () => redis.get(key),
          hash: () => redis.hgetall(key),
          list: () => redis.lrange(key, 0, -1),
          set: () => redis.smembers(key),
          zset: () => redis.zrange(key, "0", "-1"),
          stream: () => redis.xrange(key, "-", "+"),
        };
        const value = await readers[await redis.type(key)]?.();
        // Jobs are JSON in JSON here: their quotes must not hide anything.
        texts.push(key, JSON.stringify(value).replaceAll("\\", ""));
      }
      return texts.join("\n");
    }

    return {
      web: "queues/bullmq-web.ts",
      worker: "queues/bullmq-worker.ts",
      env: { REDIS_URL, QUEUE_PREFIX: prefix, TAKE_OVER_MS: "3000" },
      enqueue: (job, jobId) =>
        queue.add(job.type, job, { jobId, attempts: 9, backoff: { type: "exponential", delay: 1000 } }),
      async unfinished() {
        const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      },
      stored,
      async inProcess(deliver) {
        const own = { connection, prefix: `${prefix}_${uniqueName()}` };
        const worker = bullmqWorker({ deliver: deliver as never }, own);
        const { dispatcher, queue } = bullmqDispatcher(own);
        return {
          dispatcher,
          async close() {
            await worker.close(true);
            await queue.close();
          },
        };
      },
      async close() {
        await queue.close();
        const keys = await redis.keys(`${prefix}*`);
        if (keys.length > 0) await redis.del(keys);
        await redis.quit();
      },
    };
  });
});
