import { setTimeout as pause } from "node:timers/promises";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import { type Dispatcher, type PasswordReset, queueDispatcher } from "relatch";

// Amazon SQS, two standard queues, each with a dead-letter queue. Everybody can fill the queue of the requests, and SQS has
// no priorities. So everything else has a separate queue, and workers that are free. Workers are processes that poll, or
// a Lambda function for each queue.

/** The options of both sides. */
export interface QueueOptions {
  client: Pick<SQSClient, "send">;
  queueUrl: string;
}

/**
 * How long a job waits before each further attempt, in seconds: 17 minutes in all. A follow-up job waits up to 15 minutes
 * for its commit, and a mail server that greylists wants patience, too.
 */
export const RETRY_DELAYS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** How often SQS hands a job out before it moves it to the dead-letter queue. */
export const MAX_RECEIVES = RETRY_DELAYS.length + 1;

/**
 * How long a worker has for a job, in seconds, before SQS hands the job to another. More than a delivery may take
 * (`deliveryTimeout`, 30 seconds by default), or a slow one is done twice. AWS asks for six times the timeout of a Lambda
 * function.
 */
export const VISIBILITY_TIMEOUT = 60;

/**
 * Creates a queue and its dead-letter queue. Call it twice, for the requests and for the urgent jobs. In production, say
 * the same in your infrastructure code.
 */
export async function createQueues(
  client: Pick<SQSClient, "send">,
  name: string,
  visibilityTimeout = VISIBILITY_TIMEOUT,
): Promise<string> {
  // Jobs contain addresses: keep them as long as somebody looks after a failure.
  const kept = { MessageRetentionPeriod: String(24 * 60 * 60) };
  const dead = await client.send(new CreateQueueCommand({ QueueName: `${name}-dead`, Attributes: kept }));
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const queue = await client.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        ...kept,
        VisibilityTimeout: String(visibilityTimeout),
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: Attributes?.QueueArn,
          maxReceiveCount: MAX_RECEIVES,
        }),
      },
    }),
  );
  return queue.QueueUrl ?? "";
}

/** For the client of a web process: without SQS a request fails within seconds (ERR_DISPATCHER) and does not hang. */
export const FAIL_FAST: SQSClientConfig = {
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  maxAttempts: 2,
};

/** The web process's side. */
export const sqsDispatcher = ({
  client,
  queueUrl,
  urgentQueueUrl,
}: QueueOptions & { urgentQueueUrl: string }): Dispatcher =>
  queueDispatcher((job, { delayMs }) =>
    client.send(
      new SendMessageCommand({
        QueueUrl: job.type === "reset_requested" ? queueUrl : urgentQueueUrl,
        MessageBody: JSON.stringify(job),
        // In whole seconds here. The delay keeps the work from showing in the response times of this machine.
        DelaySeconds: Math.ceil(delayMs / 1000),
      }),
    ),
  );

/** A message as SQS hands it to a worker that polls, or to a Lambda function. */
interface Received {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: { ApproximateReceiveCount?: string };
}

/** Makes one attempt at a job, and returns whether it is done. If it is not, another attempt follows after its delay. */
async function attempt(
  { deliver }: Pick<PasswordReset, "deliver">,
  { client, queueUrl }: QueueOptions,
  { messageId, receiptHandle, body, attributes }: Received,
): Promise<boolean> {
  try {
    await deliver(parse(body));
    return true;
  } catch (error) {
    const { code, retryAfterSeconds = 0 } = error as { code?: unknown; retryAfterSeconds?: number };
    const delay = RETRY_DELAYS[Number(attributes.ApproximateReceiveCount) - 1];
    // relatch does not hear of the last attempt. SQS moves the job to the dead-letter queue.
    if (delay === undefined) console.error(`gave up job ${messageId}: ${code}`);
    const wait = delay === undefined ? 0 : Math.max(delay, Math.ceil(retryAfterSeconds));
    await client
      .send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: Math.min(wait, 12 * 60 * 60), // the most that SQS takes
        }),
      )
      // The job comes back all the same, after the queue's own timeout.
      .catch(report);
    return false;
  }
}

/** A worker's side, as a process, for one of the queues. Run as many as you like. `waitSeconds` is how long SQS waits for a job, at most 20. */
export function sqsWorker(
  passwordReset: Pick<PasswordReset, "deliver">,
  { waitSeconds = 20, ...options }: QueueOptions & { waitSeconds?: number | undefined },
) {
  const { client, queueUrl } = options;
  let isStopping = false;

  async function handle(message: Received): Promise<void> {
    if (!(await attempt(passwordReset, options, message))) return;
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.receiptHandle }));
  }

  async function work(): Promise<void> {
    while (!isStopping) {
      try {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: waitSeconds,
            MessageSystemAttributeNames: ["ApproximateReceiveCount"],
          }),
        );
        const received = Messages.map(({ MessageId = "", ReceiptHandle = "", Body = "", Attributes = {} }) =>
          handle({ messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes }),
        );
        // A job that could not be deleted comes again, which harms nobody.
        await Promise.all(received.map((job) => job.catch(report)));
      } catch (error) {
        report(error as Error);
        await pause(1000); // SQS does not respond
      }
    }
  }

  // Two, so that a slow email does not keep all other jobs waiting.
  const loops = Promise.all([work(), work()]);
  return {
    /** Takes no more jobs, and finishes those it has. SQS may still respond with some, for up to `waitSeconds`. */
    async stop() {
      isStopping = true;
      await loops;
    },
  };
}

/** The part of Lambda's event that is used. */
export interface SqsEvent {
  Records: Received[];
}

/**
 * A worker's side, as a Lambda function for one of the queues. Switch `ReportBatchItemFailures` on in its event source mapping: without it,
 * Lambda deletes the jobs that failed.
 */
export function sqsLambda(passwordReset: Pick<PasswordReset, "deliver">, options: QueueOptions) {
  return async ({ Records }: SqsEvent): Promise<{ batchItemFailures: { itemIdentifier: string }[] }> => {
    const done = await Promise.all(Records.map((record) => attempt(passwordReset, options, record)));
    const failed = Records.filter((_, n) => !done[n]);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which relatch drops, with an event
  }
}

const report = ({ message }: Error) => console.error("queue:", message);
