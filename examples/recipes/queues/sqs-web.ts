import { SQSClient } from "@aws-sdk/client-sqs";
import { onStop, openApp } from "./app.ts";
import { FAIL_FAST, sqsDispatcher } from "./sqs.ts";
import { serve } from "./web.ts";

// A web process: it enqueues, and delivers nothing itself.
//   QUEUE_URL=… URGENT_QUEUE_URL=… DATABASE_URL=… npx tsx queues/sqs-web.ts

const { QUEUE_URL = "", URGENT_QUEUE_URL = "", PORT = "8000" } = process.env;

const client = new SQSClient(FAIL_FAST);
const dispatcher = sqsDispatcher({ client, queueUrl: QUEUE_URL, urgentQueueUrl: URGENT_QUEUE_URL });
const { pool, tokens, passwordReset } = openApp(dispatcher);
await tokens.createTable();
const server = await serve(passwordReset, Number(PORT));
console.log("ready", server.address());

onStop(async () => {
  await new Promise((resolve) => server.close(resolve)); // the requests that are under way get their responses
  await passwordReset.drain();
  client.destroy();
  await pool.end();
});
