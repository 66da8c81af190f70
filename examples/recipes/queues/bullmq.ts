import { type ConnectionOptions, Queue, Worker } from "bullmq";
import { type Dispatcher, type Job, type PasswordReset, queueDispatcher } from "relatch";

// BullMQ on Redis. Redis must not evict keys (maxmemory-policy noeviction) and should persist them (appendonly yes):
// what it loses, a person has to ask for again.

/** What both sides are told of the queue. */
export interface QueueOptions {
  connection: ConnectionOptions;
  /** Where the keys are. Default: `bull`. */
  prefix?: string | undefined;
}

const QUEUE = "password-reset";

/** The web process's side. Its connection should fail and not wait: `enableOfflineQueue: false`. */
export function bullmqDispatcher({ connection, prefix = "bull" }: QueueOptions) {
  const queue = new Queue<Job>(QUEUE, { connection, prefix });
  queue.on("error", (error) => console.error("queue:", error.message));
  const dispatcher: Dispatcher = queueDispatcher((job, { id, delayMs }) =>
    queue.add(job.type, job, {
      jobId: id, // the same job again is no new one
      delay: delayMs, // so that the work does not show in the answers of this machine
      attempts: 9,
      // About four minutes in all. A follow-up job waits up to two minutes for its commit.
      backoff: { type: "exponential", delay: 1000, jitter: 0.5 },
      // Jobs hold addresses: they are kept for as long as duplicates could come, or somebody looks after a failure.
      removeOnComplete: { age: 60 * 60 },
      removeOnFail: { age: 24 * 60 * 60 },
    }),
  );
  return { dispatcher, queue };
}

/** A worker's side. Run as many as you like, each in a process or on a machine of its own. */
export function bullmqWorker(
  { deliver }: Pick<PasswordReset, "deliver">,
  { connection, prefix = "bull", takeOverMs = 30_000 }: QueueOptions & { takeOverMs?: number | undefined },
): Worker<Job> {
  const worker = new Worker<Job>(QUEUE, async ({ data }) => deliver(data).catch(withoutDetails), {
    connection,
    prefix,
    concurrency: 8,
    // A job whose worker died is taken over by another: its lock, renewed while it is alive, runs out.
    lockDuration: takeOverMs,
    stalledInterval: takeOverMs,
    // So often, and not the default of once: a deployment that kills its workers must not fail the job for good.
    maxStalledCount: 9,
  });
  worker.on("error", (error) => console.error("worker:", error.message));
  worker.on("failed", (job, { message }) => {
    // After the last try nobody else tells.
    if (job?.finishedOn) console.error(`gave up ${job.data.type} job ${job.id}: ${message}`);
  });
  return worker;
}

/** Redis keeps the message of what is thrown, and a mailer may have put the mail into its own. */
function withoutDetails(error: { code?: unknown }): never {
  throw new Error(String(error.code));
}
