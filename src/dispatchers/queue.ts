import { randomBetween } from "../lib/bytes.ts";
import { mustBe } from "../lib/shape.ts";
import type { Dispatcher, Job } from "../ports/contract.ts";
import { START_DELAY } from "./start-delay.ts";

/**
 * Puts jobs into your own queue, whose workers call `passwordReset.deliver(job)`. With a durable queue a crash loses
 * neither the email nor the end of the sessions, and with workers on another machine no response time reveals the work.
 * A job is JSON and contains no secret. It is signed, so the option `keys` is required. The queue must attempt a rejected
 * job again, over at least 15 minutes, because a follow-up job rejects until its commit has happened.
 *
 * `enqueue` gets the job and what to tell the queue: an `id` to drop duplicates by, and `delayMs`, which hides the work if
 * the workers share a machine with the server.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `enqueue` is not a function.
 * @example
 * const dispatcher = queueDispatcher((job, { id, delayMs }) => queue.add("reset", job, { jobId: id, delay: delayMs }));
 */
export function queueDispatcher(
  enqueue: (job: Job, options: { id: string; delayMs: number }) => Promise<unknown>,
): Dispatcher {
  if (typeof enqueue !== "function") throw mustBe("The argument of queueDispatcher", "a function", enqueue);
  return {
    needsKeys: true,
    dispatch: (job) => enqueue(job, { id: job.id, delayMs: Math.round(randomBetween(...START_DELAY)) }),
  };
}
