import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { SqsEvent } from "../queues/sqs.ts";

// As much of Amazon SQS as the recipe uses, behind the protocol of its SDK: standard queues with delays, visibility
// timeouts, receive counts, and a dead-letter queue; and the part of Lambda that hands batches to a function.

interface Message {
  id: string;
  body: string;
  receives: number;
  visibleAt: number;
  /** Of the last receive, or "" if it was never received. */
  receipt: string;
}

interface Queue {
  arn: string;
  attributes: Record<string, string>;
  messages: Message[];
}

/** An error as SQS reports it. */
class SqsError extends Error {
  readonly code: string;
  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

type Input = Record<string, unknown> & { QueueUrl: string; QueueName: string };

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** Reads a whole number in its range, or refuses it as SQS does. */
function readNumber(name: string, value: unknown, max: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw new SqsError("InvalidParameterValue", `${name} must be between 0 and ${max}`);
}

export async function sqsStandIn() {
  const queues = new Map<string, Queue>();
  const requests: string[] = [];
  let ahead = 0;
  let isSilent = false;
  const now = () => Date.now() + ahead;

  function queueOf({ QueueUrl }: Pick<Input, "QueueUrl">): Queue {
    const queue = queues.get(QueueUrl.split("/").at(-1) ?? "");
    if (!queue) throw new SqsError("QueueDoesNotExist");
    return queue;
  }

  const setting = (queue: Queue, name: string, fallback: number) => Number(queue.attributes[name] ?? fallback);
  const byReceipt = (queue: Queue, receipt: unknown) => queue.messages.find((message) => message.receipt === receipt);

  /** Takes visible messages, and moves those to the dead-letter queue that were received too often. */
  function receive(queue: Queue, max: number, visibilityTimeout: number): Message[] {
    const redrive = JSON.parse(queue.attributes["RedrivePolicy"] ?? "null");
    const taken: Message[] = [];
    for (const message of queue.messages.filter(({ visibleAt }) => visibleAt <= now())) {
      if (redrive && message.receives >= redrive.maxReceiveCount) {
        const dead = [...queues.values()].find(({ arn }) => arn === redrive.deadLetterTargetArn);
        queue.messages = queue.messages.filter((other) => other !== message);
        dead?.messages.push({ ...message, receipt: "" });
      } else if (taken.length < max) {
        message.receives += 1;
        message.receipt = randomUUID();
        message.visibleAt = now() + visibilityTimeout * 1000;
        taken.push(message);
      }
    }
    return taken;
  }

  const actions: Record<string, (input: Input) => Promise<unknown>> = {
    async CreateQueue({ QueueName, Attributes = {} }) {
      const queue = {
        arn: `arn:aws:sqs:local:1:${QueueName}`,
        attributes: { ...(Attributes as object) },
        messages: [],
      };
      if (!queues.has(QueueName)) queues.set(QueueName, queue);
      return { QueueUrl: `${url}/1/${QueueName}` };
    },
    async GetQueueAttributes(input) {
      const queue = queueOf(input);
      return { Attributes: { ...queue.attributes, QueueArn: queue.arn } };
    },
    async SendMessage(input) {
      const queue = queueOf(input);
      const delay = readNumber("DelaySeconds", input["DelaySeconds"] ?? setting(queue, "DelaySeconds", 0), 900);
      const [id, body] = [randomUUID(), String(input["MessageBody"])];
      queue.messages.push({ id, body, receives: 0, visibleAt: now() + delay * 1000, receipt: "" });
      return { MessageId: id, MD5OfMessageBody: md5(body) };
    },
    async ReceiveMessage(input) {
      const queue = queueOf(input);
      const max = readNumber("MaxNumberOfMessages", input["MaxNumberOfMessages"] ?? 1, 10);
      const until = Date.now() + readNumber("WaitTimeSeconds", input["WaitTimeSeconds"] ?? 0, 20) * 1000;
      const names = (input["MessageSystemAttributeNames"] ?? []) as string[];
      let taken: Message[];
      while (true) {
        taken = receive(queue, max, setting(queue, "VisibilityTimeout", 30));
        if (taken.length > 0 || Date.now() >= until || !server.listening) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      // Attributes come only if they are asked for.
      const asked = ({ receives }: Message) =>
        names.includes("ApproximateReceiveCount") ? { Attributes: { ApproximateReceiveCount: String(receives) } } : {};
      return {
        Messages: taken.map((message) => ({
          MessageId: message.id,
          ReceiptHandle: message.receipt,
          Body: message.body,
          MD5OfBody: md5(message.body),
          ...asked(message),
        })),
      };
    },
    async DeleteMessage(input) {
      const queue = queueOf(input);
      const message = byReceipt(queue, input["ReceiptHandle"]);
      queue.messages = queue.messages.filter((other) => other !== message);
      return {};
    },
    async ChangeMessageVisibility(input) {
      const seconds = readNumber("VisibilityTimeout", input["VisibilityTimeout"], 12 * 60 * 60);
      const message = byReceipt(queueOf(input), input["ReceiptHandle"]);
      if (!message) throw new SqsError("ReceiptHandleIsInvalid");
      if (message.visibleAt <= now()) throw new SqsError("MessageNotInflight");
      message.visibleAt = now() + seconds * 1000;
      return {};
    },
  };

  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    if (isSilent) return;
    requests.push(text);
    const action = String(request.headers["x-amz-target"]).replace("AmazonSQS.", "");
    const respond = (status: number, body: unknown) =>
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
    try {
      respond(200, await actions[action]?.(JSON.parse(text)));
    } catch (error) {
      const { code = "InternalError", message } = error as SqsError;
      respond(400, { __type: `com.amazonaws.sqs#${code}`, message });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    /** Lets time pass for the queues. */
    advance(seconds: number) {
      ahead += seconds * 1000;
    },
    /** How many seconds have passed for the queues by `advance`. */
    elapsed: () => ahead / 1000,
    /** From now on, accepts connections and does not respond, or responds again. */
    setSilent(silent: boolean) {
      isSilent = silent;
    },
    messages: (QueueUrl: string) => queueOf({ QueueUrl }).messages,
    /** How many seconds from now a message is visible. */
    visibleIn: ({ visibleAt }: Message) => Math.round((visibleAt - now()) / 1000),
    /** Everything that clients have sent. */
    requests: () => requests.join("\n"),
    /**
     * Hands one batch to a function, as Lambda does whose event source mapping reports failures of single messages: it
     * deletes what the function does not name, and nothing if the function throws or names something unknown.
     */
    async invoke(QueueUrl: string, handler: (event: SqsEvent) => Promise<unknown>): Promise<void> {
      const queue = queueOf({ QueueUrl });
      const batch = receive(queue, 10, setting(queue, "VisibilityTimeout", 30));
      if (batch.length === 0) return;
      const Records = batch.map(({ id, receipt, body, receives }) => ({
        messageId: id,
        receiptHandle: receipt,
        body,
        attributes: { ApproximateReceiveCount: String(receives) },
      }));
      let failed: unknown[];
      try {
        const result = (await handler({ Records })) as
          | { batchItemFailures?: { itemIdentifier?: unknown }[] }
          | undefined;
        failed = (result?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
        if (!failed.every((id) => batch.some((message) => message.id === id))) return;
      } catch {
        return;
      }
      const done = batch.filter(({ id }) => !failed.includes(id));
      queue.messages = queue.messages.filter((message) => !done.includes(message));
    },
    close() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
