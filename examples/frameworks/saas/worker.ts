import { type ConnectionOptions, Worker } from "bullmq";
import type { Job } from "relatch";
import { type createReset, QUEUE } from "./reset.ts";

/** A worker: it looks the accounts up, issues the links, and sends the emails. Run as many as you like. */
export function createWorker(
  { passwordReset }: Pick<ReturnType<typeof createReset>, "passwordReset">,
  { redis, prefix }: { redis: ConnectionOptions; prefix: string },
): Worker<Job> {
  const worker = new Worker<Job>(QUEUE, ({ data }) => passwordReset.deliver(data), {
    connection: redis,
    prefix,
    concurrency: 8,
    maxStalledCount: 9, // a deployment that stops its workers must not fail a job for good
  });
  worker.on("error", ({ message }) => console.error("worker:", message));
  return worker;
}
