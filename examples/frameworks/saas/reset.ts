import { type ConnectionOptions, Queue } from "bullmq";
import { and, eq, ne } from "drizzle-orm";
import { drizzle } from "drizzle-orm/mysql2";
import type { Pool } from "mysql2/promise";
import { createPasswordReset, type Job, type Mailer, type PasswordHasher, queueDispatcher } from "relatch";
import { de, en } from "relatch/languages";
import { mysqlTokens } from "relatch/mysql";
import { brandNames, brands, refreshTokens } from "./tables.ts";
import { createUserStore } from "./users.ts";

export interface Services {
  pool: Pool;
  redis: ConnectionOptions;
  mailer: Mailer;
  hasher: PasswordHasher;
  /** The same key for all processes. */
  key: Uint8Array;
  /** The prefix of all keys in Redis. */
  prefix: string;
}

export const QUEUE = "password-reset";

/** Creates the reset of all brands, for web processes and workers alike. */
export function createReset({ pool, redis, mailer, hasher, key, prefix }: Services) {
  const db = drizzle(pool);
  const queue = new Queue<Job>(QUEUE, { connection: redis, prefix });
  queue.on("error", ({ message }) => console.error("queue:", message));
  const passwordReset = createPasswordReset({
    tenants: brandNames,
    users: createUserStore(db),
    tokens: mysqlTokens(pool),
    mailer,
    hasher,
    appName: ({ tenant }) => brands[tenant].name,
    from: ({ tenant }) => brands[tenant].from,
    resetUrl: ({ tenant }) => `https://${brands[tenant].host}/password_reset/:token`,
    languages: [en, de],
    keys: [key],
    revokeSessions: (userId, { except }) =>
      db.delete(refreshTokens).where(and(eq(refreshTokens.userId, BigInt(userId)), ne(refreshTokens.stamp, except))),
    dispatcher: queueDispatcher((job, { id, delayMs }) =>
      queue.add(job.type, job, {
        jobId: id,
        delay: delayMs,
        // At least 17 minutes in all, because a follow-up job waits up to 15 minutes for its commit.
        attempts: 12,
        backoff: { type: "exponential", delay: 1000, jitter: 0.5 },
        removeOnComplete: { age: 60 * 60 },
        removeOnFail: { age: 24 * 60 * 60 },
      }),
    ),
    onEvent: (event) => console.log(JSON.stringify(event)), // with tenant, jobId and correlationId
  });
  return { passwordReset, close: () => queue.close() };
}
