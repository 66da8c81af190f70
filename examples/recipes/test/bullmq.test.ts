import { Backoffs, Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Job } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { bullmqDispatcher, bullmqWorker, RETRIES } from "../queues/bullmq.ts";
import { queueSuite } from "./queue-suite.ts";
import { hasPostgres, hasRedis, REDIS_URL, uniqueName } from "./servers.ts";

const servers = (await hasRedis()) && (await hasPostgres());

test("the attempts of the BullMQ recipe span at least 15 minutes, whatever the jitter", () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0);
  const span = ({ attempts, backoff }: typeof RETRIES) =>
    Array.from({ length: attempts - 1 }, (_, n) =>
      Number(Backoffs.calculate(backoff, n + 1, new Error(), {} as never)),
    ).reduce((sum, delay) => sum + delay, 0);
  expect(span(RETRIES)).toBeGreaterThanOrEqual(15 * 60 * 1000);
  expect(span({ ...RETRIES, attempts: RETRIES.attempts - 1 }), "control").toBeLessThan(15 * 60 * 1000);
  random.mockRestore();
});

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
      dropsDuplicates: true,
      storesErrors: true,
      enqueue: (job, jobId) => queue.add(job.type, job, { jobId, ...RETRIES }),
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
