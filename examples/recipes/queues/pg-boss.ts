import PgBoss from "pg-boss";
import { type Dispatcher, type Job, type PasswordReset, queueDispatcher } from "relatch";

// pg-boss on PostgreSQL: durable without another server. This is pg-boss 10, the last one for Node 20.

/** What both sides are told of the queue. */
export interface QueueOptions {
  connectionString: string;
  /** Where its tables are. Default: `pgboss`. */
  schema?: string | undefined;
  /**
   * After so many seconds a worker counts as dead, and another takes its job over. More than a delivery may take
   * (`deliveryTimeout`, 30 seconds by default), or a slow one is done twice.
   */
  takeOverSeconds?: number | undefined;
}

const QUEUE = "password-reset";

async function open({ connectionString, schema = "pgboss", takeOverSeconds = 60 }: QueueOptions) {
  const boss = new PgBoss({
    connectionString,
    schema,
    max: 4,
    // How often it looks for dead workers' jobs, and for what is to be deleted.
    maintenanceIntervalSeconds: Math.ceil(takeOverSeconds / 2),
    // Jobs hold addresses: they are kept for as long as duplicates could come, or somebody looks after a failure.
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
      id, // the same job again is no new one
      startAfter: delayMs / 1000, // so that the work does not show in the answers of this machine
      retryLimit: 8,
      // About four minutes in all. A follow-up job waits up to two minutes for its commit.
      retryDelay: 1,
      retryBackoff: true,
      expireInSeconds: options.takeOverSeconds ?? 60,
    }),
  );
  return { dispatcher, boss };
}

/** A worker's side. Run as many as you like, each in a process or on a machine of its own. */
export async function pgBossWorker(
  { deliver }: Pick<PasswordReset, "deliver">,
  options: QueueOptions,
): Promise<PgBoss> {
  const boss = await open(options);
  // One job at a time, four times: in a batch, one that fails would repeat the mails of the others.
  for (let n = 0; n < 4; n++) {
    await boss.work<Job>(
      QUEUE,
      { batchSize: 1, pollingIntervalSeconds: 1, includeMetadata: true },
      async ([job]) => {
        if (!job) return;
        try {
          await deliver(job.data);
        } catch (error) {
          const { code } = error as { code?: unknown };
          // After the last try nobody else tells.
          if (job.retryCount >= job.retryLimit) console.error(`gave up job ${job.id}: ${code}`);
          // The table keeps what is thrown, and a mailer may have put the mail into its own error.
          throw new Error(String(code));
        }
      },
    );
  }
  return boss;
}
