import { onStop, openApp } from "./app.ts";
import { rabbitmqWorker } from "./rabbitmq.ts";

// A worker: it looks the accounts up, makes the links, sends the emails, ends the sessions.
//   RABBITMQ_URL=… DATABASE_URL=… MAIL_URL=smtp://… npx tsx queues/rabbitmq-worker.ts

const { RABBITMQ_URL = "amqp://127.0.0.1", QUEUE } = process.env;

const { pool, passwordReset } = openApp();
const worker = await rabbitmqWorker(passwordReset, { url: RABBITMQ_URL, queue: QUEUE });
console.log("ready");

onStop(async () => {
  await worker.stop(); // takes no more jobs, finishes those it has
  await pool.end();
});
