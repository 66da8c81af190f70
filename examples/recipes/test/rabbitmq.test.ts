import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Channel, type ChannelModel, connect } from "amqplib";
import type { Job } from "relatch";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { namesOfQueues, RETRY_DELAYS, rabbitmqDispatcher, rabbitmqWorker } from "../queues/rabbitmq.ts";
import { amqpProxy } from "./amqp-proxy.ts";
import { queueSuite } from "./queue-suite.ts";
import { hasPostgres, hasRabbitmq, RABBITMQ_URL, uniqueName } from "./servers.ts";

const hasServers = (await hasRabbitmq()) && (await hasPostgres());
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 50 });

test("the attempts of the RabbitMQ recipe span at least 15 minutes", () => {
  const span = (delays: number[]) => delays.reduce((sum, delay) => sum + delay, 0);
  expect(span(RETRY_DELAYS)).toBeGreaterThanOrEqual(15 * 60);
  expect(span(RETRY_DELAYS.slice(0, -1)), "control").toBeLessThan(15 * 60);
});

/** A connection that bypasses the proxy, for a look at the queues. */
async function openAdmin() {
  const model: ChannelModel = await connect(RABBITMQ_URL);
  const channel: Channel = await model.createChannel();
  const queues = new Set<string>();
  /** Deletes the queues of this name. Soon, because each takes some of the server's file handles. */
  async function deleteQueues(queue: string): Promise<void> {
    for (const name of namesOfQueues(queue)) await channel.deleteQueue(name);
    queues.delete(queue);
  }
  return {
    channel,
    deleteQueues,
    nameQueue() {
      const name = uniqueName();
      queues.add(name);
      return name;
    },
    /** How many messages wait in the queues of this name. */
    async countReady(queue: string): Promise<number> {
      let sum = 0;
      for (const name of namesOfQueues(queue)) sum += (await channel.checkQueue(name)).messageCount;
      return sum;
    },
    /** Also deletes the queues that a failed test has left. */
    async close() {
      for (const queue of queues) await deleteQueues(queue);
      await model.close();
    },
  };
}

