import { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from "amqplib";
import { type Dispatcher, type PasswordReset, queueDispatcher } from "relatch";

// RabbitMQ 3.10 or newer with amqplib, without a plugin. Every queue is a quorum queue, because their dead-lettering loses
// nothing: a message leaves one queue when the next one has confirmed it. Everybody can fill the queue with requests, and
// quorum queues have no priorities before RabbitMQ 4. So everything else has a separate queue, and workers that are free.

/** The options of both sides. */
export interface QueueOptions {
  url: string;
  /** The queue of the requests. The names of the other queues start with it. Default: `password-reset`. */
  queue?: string | undefined;
}

/**
 * How long a job waits before each further attempt, in seconds: 16 minutes in all. A mail server that greylists wants
 * patience. There is one queue for each delay, whose messages return to the queue of the jobs when their time is over.
 */
export const RETRY_DELAYS = [1, 2, 4, 8, 15, 30, 60, 120, 240, 480];

/** How many workers may die with a job, so that a deployment that kills them does not fail it. */
const MAX_DEATHS = 10;
/** Given-up jobs contain addresses: keep them as long as somebody looks after a failure. */
const KEEP_DEAD_MS = 24 * 60 * 60 * 1000;

const deadQueue = (queue: string) => `${queue}.dead`;
const urgentQueue = (queue: string) => `${queue}.urgent`;
const startQueue = (queue: string) => `${queue}.start`;
const retryQueue = (queue: string, delay: number) => `${queue}.retry.${delay}s`;

/** Every queue that the recipe declares. */
export const namesOfQueues = (queue: string): string[] => [
  deadQueue(queue),
  ...[queue, urgentQueue(queue)].flatMap((jobs) => [
    jobs,
    startQueue(jobs),
    ...RETRY_DELAYS.map((delay) => retryQueue(jobs, delay)),
  ]),
];

async function declareQueues(channel: Channel, queue: string): Promise<void> {
  const declare = (name: string, options: object) =>
    channel.assertQueue(name, { durable: true, arguments: { "x-queue-type": "quorum", ...options } });
  const handOnTo = (target: string) => ({
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": target,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish", // which that strategy requires
  });
  await declare(deadQueue(queue), { "x-message-ttl": KEEP_DEAD_MS });
  for (const jobs of [queue, urgentQueue(queue)]) {
    await declare(jobs, { "x-delivery-limit": MAX_DEATHS, ...handOnTo(deadQueue(queue)) });
    await declare(startQueue(jobs), handOnTo(jobs));
    for (const delay of RETRY_DELAYS) {
      await declare(retryQueue(jobs, delay), { "x-message-ttl": delay * 1000, ...handOnTo(jobs) });
    }
  }
}

/** The web process's side. */
export async function rabbitmqDispatcher({ url, queue = "password-reset" }: QueueOptions) {
  let publish: Publish = failFast;
  const { connection, close } = await open(url, queue, async (channel, startOver) => {
    publish = createPublisher(channel, startOver);
    channel.once("close", () => {
      publish = failFast;
    });
  });
  const dispatcher: Dispatcher = queueDispatcher((job, { id, delayMs }) => {
    const jobs = job.type === "reset_requested" ? queue : urgentQueue(queue);
    // The delay keeps the work from showing in the response times of this machine.
    return publish(startQueue(jobs), JSON.stringify(job), { messageId: id, expiration: delayMs });
  });
  return { dispatcher, connection, close };
}

/** A worker's side. Run as many as you like, in separate processes or on separate machines. */
export async function rabbitmqWorker(
  { deliver }: Pick<PasswordReset, "deliver">,
  { url, queue = "password-reset" }: QueueOptions,
) {
  const running = new Set<Promise<void>>();
  let cancel = async () => {};
  let isStopping = false;

  const { connection, close } = await open(url, queue, async (channel, startOver) => {
    if (isStopping) return;
    const publish = createPublisher(channel, startOver);
    await channel.prefetch(8); // of each queue

    async function handle(jobs: string, message: ConsumeMessage): Promise<void> {
      const problem = await attempt(deliver, message);
      if (problem) {
        const { delay, ...headers } = problem;
        const target = delay === undefined ? deadQueue(queue) : retryQueue(jobs, delay);
        await publish(target, message.content, { messageId: message.properties.messageId, headers });
      }
      // After the copy is safe. A worker that dies in between has the job done twice, which harms nobody.
      channel.ack(message);
    }

    const consume = (jobs: string) =>
      channel.consume(jobs, (message) => {
        if (!message) return startOver(); // the queue was deleted, or moved to another node
        // Without a connection RabbitMQ gives the job to another worker.
        const work = handle(jobs, message).catch(startOver);
        running.add(work);
        void work.finally(() => running.delete(work));
      });
    const consumers = [await consume(queue), await consume(urgentQueue(queue))];
    cancel = async () => {
      await Promise.all(consumers.map(({ consumerTag }) => channel.cancel(consumerTag)));
    };
  });

  return {
    connection,
    /** Takes no more jobs, and finishes those it has. */
    async stop() {
      isStopping = true;
      await cancel().catch(() => {}); // without a connection there is nothing to cancel
      await Promise.all(running);
      await close();
    },
  };
}

type DeliveryError = { code?: unknown; isWaiting?: unknown; retryAfterSeconds?: number | undefined };

/** Returns nothing if the job is done. Otherwise returns the headers of its copy, and the delay unless it is given up. */
async function attempt(deliver: PasswordReset["deliver"], { content, properties }: ConsumeMessage) {
  try {
    await deliver(parse(content.toString()));
    return undefined;
  } catch (error) {
    const { code, isWaiting, retryAfterSeconds = 0 } = error as DeliveryError;
    const { attempts = 0 } = properties.headers ?? {};
    // A job that waits for its commit uses up no attempt. relatch itself ends that after 15 minutes.
    const planned = isWaiting ? 0 : RETRY_DELAYS[Number(attempts)];
    // relatch does not hear of the last attempt.
    if (planned === undefined) console.error(`gave up job ${properties.messageId}: ${code}`);
    const delay = planned === undefined ? undefined : chooseDelay(Math.max(planned, retryAfterSeconds));
    // The code alone, because some mailers put the email into their errors.
    return { delay, attempts: Number(attempts) + (isWaiting ? 0 : 1), error: String(code) };
  }
}

/** Returns the shortest delay that is long enough, or the longest there is. */
const chooseDelay = (seconds: number) => RETRY_DELAYS.find((delay) => delay >= seconds) ?? RETRY_DELAYS.at(-1);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which relatch drops, with an event
  }
}

