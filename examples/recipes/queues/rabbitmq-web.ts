import { onStop, openApp } from "./app.ts";
import { rabbitmqDispatcher } from "./rabbitmq.ts";
import { serve } from "./web.ts";

// A web process: it enqueues, and delivers nothing itself.
//   RABBITMQ_URL=… DATABASE_URL=… npx tsx queues/rabbitmq-web.ts

const { RABBITMQ_URL = "amqp://127.0.0.1", QUEUE, PORT = "8000" } = process.env;

const { dispatcher, close } = await rabbitmqDispatcher({ url: RABBITMQ_URL, queue: QUEUE });
const { pool, tokens, passwordReset } = openApp(dispatcher);
await tokens.createTable();
const server = await serve(passwordReset, Number(PORT));
console.log("ready", server.address());

onStop(async () => {
  await new Promise((resolve) => server.close(resolve)); // the requests that are under way get their responses
  await passwordReset.drain();
  await close();
  await pool.end();
});
