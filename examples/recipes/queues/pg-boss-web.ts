import { onStop, openApp } from "./app.ts";
import { pgBossDispatcher } from "./pg-boss.ts";
import { serve } from "./web.ts";

// A web process: it enqueues, and delivers nothing itself.
//   QUEUE_URL=… DATABASE_URL=… npx tsx queues/pg-boss-web.ts

const { QUEUE_URL = "postgres://127.0.0.1/acme", QUEUE_SCHEMA, TAKE_OVER_SECONDS = "60", PORT = "8000" } = process.env;

const { dispatcher, boss } = await pgBossDispatcher({
  connectionString: QUEUE_URL,
  schema: QUEUE_SCHEMA,
  takeOverSeconds: Number(TAKE_OVER_SECONDS),
});
const { pool, tokens, passwordReset } = openApp(dispatcher);
await tokens.createTable();
const server = await serve(passwordReset, Number(PORT));
console.log("ready", server.address());

onStop(async () => {
  await new Promise((resolve) => server.close(resolve)); // the requests that are under way get their responses
  await passwordReset.drain();
  await boss.stop();
  await pool.end();
});