describe.skipIf(!hasServers)("RabbitMQ", () => {
  queueSuite(async () => {
    const [admin, proxy] = [await openAdmin(), await amqpProxy(RABBITMQ_URL)];
    const queue = admin.nameQueue();
    // The programs find it declared, as in every run but the first.
    await (await rabbitmqDispatcher({ url: RABBITMQ_URL, queue })).close();

    /** Reads twice, because a message may be between two queues for a moment. */
    async function unfinished(): Promise<number> {
      let most = 0;
      for (let look = 0; look < 2; look++) {
        const before = proxy.deliveries();
        const count = (await admin.countReady(queue)) + proxy.inHand();
        most = Math.max(most, count, proxy.deliveries() - before);
        await pause(50);
      }
      return most;
    }

    return {
      web: "queues/rabbitmq-web.ts",
      worker: "queues/rabbitmq-worker.ts",
      env: { RABBITMQ_URL: proxy.url, QUEUE: queue },
      dropsDuplicates: false,
      storesErrors: true,
      enqueue: async (job, messageId) =>
        admin.channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { messageId, persistent: true }),
      unfinished,
      stored: async () => proxy.sent(),
      async inProcess(deliver) {
        const own = { url: proxy.url, queue: admin.nameQueue() };
        const { dispatcher, close } = await rabbitmqDispatcher(own);
        const worker = await rabbitmqWorker({ deliver: deliver as never }, own);
        return {
          dispatcher,
          async close() {
            await Promise.all([worker.stop(), close()]);
            await admin.deleteQueues(own.queue);
          },
        };
      },
      async close() {
        await admin.close();
        await proxy.close();
      },
    };
  });

  describe("a dispatcher and a worker in this process", () => {
    let admin: Awaited<ReturnType<typeof openAdmin>>;
    let proxy: Awaited<ReturnType<typeof amqpProxy>>;
    // One worker for the cases of one attempt: each job fails with its own error.
    const errors = new Map<string, object>();
    let failing: Awaited<ReturnType<typeof openBoth>>;
    beforeAll(async () => {
      [admin, proxy] = [await openAdmin(), await amqpProxy(RABBITMQ_URL)];
      failing = await openBoth(async ({ id }) => {
        throw errors.get(id);
      });
    });
    afterAll(async () => {
      await failing.close();
      await admin.close();
      await proxy.close();
    });

    const createJob = () => ({ id: randomUUID(), type: "reset_requested" }) as Job;
    const never = async () => {};
    /** Puts a job into the queue by hand, as if it had been attempted so often. */
    const put = (queue: string, job: Job, headers = {}) =>
      admin.channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { messageId: job.id, headers });

    /** Takes the next message out of a queue. */
    async function take(queue: string) {
      const message = await admin.channel.get(queue, { noAck: true });
      if (!message) return undefined;
      const { headers, deliveryMode, messageId } = message.properties;
      return { headers, deliveryMode, messageId, job: JSON.parse(message.content.toString()) };
    }

    async function openBoth(deliver: (job: Job) => Promise<void>) {
      const own = { url: proxy.url, queue: admin.nameQueue() };
      const { dispatcher, ...web } = await rabbitmqDispatcher(own);
      const worker = await rabbitmqWorker({ deliver: deliver as never }, own);
      const stop = () => Promise.all([worker.stop(), web.close()]);
      return {
        queue: own.queue,
        worker,
        dispatch: async (job: Job) => dispatcher.dispatch(job, never, () => {}),
        stop,
        /** Ends both, and runs a last look at the queues before they are deleted. */
        async close(look = never) {
          await stop();
          await look();
          await admin.deleteQueues(own.queue);
        },
      };
    }

    /** Lets one attempt fail with this error, and returns where the job went, and what was logged. */
    async function failOnce(error: object, attempts: number) {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const job = createJob();
      errors.set(job.id, error);
      put(failing.queue, job, { attempts });
      const targets = namesOfQueues(failing.queue).filter((name) => name !== failing.queue);
      const found = await vi.waitFor(
        async () => {
          for (const name of targets) {
            const message = await take(name);
            if (message) return { place: name.slice(failing.queue.length + 1), ...message };
          }
          throw new Error("The job is in no other queue yet.");
        },
        { timeout: 20_000, interval: 20 },
      );
      expect(found).toMatchObject({ messageId: job.id, deliveryMode: 2, job });
      const lines = log.mock.calls.map(([line]) => String(line).replace(job.id, "x"));
      log.mockRestore();
      return { place: found.place, headers: found.headers, lines };
    }

    test.each(RETRY_DELAYS.map((delay, attempts) => ({ delay, attempts })).filter(({ delay }) => delay > 1))(
      "after $attempts failed attempts a job waits $delay seconds",
      async ({ delay, attempts }) => {
        const { place, headers } = await failOnce({ code: "ERR_MAILER", message: "secret" }, attempts);
        expect(place).toBe(`retry.${delay}s`);
        expect(headers).toMatchObject({ attempts: attempts + 1, error: "ERR_MAILER" });
      },
    );

    test("a job whose last attempt fails is in the dead-letter queue, and is reported", async () => {
      const { place, headers, lines } = await failOnce({ code: "ERR_MAILER" }, RETRY_DELAYS.length);
      expect(place).toBe("dead");
      expect(headers).toMatchObject({ attempts: RETRY_DELAYS.length + 1, error: "ERR_MAILER" });
      expect(lines).toEqual(["gave up job x: ERR_MAILER"]);
    });

    test.each([
      ["the next delay that is long enough", 40, 0, 60],
      ["its own delay if that is longer", 3, 5, 30],
      ["the longest delay if none is long enough", 3600, 0, 480],
    ])("a job whose error has retryAfterSeconds waits %s", async (_, retryAfterSeconds, attempts, delay) => {
      const { place } = await failOnce({ code: "ERR_MAILER", retryAfterSeconds }, attempts);
      expect(place).toBe(`retry.${delay}s`);
    });

    test("a job that waits for its commit uses up no attempt, and is not given up", async () => {
      const waiting = { code: "ERR_DISPATCHER", isWaiting: true, retryAfterSeconds: 15 };
      const { place, headers } = await failOnce(waiting, RETRY_DELAYS.length);
      expect(place).toBe("retry.15s");
      expect(headers).toMatchObject({ attempts: RETRY_DELAYS.length });
    });

    test("a retried job comes back from its retry queue after the delay, unchanged", async () => {
      const attempts: { at: number; job: Job }[] = [];
      const { dispatch, close } = await openBoth(async (job) => {
        attempts.push({ at: Date.now(), job });
        if (attempts.length < 3) throw { code: "ERR_MAILER" };
      });
      const job = createJob();
      await dispatch(job);
      await eventually(() => expect(attempts).toHaveLength(3));
      expect(attempts.map((attempt) => attempt.job)).toEqual([job, job, job]);
      const [first = 0, second = 0, third = 0] = attempts.map(({ at }) => at);
      expect(second - first).toBeGreaterThan(950);
      expect(third - second).toBeGreaterThan(1950);
      await close();
    });

    test("a message that is not JSON is delivered as nothing, which relatch drops, and is gone", async () => {
      const delivered: unknown[] = [];
      const { queue, close } = await openBoth(async (job) => void delivered.push(job));
      admin.channel.sendToQueue(queue, Buffer.from("{"));
      await eventually(() => expect(delivered).toEqual([undefined]));
      await eventually(async () => expect((await admin.countReady(queue)) + proxy.inHand()).toBe(0));
      await close();
    });

    test("a worker has at most eight jobs in its hands", async () => {
      let finish = () => {};
      const held = new Promise<void>((resolve) => {
        finish = resolve;
      });
      let started = 0;
      const { queue, close } = await openBoth(() => {
        started += 1;
        return held;
      });
      for (let n = 0; n < 12; n++) put(queue, createJob());
      await eventually(async () => {
        expect(started).toBe(8);
        expect((await admin.channel.checkQueue(queue)).messageCount).toBe(4);
      });
      finish();
      await eventually(() => expect(started).toBe(12));
      await close();
    });

    test("a dispatcher fails at once while there is no connection, and works again after it", async () => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const delivered: string[] = [];
      const { dispatch, close } = await openBoth(async ({ id }) => void delivered.push(id));
      proxy.setDown(true);
      const refusal = () => dispatch(createJob()).catch(({ message }: Error) => message);
      await eventually(async () => expect(await refusal()).toMatch(/no connection/));
      const before = Date.now();
      expect(await refusal()).toMatch(/no connection/);
      expect(Date.now() - before).toBeLessThan(500);
      proxy.setDown(false);
      const job = createJob();
      await eventually(() => dispatch(job));
      await eventually(() => expect(delivered).toContain(job.id));
      await close();
      log.mockRestore();
    });

    test("a dispatcher and a worker close while there is no connection", async () => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const { queue, worker, stop } = await openBoth(never);
      const cut = new Promise((resolve) => worker.connection.once("disconnect", resolve));
      proxy.setDown(true);
      await cut;
      await stop();
      proxy.setDown(false);
      await admin.deleteQueues(queue);
      log.mockRestore();
    });

    test("dispatch rejects a job that RabbitMQ cannot store, and the next one finds the queue again", async () => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const { queue, dispatch, close } = await openBoth(never);
      await admin.channel.deleteQueue(`${queue}.start`);
      await expect(dispatch(createJob())).rejects.toThrow();
      await eventually(() => dispatch(createJob()));
      await close();
      log.mockRestore();
    });

    test("a worker whose connection is cut in the middle of a job gets the job again", async () => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const releases: (() => void)[] = [];
      const { queue, dispatch, close } = await openBoth(
        () => new Promise<void>((resolve) => void releases.push(resolve)),
      );
      await dispatch(createJob());
      await eventually(() => expect(releases).toHaveLength(1));
      proxy.cut();
      releases[0]?.(); // whose acknowledgement has no connection
      await eventually(() => expect(releases).toHaveLength(2));
      releases[1]?.();
      await eventually(async () => expect((await admin.countReady(queue)) + proxy.inHand()).toBe(0));
      await close();
      expect(releases).toHaveLength(2);
      log.mockRestore();
    });

    test("a worker whose queue is deleted declares it again", async () => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const delivered: string[] = [];
      const { queue, worker, close } = await openBoth(async ({ id }) => void delivered.push(id));
      const again = new Promise((resolve) => worker.connection.once("connect", resolve));
      await admin.channel.deleteQueue(queue);
      await again;
      const job = createJob();
      put(queue, job);
      await eventually(() => expect(delivered).toEqual([job.id]));
      await close();
      log.mockRestore();
    });

    test("a job that eleven workers died with is in the dead-letter queue", async () => {
      const { queue, close } = await openBoth(never);
      const job = createJob();
      let deaths = 0;
      await close(async () => {
        put(queue, job);
        await eventually(async () => {
          const message = await admin.channel.get(queue);
          if (message) {
            deaths += 1;
            admin.channel.nack(message); // as RabbitMQ does when a connection ends
          }
          expect(await take(`${queue}.dead`)).toMatchObject({ messageId: job.id });
        });
      });
      expect(deaths).toBe(11);
    });
  });
});
