import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { createPasswordReset } from "relatch";
import { memoryHasher, memoryMailer, memoryUsers } from "relatch/memory";
import { rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { redisTokens } from "relatch/redis";

/** Everything that a process needs to know to take part. Plain JSON. */
export interface World {
  url: string;
  /** Starts every key in Redis. Unique. */
  prefix: string;
}

export const EMAIL = "mike@example.org";

/** One process's view of an application whose tokens and limits are in Redis. */
export async function openGuesser({ url, prefix }: World) {
  const redis = new Redis(url, { maxRetriesPerRequest: 0 });
  const mailer = memoryMailer();
  const hasher = memoryHasher();
  /** Why codes were refused. */
  const reasons: string[] = [];
  const passwordReset = createPasswordReset({
    users: memoryUsers([{ id: "42", email: EMAIL, passwordHash: await hasher.hash("old password") }]),
    tokens: redisTokens(([name = "", ...args]) => redis.call(name, ...args), { prefix }),
    mailer,
    hasher,
    keys: [new Uint8Array(32).fill(7)],
    codes: true,
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: false,
    limits: {
      rateLimiter: rateLimiterFlexible(({ max, window }) => {
        const duration = Math.ceil(window.seconds());
        return new RateLimiterRedis({
          storeClient: redis,
          keyPrefix: `${prefix}${max}:${duration}`,
          points: max,
          duration,
        });
      }),
    },
    onEvent: (event) => {
      if (event.type === "token_refused") reasons.push(event.reason);
    },
  });
  return {
    passwordReset,
    mailer,
    reasons,
    async close(): Promise<void> {
      await redis.quit();
    },
    async clean(): Promise<void> {
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(keys);
    },
  };
}
