import { onStop, openApp } from "./app.ts";
import { bullmqWorker } from "./bullmq.ts";

// A worker: it looks the accounts up, makes the links, sends the emails, ends the sessions.
//   REDIS_URL=… DATABASE_URL=… MAIL_URL=smtp://… npx tsx queues/bullmq-worker.ts

const { REDIS_URL = "redis://127.0.0.1:6379", QUEUE_PREFIX, TAKE_OVER_MS = "30000" } = process.env;

const { pool, passwordReset } = openApp();
const worker = bullmqWorker(passwordReset, {
  // A worker waits for Redis as long as it takes.
  connection: { url: REDIS_URL, maxRetriesPerRequest: null, socketTimeout: 30_000 },
  prefix: QUEUE_PREFIX,
  takeOverMs: Number(TAKE_OVER_MS),
});
await worker.waitUntilReady();
console.log("ready");

onStop(async () => {
  await worker.close(); // takes no more jobs, finishes those it has
  await pool.end();
});
