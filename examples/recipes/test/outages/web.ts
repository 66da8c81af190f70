import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { onStop } from "../../queues/app.ts";
import { bullmqDispatcher } from "../../queues/bullmq.ts";
import { serve } from "../../queues/web.ts";
import { assertReported, logFailures, openApp } from "./app.ts";

// A web process as docs/queues.md describes it: BullMQ, and limits that the processes share.

const { REDIS_URL = "", QUEUE_PREFIX = "", CALL_TIMEOUT_MS = "" } = process.env;

/** Nothing tells that a connection is dead if a firewall has forgotten it. */
const socketTimeout = 1.5 * Number(CALL_TIMEOUT_MS);

const { dispatcher, queue } = bullmqDispatcher({
  connection: { url: REDIS_URL, enableOfflineQueue: false, socketTimeout },
  prefix: QUEUE_PREFIX,
});
await queue.waitUntilReady();
const storeClient = new Redis(REDIS_URL, { enableOfflineQueue: false, maxRetriesPerRequest: 0, socketTimeout });
storeClient.on("error", ({ message }) => console.error("limits:", message));
const rateLimiter = rateLimiterFlexible(({ max, window }) => {
  const duration = Math.ceil(window.seconds());
  const keyPrefix = `${QUEUE_PREFIX}:limits:${max}:${duration}`;
  return new RateLimiterRedis({ storeClient, keyPrefix, points: max, duration });
});
const { pool, passwordReset } = openApp({ dispatcher, limits: { rateLimiter } });
const { requestReset, completeReset } = passwordReset;
const server = await serve(
  { ...passwordReset, requestReset: assertReported(requestReset), completeReset: assertReported(completeReset) },
  0,
);
console.log("ready", server.address());

onStop(async () => {
  await new Promise((resolve) => server.close(resolve));
  await passwordReset.drain();
  logFailures();
  await queue.close();
  await pool.end();
});
