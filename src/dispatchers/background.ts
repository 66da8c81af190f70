import { randomBetween } from "../lib/bytes.ts";
import type { RelatchError } from "../lib/errors.ts";
import { InFlight } from "../lib/in-flight.ts";
import { aFunction, anInteger, optional, readOptions } from "../lib/shape.ts";
import { pauseInRealTime } from "../lib/time.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Dispatcher, Job } from "../ports/contract.ts";
import { START_DELAY } from "./start-delay.ts";

/** Longest pause, in seconds, that a mail service may ask for. */
const MAX_RETRY_AFTER = 300;

/** A follow-up job may run before its commit, so one attempt is not enough for it. */
const MIN_FOLLOW_UP_ATTEMPTS = 5;

/** Milliseconds between two attempts of a job that waits for its commit while everything is drained. */
const WAIT_WHILE_DRAINING = 100;

type Callbacks = Parameters<Dispatcher["dispatch"]> extends [Job, ...infer Rest] ? Rest : never;

/** Options of {@link background}. */
export interface BackgroundOptions {
  /** How many deliveries run at one time. Default: 8, and no limit with `waitUntil`. */
  concurrency?: number | undefined;
  /** How many reset requests may wait. One more is dropped, with an event and the same response. Default: 1000. */
  maxWaiting?: number | undefined;
  /** Attempts per job, the first included. Default: 5, and never fewer for the follow-up job of a reset. */
  maxAttempts?: number | undefined;
  /** Gets a promise of the remaining work, for platforms that stop a process after its response. Default: none. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/**
 * Delivers in this process, after the response. A job starts 50 to 500 ms later, at random, because work that started with
 * the response would slow down the next request of the same process, and so reveal who has an account. A failed delivery
 * is attempted again after about 1, 4, 16 and 64 seconds, later if the mailer's error asks for it (`retryAfterSeconds`, up
 * to five minutes), and at once while draining. Jobs still in memory when the process dies are lost; then the person asks
 * again.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const passwordReset = createPasswordReset({ ...options, dispatcher: background({ concurrency: 2 }) });
 */
export function background(options: BackgroundOptions = {}): Dispatcher {
  const { waitUntil, maxWaiting, maxAttempts, ...given } = readOptions("background", options, {
    concurrency: optional(anInteger(1)),
    maxWaiting: optional(anInteger(1), 1000),
    maxAttempts: optional(anInteger(1), 5),
    waitUntil: optional(aFunction<(work: Promise<unknown>) => void>()),
  });
  // With `waitUntil` a job belongs to its own request: one that waits for its turn would die with another request.
  const concurrency = given.concurrency ?? (waitUntil ? Number.POSITIVE_INFINITY : 8);

  /** Functions that end the pauses of jobs whose time has not come. */
  const pauses = new Set<() => void>();
  // Each type has its own lane, so that a flood of requests cannot delay the others.
  const lanes: Record<Job["type"], Lane> = {
    reset_requested: createLane(concurrency),
    link_requested: createLane(concurrency),
    follow_up: createLane(concurrency),
  };
  const unfinished = new InFlight();
  let waitingRequests = 0;
  let draining = 0;

  const runJob = unfinished.track(async (job: Job, ...[deliver, dropped]: Callbacks): Promise<void> => {
    const isRequest = job.type === "reset_requested";
    if (isRequest) waitingRequests += 1;
    const attempts = job.type === "follow_up" ? Math.max(maxAttempts, MIN_FOLLOW_UP_ATTEMPTS) : maxAttempts;
    let wait = randomBetween(...START_DELAY);
    try {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        await pauseUnlessDraining(wait);
        try {
          return await lanes[job.type](() => deliver(job));
        } catch (error) {
          const { isWaiting, retryAfter } = readRetry(error);
          // A job that waits for its commit uses up no attempts.
          if (isWaiting) attempt -= 1;
          if (isWaiting && draining > 0) await pauseInRealTime(WAIT_WHILE_DRAINING);
          wait = Math.max(1000 * 4 ** (attempt - 1) * randomBetween(0.5, 1.5), retryAfter);
        }
      }
      dropped(job, "gave_up");
    } finally {
      if (isRequest) waitingRequests -= 1;
    }
  });

  /** Always leaves the turn of the caller. While draining it needs no timer, so fake timers cannot stop it. */
  function pauseUnlessDraining(milliseconds: number): Promise<void> {
    if (draining > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      pauses.add(end);
    });
  }

  return {
    async dispatch(job, deliver, dropped) {
      // Others are never dropped: each stands for a proven link or for a trusted caller, so strangers cannot flood them.
      if (job.type === "reset_requested" && waitingRequests >= maxWaiting) return dropped(job, "queue_full");
      const work = runJob(job, deliver, dropped);
      // The job is taken, so a platform's function that throws must not read as a failure.
      readSafely(() => waitUntil?.(work));
    },

    async drain() {
      draining += 1;
      try {
        while (unfinished.size > 0) {
          for (const end of pauses) end();
          await unfinished.settled();
        }
      } finally {
        draining -= 1;
      }
    },
  };
}

/** Runs pieces of work in the order of arrival, with a limit for those that run at one time. */
type Lane = (work: () => Promise<void>) => Promise<void>;

function createLane(concurrency: number): Lane {
  const ready: (() => Promise<void>)[] = [];
  let running = 0;

  function startNext(): void {
    if (running >= concurrency) return;
    const work = ready.shift();
    if (!work) return;
    running += 1;
    void work().finally(() => {
      running -= 1;
      startNext();
    });
  }

  return (work) =>
    new Promise<void>((resolve, reject) => {
      ready.push(() => Promise.resolve().then(work).then(resolve, reject));
      startNext();
    });
}

/** Reads what an error of `deliver` says about the next attempt. */
function readRetry(error: unknown): { isWaiting: boolean; retryAfter: number } {
  const { isWaiting, retryAfterSeconds } = (readSafely(() => ({ ...(error as RelatchError) })) ??
    {}) as Partial<RelatchError>;
  return {
    isWaiting: isWaiting === true,
    retryAfter: 1000 * Math.min(Number(retryAfterSeconds) || 0, MAX_RETRY_AFTER),
  };
}
