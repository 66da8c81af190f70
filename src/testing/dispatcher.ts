import { createJob } from "../core/jobs.ts";
import { RelatchError } from "../lib/errors.ts";
import { pause, within } from "../lib/time.ts";
import type { Dispatcher, DropReason, Job } from "../ports/contract.ts";
import { assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/** Options of {@link dispatcherContract}. */
export interface DispatcherContractOptions {
  /** The dispatcher gives a job up within ten seconds if every delivery fails. Default: `false`. */
  givesUp?: boolean | undefined;
  /** A delivery that rejects with `isWaiting` uses up no attempts, and is repeated within a second. Default: `false`. */
  waitsPatiently?: boolean | undefined;
  /** Follow-up jobs do not wait for requests, however many there are. Default: `false`. */
  hasFollowUpLane?: boolean | undefined;
}

/**
 * Returns a case for everything that a `Dispatcher` must do in a server. `create` returns a new one for each case. A
 * job must reach the `deliver` that it was dispatched with, so the worker of a queue has to look that up by the job's
 * id. Without a `drain`, the cases poll. Each takes some seconds. The cases can run at the same time.
 *
 * @example
 * for (const { name, run } of dispatcherContract(() => background())) test(name, run, 20_000);
 */
export function dispatcherContract(
  create: () => Dispatcher | Promise<Dispatcher>,
  { givesUp = false, waitsPatiently = false, hasFollowUpLane = false }: DispatcherContractOptions = {},
): ContractCase[] {
  const { cases, add } = createSuite(create);

  add("every job of every type is delivered unchanged, and once if that succeeds", async (dispatcher) => {
    const jobs = Array.from({ length: 4 }, () => [createRequest(), createLinkRequest(), createFollowUp()]).flat();
    const delivered: Job[] = [];
    const deliver = async (job: Job) => void delivered.push(job);
    await dispatchAll(dispatcher, jobs, deliver, () => delivered.length >= jobs.length);
    assertSame("the jobs", sortById(delivered), sortById(jobs));
  });

  add("a delivery does not start together with the response", async (dispatcher) => {
    let atOnce = true;
    // Up to three times, because on a busy machine the delay may be over before `pause(0)` is.
    for (let round = 1; round <= 3 && atOnce; round++) {
      const started: Job[] = [];
      const deliver = async (job: Job) => void started.push(job);
      await dispatcher.dispatch(createRequest(), deliver, () => {});
      await pause(0);
      atOnce = started.length > 0;
      await settle(dispatcher, () => started.length > 0);
      assertSame("started later", started.length > 0, true);
    }
    assertSame("started with the response", atOnce, false);
  });

  add("dispatch does not wait for the delivery", async (dispatcher) => {
    const { work, finish } = createWork();
    let done = false;
    const deliver = async () => {
      await work;
      done = true;
    };
    const responded = dispatcher.dispatch(createRequest(), deliver, () => {}).then(() => true);
    const inTime = await Promise.race([responded, pause(2000).then(() => false)]);
    finish();
    await settle(dispatcher, () => done);
    assertSame("responded while a delivery was running", inTime, true);
  });

  /** Dispatches a job whose first deliveries fail, and asserts that it is delivered in the end. */
  async function assertRepeated(dispatcher: Dispatcher, job: Job, failures: number, error: Error): Promise<void> {
    let attempts = 0;
    const deliver = async () => {
      attempts += 1;
      if (attempts <= failures) throw error;
    };
    const drops = await dispatchAll(dispatcher, [job], deliver, () => attempts > failures);
    assertSame("attempts", attempts, failures + 1);
    assertSame("dropped", drops, []);
  }

  add("dispatch resolves although the delivery fails, which is attempted again", (dispatcher) =>
    assertRepeated(dispatcher, createRequest(), 1, new Error("the first delivery fails")),
  );

  add("other jobs are delivered although one fails for good", async (dispatcher) => {
    const bad = createRequest();
    const good = Array.from({ length: 5 }, createRequest);
    const delivered: Job[] = [];
    const deliver = async (job: Job) => {
      // Only for a while, because a drain waits for every attempt.
      if (job.id === bad.id && delivered.length < good.length) throw new Error("this delivery fails");
      if (job.id !== bad.id) delivered.push(job);
    };
    await dispatchAll(dispatcher, [bad, ...good], deliver, () => delivered.length >= good.length);
    assertSame("the jobs", sortById(delivered), sortById(good));
  });

  if (givesUp) {
    add("a job that is given up is reported", async (dispatcher) => {
      const job = createRequest();
      const deliver = () => Promise.reject(new Error("every delivery fails"));
      const drops = await dispatchAll(dispatcher, [job], deliver, (dropped) => dropped.length > 0);
      assertSame("dropped", drops, [{ id: job.id, reason: "gave_up" }]);
    });
  }

  if (waitsPatiently) {
    const waiting = new RelatchError("ERR_USER_STORE", "The commit has not happened yet.", { isWaiting: true });
    add("a job that waits for its commit uses up no attempts", (dispatcher) =>
      assertRepeated(dispatcher, createFollowUp(), 7, waiting),
    );
  }

  if (hasFollowUpLane) {
    add("a flood of requests does not delay follow-up jobs", async (dispatcher) => {
      const { work, finish } = createWork();
      const dispatch = (job: Job, deliver: () => Promise<void>) => dispatcher.dispatch(job, deliver, () => {});
      const requests = Array.from({ length: 200 }, () => dispatch(createRequest(), () => work));
      // Work may start at a random moment after the response, and the flood has to be there first.
      await pause(1000);
      let isDelivered = false;
      const followUp = dispatch(createFollowUp(), async () => {
        isDelivered = true;
      });
      await poll(5000, () => isDelivered);
      const inTime = isDelivered;
      finish();
      await Promise.allSettled([...requests, followUp]);
      await settle(dispatcher, () => isDelivered);
      assertSame("delivered while the requests were running", inTime, true);
    });
  }

  add("drain, if there is one, resolves when no job is waiting or running", async (dispatcher) => {
    if (!dispatcher.drain) return;
    await dispatcher.drain();
    let delivered = 0;
    const deliver = async () => {
      await pause(50);
      delivered += 1;
    };
    for (let round = 1; round <= 2; round++) {
      for (let n = 0; n < 3; n++) await dispatcher.dispatch(createRequest(), deliver, () => {});
      await dispatcher.drain();
      assertSame(`delivered after drain ${round}`, delivered, 3 * round);
    }
  });

  return cases;
}

/** The fields of every job. A tenant may be any string, and a `correlationId` has up to 256 characters. */
const createBase = () => ({
  ...createJob(new Date()),
  locale: "de-CH",
  tenant: "Ünal & Söhne",
  correlationId: `00-${randomHex(32)}-${randomHex(16)}-01`.padEnd(256, "~"),
  mac: randomHex(42),
});

const createRequest = (): Job => ({
  ...createBase(),
  type: "reset_requested",
  email: "mike@example.org",
  ip: "2001:db8::7",
});

const createLinkRequest = (): Job => ({ ...createBase(), type: "link_requested", userId: "42" });

const createFollowUp = (): Job => ({
  ...createBase(),
  type: "follow_up",
  userId: "42",
  email: "mike@example.org",
  previousStamp: "previous",
  stamp: "next",
  isCommitted: false,
});

/** Sorts jobs by id, and passes them through JSON as a queue may do. */
const sortById = (jobs: Job[]): unknown => JSON.parse(JSON.stringify(jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1))));

/** Creates work that lasts until `finish` is called. */
function createWork(): { work: Promise<void>; finish: () => void } {
  let finish = () => {};
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { work, finish };
}

type Drops = { id: string; reason: DropReason }[];

/** Dispatches jobs, waits until this is done, and returns which jobs were dropped. */
async function dispatchAll(
  dispatcher: Dispatcher,
  jobs: Job[],
  deliver: (job: Job) => Promise<void>,
  isDone: (drops: Drops) => boolean,
): Promise<Drops> {
  const drops: Drops = [];
  for (const job of jobs) await dispatcher.dispatch(job, deliver, ({ id }, reason) => drops.push({ id, reason }));
  await settle(dispatcher, () => isDone(drops));
  return drops;
}

async function settle(dispatcher: Dispatcher, isDone: () => boolean): Promise<void> {
  const late = () => new Error("drain: received no result within ten seconds");
  if (dispatcher.drain) await within(10_000, Promise.resolve(dispatcher.drain()), late);
  else await poll(10_000, isDone);
}

async function poll(milliseconds: number, isDone: () => boolean): Promise<void> {
  for (let waited = 0; !isDone() && waited < milliseconds; waited += 20) await pause(20);
}
