import { randomUUID } from "node:crypto";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Job } from "relatch";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createQueues,
  FAIL_FAST,
  MAX_RECEIVES,
  RETRY_DELAYS,
  sqsDispatcher,
  sqsLambda,
  sqsWorker,
  VISIBILITY_TIMEOUT,
} from "../queues/sqs.ts";
import { queueSuite } from "./queue-suite.ts";
import { hasPostgres, uniqueName } from "./servers.ts";
import { sqsStandIn } from "./sqs-stand-in.ts";

const credentials = { accessKeyId: "local", secretAccessKey: "local" };
const connect = (endpoint: string) => new SQSClient({ endpoint, region: "local", credentials });
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

test("the attempts of the SQS recipe span at least 15 minutes", () => {
  expect(sum(RETRY_DELAYS)).toBeGreaterThanOrEqual(15 * 60);
  expect(sum(RETRY_DELAYS.slice(0, -1)), "control").toBeLessThan(15 * 60);
  expect(MAX_RECEIVES).toBe(RETRY_DELAYS.length + 1);
});

describe.skipIf(!(await hasPostgres()))("SQS, by a stand-in", () => {
  queueSuite(async () => {
    const sqs = await sqsStandIn();
    const client = connect(sqs.url);
    const openQueues = async (name = uniqueName()) => ({
      queueUrl: await createQueues(client, name, 3),
      urgentQueueUrl: await createQueues(client, `${name}-urgent`, 3),
    });
    const { queueUrl, urgentQueueUrl } = await openQueues();
    return {
      web: "queues/sqs-web.ts",
      worker: "queues/sqs-worker.ts",
      env: {
        QUEUE_URL: queueUrl,
        URGENT_QUEUE_URL: urgentQueueUrl,
        WAIT_SECONDS: "1",
        AWS_ENDPOINT_URL_SQS: sqs.url,
        AWS_REGION: "local",
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      },
      dropsDuplicates: false,
      storesErrors: false,
      enqueue: (job) => client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(job) })),
      unfinished: async () => [queueUrl, urgentQueueUrl].flatMap(sqs.messages).length,
      stored: async () => sqs.requests().replaceAll("\\", ""), // jobs are JSON in JSON here
      async inProcess(deliver) {
        const urls = await openQueues();
        const workers = Object.values(urls).map((queueUrl) =>
          sqsWorker({ deliver: deliver as never }, { client, queueUrl, waitSeconds: 1 }),
        );
        return {
          dispatcher: sqsDispatcher({ client, ...urls }),
          close: () => Promise.all(workers.map((worker) => worker.stop())),
        };
      },
      async close() {
        client.destroy();
        await sqs.close();
      },
    };
  });
});

