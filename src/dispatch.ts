import { randomBetween } from "./bytes.ts";
import { optionalFunction, section, wholeNumber, wrong } from "./checks.ts";
import { attempt } from "./fields.ts";
import { InFlight } from "./in-flight.ts";
import type { Job } from "./jobs.ts";
import { within } from "./time.ts";
import type { Dispatcher, MailFailure } from "./types.ts";

/** Milliseconds between the answer and the work, at random, so that no later answer tells of it. */
const START_DELAY = [50, 500] as const;

/** Seconds that a mail service may ask to wait, and that are waited. */
const MAX_WISH = 300;

/** Milliseconds that `inline` waits for a delivery. */
const INLINE_PATIENCE = 5000;

/**
 * Delivers at once, before the answer: for scripts and tests. Not for a server: the time of the answer would tell
 * who has an account. A delivery that fails is not tried again; one that takes over 5 seconds goes on alone.
 */
export function inline(): Dispatcher {
  const followUps = background();
  const deliveries = new InFlight();
  return {
    async dispatch(job, deliver, dropped) {
      // Handed over before the commit, a follow-up can act only after it: it cannot be waited for.
      if (job.type === "password_changed") return followUps.dispatch(job, deliver, dropped);
      const delivered = deliveries
        .track(deliver)(job)
        .catch(() => dropped(job, "gave_up"));
      return within(INLINE_PATIENCE, delivered, () => new Error("late")).catch(() => {});
    },
    async drain() {
      await deliveries.settled();
      await followUps.drain?.();
    },
  };
}

/**
 * Puts the jobs into a queue of your own, whose workers call `passwordReset.deliver(job)`. With a durable queue
 * neither the mail nor the end of the sessions is lost to a crash, and with workers on another machine the work
 * shows in no answer at all. A job is JSON and holds no secret. The queue has to try again what rejects, with
 * back-off over some minutes: a follow-up rejects until its commit has happened.
 *
 * `enqueue` gets, beside the job, what to tell the queue: an `id` to drop duplicates by, and `delayMs`, which hides
 * the work where the workers share a machine with the server.
 */
export function queueDispatcher(
  enqueue: (job: Job, options: { id: string; delayMs: number }) => Promise<unknown>,
): Dispatcher {
  if (typeof enqueue !== "function")
    throw wrong("queueDispatcher takes a function that puts a job into a queue");
  return {
    dispatch: (job) => enqueue(job, { id: job.id, delayMs: Math.round(randomBetween(...START_DELAY)) }),
  };
}

/** Options of {@link background}. */
export interface BackgroundOptions {
  /** Deliveries at one time. Default: 8, and no limit with `waitUntil`. */
  concurrency?: number | undefined;
  /** Reset requests waiting; one more is dropped, with an event and the same answer. Default: 1000. */
  maxWaiting?: number | undefined;
  /** Tries of one job, the first included. Default: 5, and never fewer for the follow-up of a reset. */
  maxAttempts?: number | undefined;
  /** Handed a promise of the work that is left, for platforms that stop a process after its answer. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/**
 * Delivers in this process, after the answer. A job starts 50 to 500 ms later, at random: started with the answer, its
 * work would slow down the next request of the same process, and so tell who has an account. Failed deliveries are
 * tried again after about 1, 4, 16 and 64 seconds, later where the mailer's error asks for it (`retryAfterSeconds`, up
 * to five minutes), and all at once when it is drained. What waits when the process dies is lost: then the person asks
 * again.
 *
 * @throws RelatchError `ERR_OPTIONS` for numbers that are none.
 */
export function background(options: BackgroundOptions = {}): Dispatcher {
  const given = section("options of background", options, [
    "concurrency",
    "maxWaiting",
    "maxAttempts",
    "waitUntil",
  ]);
  const maxWaiting = wholeNumber("maxWaiting", given.maxWaiting, 1000, 1);
  const maxAttempts = wholeNumber("maxAttempts", given.maxAttempts, 5, 1);
  const waitUntil = optionalFunction<(work: Promise<unknown>) => void>("waitUntil", given.waitUntil);
  // There a job belongs to its request: one that waits for a turn would be begun by another request, and die with it.
  const usual = waitUntil ? Number.POSITIVE_INFINITY : 8;
  const concurrency = wholeNumber("concurrency", given.concurrency, usual, 1);

  /** What ends the pauses of the jobs whose time has not come. */
  const paused = new Set<() => void>();
  /** Jobs whose time has come, waiting for a free place. */
  const ready: (() => Promise<void>)[] = [];
  const unfinished = new InFlight();
  let running = 0;
  let waitingRequests = 0;
  let draining = 0;

  const attempts = unfinished.track(async (job: Job, ...[deliver, dropped]: Callbacks): Promise<void> => {
    const isRequest = job.type === "reset_requested";
    if (isRequest) waitingRequests += 1;
    // A follow-up may come before its commit: one try is not enough for it.
    const tries = isRequest ? maxAttempts : Math.max(maxAttempts, 5);
    let wait = randomBetween(...START_DELAY);
    try {
      for (let nth = 1; nth <= tries; nth++) {
        await pauseOf(wait);
        try {
          return await inTurn(() => deliver(job));
        } catch (error) {
          wait = Math.max(1000 * 4 ** (nth - 1) * randomBetween(0.5, 1.5), wishOf(error));
        }
      }
      dropped(job, "gave_up");
    } finally {
      if (isRequest) waitingRequests -= 1;
    }
  });

  /** Waits, but not for a drain: then what waits is tried at once. Never in the turn of the caller. */
  function pauseOf(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        paused.delete(end);
        resolve();
      };
      const timer = setTimeout(end, draining > 0 ? 0 : milliseconds);
      paused.add(end);
    });
  }

  /** At most `concurrency` at one time, first come, first served. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      ready.push(() => Promise.resolve().then(work).then(resolve, reject));
      startNext();
    });
  }

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

  return {
    async dispatch(job, deliver, dropped) {
      // Follow-ups are never dropped: each stands for a proven link, so strangers cannot flood them.
      if (job.type === "reset_requested" && waitingRequests >= maxWaiting) return dropped(job, "queue_full");
      const work = attempts(job, deliver, dropped);
      // The job is taken: what a platform thinks of it must not read as a failure.
      attempt(() => waitUntil?.(work));
    },

    async drain() {
      draining += 1;
      try {
        while (unfinished.size > 0) {
          for (const end of paused) end();
          await unfinished.settled();
        }
      } finally {
        draining -= 1;
      }
    },
  };
}

/** How many milliseconds a mailer's error asks to wait. */
const wishOf = (error: unknown): number => {
  const wish = attempt(() => Number((error as { cause: MailFailure }).cause.retryAfterSeconds));
  return 1000 * Math.min(wish || 0, MAX_WISH);
};

type Callbacks = Parameters<Dispatcher["dispatch"]> extends [Job, ...infer Rest] ? Rest : never;
