import { onStop, openApp } from "./app.ts";
import { bullmqDispatcher } from "./bullmq.ts";
import { serve } from "./web.ts";

// A web process: it enqueues, and delivers nothing itself.
//   REDIS_URL=… DATABASE_URL=… npx tsx queues/bullmq-web.ts

const { REDIS_URL = "redis://127.0.0.1:6379", QUEUE_PREFIX, PORT = "8000" } = process.env;

const { dispatcher, queue } = bullmqDispatcher({
  // Without Redis a request fails at once (ERR_DISPATCHER) and does not hang.
  // Without a time limit a connection that is dead, and does not say so, would block for a quarter of an hour.
  connection: { url: REDIS_URL, enableOfflineQueue: false, socketTimeout: 15_000 },
  prefix: QUEUE_PREFIX,
});
await queue.waitUntilReady();
const { pool, tokens, passwordReset } = openApp(dispatcher);
await tokens.createTable();
const server = await serve(passwordReset, Number(PORT));
console.log("ready", server.address());

onStop(async () => {
  await new Promise((resolve) => server.close(resolve)); // the requests that are under way get their responses
  await passwordReset.drain();
  await queue.close();
  await pool.end();
});
