import PgBoss from "pg-boss";
import { type Dispatcher, type Job, type PasswordReset, queueDispatcher } from "relatch";

// pg-boss on PostgreSQL: durable without another server. This is pg-boss 10, the last one for Node 20.

/** The options of both sides. */
export interface QueueOptions {
  connectionString: string;
  /** The schema of its tables. Default: `pgboss`. */
  schema?: string | undefined;
  /**
   * After how many seconds a worker counts as dead, so that another one takes its job over. More than a delivery may take
   * (`deliveryTimeout`, 30 seconds by default), or a slow one is done twice.
   */
  takeOverSeconds?: number | undefined;
}

const QUEUE = "password-reset";

/**
 * 17 to 34 minutes in all. A follow-up job waits up to 15 minutes for its commit, and a mail server that greylists wants
 * patience, too.
 */
export const RETRIES = { retryLimit: 10, retryDelay: 1, retryBackoff: true };

async function open({ connectionString, schema = "pgboss", takeOverSeconds = 60 }: QueueOptions) {
  const boss = new PgBoss({
    connectionString,
    schema,
    max: 4,
    // How often it looks for jobs of dead workers, and for jobs to delete.
    maintenanceIntervalSeconds: Math.ceil(takeOverSeconds / 2),
    // Jobs contain addresses: keep them as long as duplicates could come, or somebody looks after a failure.
    archiveCompletedAfterSeconds: 60 * 60,
    archiveFailedAfterSeconds: 24 * 60 * 60,
    deleteAfterHours: 24,
  });
  boss.on("error", (error) => console.error("queue:", error.message));
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

/** The web process's side. */
export async function pgBossDispatcher(options: QueueOptions) {
  const boss = await open(options);
  const dispatcher: Dispatcher = queueDispatcher((job, { id, delayMs }) =>
    boss.send(QUEUE, job, {
      id, // so that the same job is not added twice
      startAfter: delayMs / 1000, // so that the work does not show in the response times of this machine
      // Everybody can fill the queue with requests. Nothing else waits behind them.
      priority: job.type === "reset_requested" ? 0 : 1,
      ...RETRIES,
      expireInSeconds: options.takeOverSeconds ?? 60,
    }),
  );
  return { dispatcher, boss };
}

/** A worker's side. Run as many as you like, in separate processes or on separate machines. */
export async function pgBossWorker(
  { deliver }: Pick<PasswordReset, "deliver">,
  options: QueueOptions,
): Promise<PgBoss> {
  const boss = await open(options);
  // One job at a time, 16 times: in a batch, one that fails would repeat the emails of the others. Fewer, if your mail server
  // accepts fewer connections.
  const polling = { batchSize: 1, pollingIntervalSeconds: 1, includeMetadata: true } as const;
  for (let n = 0; n < 16; n++) {
    const loop = await boss.work<Job>(QUEUE, polling, async ([job]) => {
      if (!job) return;
      boss.notifyWorker(loop); // to look for the next job at once, and not a second after this one
      try {
        await deliver(job.data);
      } catch (error) {
        const { code } = error as { code?: unknown };
        // relatch does not hear of the last attempt.
        if (job.retryCount >= job.retryLimit) console.error(`gave up job ${job.id}: ${code}`);
        // The table stores the error, and some mailers put the email into theirs: keep the code alone.
        throw new Error(String(code));
      }
    });
  }
  return boss;
}
