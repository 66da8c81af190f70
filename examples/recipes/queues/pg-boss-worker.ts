import { onStop, openApp } from "./app.ts";
import { pgBossWorker } from "./pg-boss.ts";

// A worker: it looks the accounts up, makes the links, sends the emails, ends the sessions.
//   QUEUE_URL=… DATABASE_URL=… MAIL_URL=smtp://… npx tsx queues/pg-boss-worker.ts

const { QUEUE_URL = "postgres://127.0.0.1/acme", QUEUE_SCHEMA, TAKE_OVER_SECONDS = "60" } = process.env;

const { pool, passwordReset } = openApp();
const boss = await pgBossWorker(passwordReset, {
  connectionString: QUEUE_URL,
  schema: QUEUE_SCHEMA,
  takeOverSeconds: Number(TAKE_OVER_SECONDS),
});
console.log("ready");

onStop(async () => {
  await boss.stop({ timeout: 35_000 }); // takes no more jobs, finishes those it has
  await pool.end();
});