describe("a queue of the SQS stand-in", () => {
  let sqs: Awaited<ReturnType<typeof sqsStandIn>>;
  let client: SQSClient;
  let queueUrl: string;
  const log = vi.spyOn(console, "error");
  beforeEach(async () => {
    log.mockReset().mockImplementation(() => {});
    sqs = await sqsStandIn();
    client = connect(sqs.url);
    queueUrl = await createQueues(client, "jobs");
  });
  afterEach(async () => {
    client.destroy();
    await sqs.close();
  });

  const createJob = () => ({ id: randomUUID(), type: "reset_requested" }) as Job;
  async function dispatch(job = createJob()) {
    await sqsDispatcher({ client, queueUrl, urgentQueueUrl: `${queueUrl}-urgent` }).dispatch(
      job,
      async () => {},
      () => {},
    );
    return job;
  }
  /** Lets a Lambda function work on what is visible. */
  const work = (deliver: (job: Job) => Promise<void>) =>
    sqs.invoke(queueUrl, sqsLambda({ deliver: deliver as never }, { client, queueUrl }));

  test("a job is not visible at once, and after a second it is", async () => {
    const job = await dispatch();
    const delivered: unknown[] = [];
    const deliver = async (each: Job) => void delivered.push(each);
    await work(deliver);
    expect(delivered).toEqual([]);
    sqs.advance(1);
    await work(deliver);
    expect(delivered).toEqual([job]);
    expect(sqs.messages(queueUrl)).toEqual([]);
  });

  test("a job whose worker dies is visible to others after the visibility timeout, and not before", async () => {
    await dispatch();
    sqs.advance(1);
    void work(() => new Promise(() => {})); // as if the worker had died in the middle
    await eventually(() => expect(sqs.messages(queueUrl)[0]?.receives).toBe(1));

    let delivered = 0;
    const deliver = async () => {
      delivered += 1;
    };
    sqs.advance(VISIBILITY_TIMEOUT - 1);
    await work(deliver);
    expect(delivered).toBe(0);
    sqs.advance(1);
    await work(deliver);
    expect(delivered).toBe(1);
  });

  test("a job that always fails is attempted with growing delays, and then in the dead-letter queue", async () => {
    const job = await dispatch();
    sqs.advance(1);
    const waits: number[] = [];
    let attempts = 0;
    const deliver = async () => {
      attempts += 1;
      throw { code: "ERR_MAILER", message: "secret" };
    };
    const start = sqs.elapsed();
    for (const message of sqs.messages(queueUrl)) {
      while (sqs.messages(queueUrl).includes(message)) {
        await work(deliver);
        waits.push(sqs.visibleIn(message));
        sqs.advance(Math.max(0, sqs.visibleIn(message)));
      }
    }
    // The last two: visible at once, so that SQS moves it, and moved.
    expect(waits.slice(0, -2)).toEqual(RETRY_DELAYS);
    expect(attempts).toBe(MAX_RECEIVES);
    expect(sqs.elapsed() - start).toBeGreaterThanOrEqual(15 * 60);
    expect(sqs.messages(`${queueUrl}-dead`).map(({ body }) => JSON.parse(body))).toEqual([job]);
    expect(log.mock.calls).toEqual([[expect.stringMatching(/^gave up job [\w-]+: ERR_MAILER$/)]]);
  });

  test("a job that waits for its commit is not given up before 15 minutes", async () => {
    await dispatch();
    sqs.advance(1);
    const [message] = sqs.messages(queueUrl);
    if (!message) throw new Error("The job is not in the queue.");
    const start = sqs.elapsed();
    let last = 0;
    while (sqs.messages(queueUrl).includes(message)) {
      await work(async () => {
        last = sqs.elapsed() - start;
        throw { code: "ERR_DISPATCHER", isWaiting: true, retryAfterSeconds: 15 };
      });
      sqs.advance(Math.max(0, sqs.visibleIn(message)));
    }
    expect(last).toBeGreaterThanOrEqual(15 * 60);
  });

  test.each([
    ["as long as that says", 40, 40],
    ["its own delay if that is longer", 0.1, 1],
    ["at most 12 hours", 1e6, 43_200],
  ])("a job whose error has retryAfterSeconds waits %s", async (_, retryAfterSeconds, expected) => {
    await dispatch();
    sqs.advance(1);
    await work(async () => {
      throw { code: "ERR_MAILER", retryAfterSeconds };
    });
    expect(sqs.messages(queueUrl).map(sqs.visibleIn)).toEqual([expected]);
  });

  test("of a batch, only the jobs that failed come again", async () => {
    const jobs = [await dispatch(), await dispatch(), await dispatch()];
    sqs.advance(1);
    const delivered: Job[][] = [[], []];
    for (const round of delivered) {
      await work(async (job) => {
        round.push(job);
        if (job.id === jobs[1]?.id && round === delivered[0]) throw { code: "ERR_MAILER" };
      });
      sqs.advance(60);
    }
    expect(delivered).toEqual([jobs, [jobs[1]]]);
    expect(sqs.messages(queueUrl)).toEqual([]);
  });

  test("control: a function that throws gets its whole batch again, and one that reports nothing loses it", async () => {
    await dispatch();
    await dispatch();
    sqs.advance(1);
    await sqs.invoke(queueUrl, () => Promise.reject(new Error("this function fails")));
    expect(sqs.messages(queueUrl)).toHaveLength(2);
    sqs.advance(VISIBILITY_TIMEOUT);
    await sqs.invoke(queueUrl, async () => {});
    expect(sqs.messages(queueUrl)).toEqual([]);
  });

  test("a worker that polls knows how often it has received a job", async () => {
    await dispatch();
    sqs.advance(1);
    let attempts = 0;
    const deliver = async () => {
      attempts += 1;
      if (attempts < 3) throw { code: "ERR_MAILER" };
    };
    const worker = sqsWorker({ deliver }, { client, queueUrl, waitSeconds: 1 });
    for (const [n, delay] of [RETRY_DELAYS[0], RETRY_DELAYS[1]].entries()) {
      await eventually(() => {
        expect(attempts).toBe(n + 1);
        expect(sqs.messages(queueUrl).map(sqs.visibleIn)).toEqual([delay]);
      });
      sqs.advance(delay ?? 0);
    }
    await eventually(() => expect(sqs.messages(queueUrl)).toEqual([]));
    await worker.stop();
    expect(attempts).toBe(3);
  });

  test("a worker whose queue does not respond goes on when it does", async () => {
    const impatient = new SQSClient({
      ...FAIL_FAST,
      endpoint: sqs.url,
      region: "local",
      credentials,
      maxAttempts: 1,
      requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true },
    });
    sqs.setSilent(true);
    const delivered: unknown[] = [];
    const deliver = async (job: unknown) => void delivered.push(job);
    const worker = sqsWorker({ deliver }, { client: impatient, queueUrl, waitSeconds: 0 });
    await eventually(() => expect(log).toHaveBeenCalled());
    sqs.setSilent(false);
    const job = await dispatch();
    sqs.advance(1);
    await eventually(() => expect(delivered).toEqual([job]));
    await worker.stop();
    impatient.destroy();
  });

  test("the program of the Lambda function drops a forged job with an event, and SQS forgets the job", async () => {
    const environment = { RESET_KEY: Buffer.alloc(32, 1).toString("base64"), QUEUE_URL: queueUrl, AWS_REGION: "local" };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const events = vi.spyOn(console, "log").mockImplementation(() => {});
    const { handler } = await import("../queues/sqs-lambda.ts");
    await dispatch({
      v: 2,
      id: randomUUID(),
      at: Date.now(),
      locale: "en",
      type: "reset_requested",
      email: "a@b.example",
    });
    sqs.advance(1);
    await sqs.invoke(queueUrl, handler);
    expect(sqs.messages(queueUrl)).toEqual([]);
    expect(events.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
      { type: "job_dropped", reason: "forged" },
    ]);
    events.mockRestore();
    vi.unstubAllEnvs();
  });

  test("a message that is not JSON is delivered as nothing, which relatch drops, and is deleted", async () => {
    await dispatch();
    for (const message of sqs.messages(queueUrl)) message.body = "{";
    sqs.advance(1);
    const delivered: unknown[] = [];
    await work(async (job) => void delivered.push(job));
    expect(delivered).toEqual([undefined]);
    expect(sqs.messages(queueUrl)).toEqual([]);
  });

  test("a dispatcher whose queue does not respond fails within seconds", async () => {
    const failing = new SQSClient({ ...FAIL_FAST, endpoint: sqs.url, region: "local", credentials });
    sqs.setSilent(true);
    const before = Date.now();
    const refused = sqsDispatcher({ client: failing, queueUrl, urgentQueueUrl: queueUrl }).dispatch(
      createJob(),
      async () => {},
      () => {},
    );
    await expect(refused).rejects.toThrow();
    expect(Date.now() - before).toBeLessThan(10_000);
    failing.destroy();
  });
});
