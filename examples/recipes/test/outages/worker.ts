import { onStop } from "../../queues/app.ts";
import { bullmqWorker } from "../../queues/bullmq.ts";
import { assertReported, logFailures, openApp } from "./app.ts";

// A worker as docs/queues.md describes it.

const { REDIS_URL = "", QUEUE_PREFIX = "", TAKE_OVER_MS = "" } = process.env;

const { pool, passwordReset } = openApp();
const worker = bullmqWorker(
  { deliver: assertReported(passwordReset.deliver) },
  {
    // BullMQ waits up to 10 seconds for a job in one command.
    connection: { url: REDIS_URL, maxRetriesPerRequest: null, socketTimeout: 15_000 },
    prefix: QUEUE_PREFIX,
    takeOverMs: Number(TAKE_OVER_MS),
  },
);
await worker.waitUntilReady();
console.log("ready");

onStop(async () => {
  await worker.close();
  await passwordReset.drain();
  logFailures();
  await pool.end();
});
