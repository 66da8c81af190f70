import { SQSClient } from "@aws-sdk/client-sqs";
import { onStop, openApp } from "./app.ts";
import { sqsWorker } from "./sqs.ts";

// A worker: it looks the accounts up, makes the links, sends the emails, ends the sessions.
//   QUEUE_URL=… URGENT_QUEUE_URL=… DATABASE_URL=… MAIL_URL=smtp://… npx tsx queues/sqs-worker.ts

const { QUEUE_URL = "", URGENT_QUEUE_URL = "", WAIT_SECONDS = "20" } = process.env;

const { pool, passwordReset } = openApp();
// More than a worker waits for a job. A connection that broke unnoticed would keep it waiting for good.
const client = new SQSClient({ requestHandler: { requestTimeout: 30_000, throwOnRequestTimeout: true } });
const workers = [QUEUE_URL, URGENT_QUEUE_URL].map((queueUrl) =>
  sqsWorker(passwordReset, { client, queueUrl, waitSeconds: Number(WAIT_SECONDS) }),
);
console.log("ready");

onStop(async () => {
  await Promise.all(workers.map((worker) => worker.stop())); // takes no more jobs, finishes those it has
  client.destroy();
  await pool.end();
});
