import { type ConnectionOptions, Queue, Worker } from "bullmq";
import { type Dispatcher, type Job, type PasswordReset, queueDispatcher } from "relatch";

// BullMQ on Redis. Redis must not evict keys (maxmemory-policy noeviction) and should persist them (appendonly yes):
// what it loses, a person has to ask for again.

/** The options of both sides. */
export interface QueueOptions {
  connection: ConnectionOptions;
  /** How all keys start. Default: `bull`. */
  prefix?: string | undefined;
}

const QUEUE = "password-reset";

/**
 * 17 to 34 minutes in all. A follow-up job waits up to 15 minutes for its commit, and a mail server that greylists wants
 * patience, too.
 */
export const RETRIES = {
  attempts: 12,
  backoff: { type: "exponential", delay: 1000, jitter: 0.5 },
};

/** The web process's side. Its connection should fail and not wait: `enableOfflineQueue: false`. */
export function bullmqDispatcher({ connection, prefix = "bull" }: QueueOptions) {
  const queue = new Queue<Job>(QUEUE, { connection, prefix });
  queue.on("error", (error) => console.error("queue:", error.message));
  const dispatcher: Dispatcher = queueDispatcher((job, { id, delayMs }) =>
    queue.add(job.type, job, {
      jobId: id, // so that the same job is not added twice
      delay: delayMs, // so that the work does not show in the response times of this machine
      // Everybody can fill the queue with requests. Jobs without a priority are taken before all that have one, and cost
      // less: a job with a priority takes time that grows with the logarithm of their number.
      ...(job.type === "reset_requested" && { priority: 1 }),
      ...RETRIES,
      // Jobs contain addresses: keep them as long as duplicates could come, or somebody looks after a failure.
      removeOnComplete: { age: 60 * 60 },
      removeOnFail: { age: 24 * 60 * 60 },
    }),
  );
  return { dispatcher, queue };
}

/** A worker's side. Run as many as you like, in separate processes or on separate machines. */
export function bullmqWorker(
  { deliver }: Pick<PasswordReset, "deliver">,
  { connection, prefix = "bull", takeOverMs = 30_000 }: QueueOptions & { takeOverMs?: number | undefined },
): Worker<Job> {
  const worker = new Worker<Job>(QUEUE, async ({ data }) => deliver(data).catch(withoutDetails), {
    connection,
    prefix,
    concurrency: 16, // or fewer, if your mail server accepts fewer connections
    // A job whose worker died is taken over by another: its lock, renewed while it is alive, runs out.
    lockDuration: takeOverMs,
    stalledInterval: takeOverMs,
    // So often, and not the default of once: a deployment that kills its workers must not fail the job for good.
    maxStalledCount: 9,
  });
  worker.on("error", (error) => console.error("worker:", error.message));
  worker.on("failed", (job, { message }) => {
    // relatch does not hear of the last attempt.
    if (job?.finishedOn) console.error(`gave up ${job.data.type} job ${job.id}: ${message}`);
  });
  return worker;
}

/** Keeps the code of an error alone, because Redis stores its message, and some mailers put the email into theirs. */
function withoutDetails(error: { code?: unknown }): never {
  throw new Error(String(error.code));
}