/** Opens a connection that comes back by itself. `setUp` gets a new channel each time. */
async function open(
  url: string,
  queue: string,
  setUp: (channel: ConfirmChannel, startOver: () => void) => Promise<void>,
) {
  let isClosing = false;
  let channel: ConfirmChannel | undefined;
  /** Resolves when the present connection has ended. */
  let ended: Promise<unknown> = Promise.resolve();

  async function openChannel(model: ChannelModel): Promise<void> {
    // A channel that fails takes its connection along, so that both are opened again.
    const startOver = () => {
      if (!isClosing) void model.close().catch(() => {});
    };
    const opened = await model.createConfirmChannel();
    opened.on("error", report);
    opened.once("close", startOver);
    await declareQueues(opened, queue);
    await setUp(opened, startOver);
    channel = opened;
  }

  function start(model: ChannelModel): Promise<void> {
    model.on("error", () => {}); // the end of the connection is reported, and without a listener the process would end
    const closed = new Promise<Error | undefined>((resolve) => {
      model.once("close", resolve);
    });
    ended = closed;
    const lost = closed.then((error) => Promise.reject(error ?? new Error("The connection was closed.")));
    return Promise.race([openChannel(model), lost]);
  }

  const address = new URL(url);
  // RabbitMQ notices a machine that vanished after two heartbeats, and gives its jobs to others.
  if (!address.searchParams.has("heartbeat")) address.searchParams.set("heartbeat", "10");
  const recovery = { setup: start, waitForConnect: false, maxDelay: 5000 };
  const connection = await connect(address.href, { recovery });
  connection.on("connect-failed", report);
  connection.on("disconnect", report);
  connection.on("error", () => {});
  await connection.waitForConnect();
  return {
    connection,
    async close() {
      isClosing = true;
      // amqplib never responds if the connection breaks meanwhile.
      await Promise.race([channel?.close(), ended]).catch(() => {}); // the acknowledgements arrive before it
      await Promise.race([connection.close(), ended]);
    },
  };
}

const report = ({ message }: Error) => console.error("queue:", message);

type Publish = (
  queue: string,
  content: string | Buffer,
  options: { messageId: string; expiration?: number; headers?: object },
) => Promise<void>;

/** Without RabbitMQ a request fails at once (ERR_DISPATCHER) and does not hang. */
const failFast: Publish = async () => {
  throw new Error("There is no connection to RabbitMQ.");
};

/** Returns a function that resolves when RabbitMQ has stored a message. */
function createPublisher(channel: ConfirmChannel, startOver: () => void): Publish {
  // RabbitMQ confirms a message without a queue, too, but returns it first. Starting over rejects what is not confirmed
  // yet, and declares the queues again.
  channel.on("return", startOver);
  return (queue, content, options) =>
    new Promise((resolve, reject) => {
      const settings = { persistent: true, mandatory: true, contentType: "application/json", ...options };
      channel.sendToQueue(queue, Buffer.from(content), settings, (error) => (error ? reject(error) : resolve()));
    });
}
