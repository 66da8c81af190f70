import { type Job, newJob } from "../jobs.ts";
import { pause, within } from "../time.ts";
import type { Dispatcher, DropReason } from "../types.ts";
import { type ContractCase, expectSame, suite } from "./cases.ts";

/** Options of {@link dispatcherContract}. */
export interface DispatcherContractOptions {
  /** The dispatcher gives a job up whose every delivery fails, within ten seconds. Default: `false`. */
  givesUp?: boolean | undefined;
}

/**
 * What every `Dispatcher` must do that is used in a server. `create` gives a new one for each case, whose jobs end up
 * at the `deliver` they were dispatched with: for a queue, its worker has to look that up by the job's id. Its `drain`
 * may be missing: then the cases wait and look. Each takes some seconds; they may run at the same time.
 */
export function dispatcherContract(
  create: () => Dispatcher | Promise<Dispatcher>,
  { givesUp = false }: DispatcherContractOptions = {},
): ContractCase[] {
  const { cases, add } = suite(create);

  add("delivers every job of both types, unchanged, and once when that succeeds", async (dispatcher) => {
    const jobs = Array.from({ length: 10 }, (_, n) => (n % 2 ? request() : followUp()));
    const delivered: Job[] = [];
    const deliver = async (job: Job) => void delivered.push(job);
    for (const job of jobs) await dispatcher.dispatch(job, deliver, () => {});
    await settled(dispatcher, () => delivered.length >= jobs.length);
    expectSame("the jobs", sorted(delivered), sorted(jobs));
  });

  add("does not start the work with the answer", async (dispatcher) => {
    let started = false;
    const deliver = async () => {
      started = true;
    };
    await dispatcher.dispatch(request(), deliver, () => {});
    await pause(0);
    expectSame("started with the answer", started, false);
    await settled(dispatcher, () => started);
    expectSame("started at last", started, true);
  });

  add("does not let the answer wait for the work", async (dispatcher) => {
    let finish = () => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let done = false;
    const deliver = async () => {
      await work;
      done = true;
    };
    const answered = dispatcher.dispatch(request(), deliver, () => {}).then(() => true);
    const inTime = await Promise.race([answered, pause(2000).then(() => false)]);
    finish();
    await settled(dispatcher, () => done);
    expectSame("answered while a delivery was under way", inTime, true);
  });

  add("does not fail with the delivery, and tries it again", async (dispatcher) => {
    let tries = 0;
    const drops: DropReason[] = [];
    const deliver = async () => {
      tries += 1;
      if (tries === 1) throw new Error("the first delivery fails");
    };
    await dispatcher.dispatch(request(), deliver, (_, reason) => drops.push(reason));
    await settled(dispatcher, () => tries >= 2);
    expectSame("tries", tries, 2);
    expectSame("dropped", drops, []);
  });

  add("delivers the others when one job fails for good", async (dispatcher) => {
    const bad = request();
    const good = Array.from({ length: 5 }, request);
    const delivered: Job[] = [];
    const deliver = async (job: Job) => {
      // Only for a while: a drain waits for every try.
      if (job.id === bad.id && delivered.length < good.length) throw new Error("this delivery fails");
      if (job.id !== bad.id) delivered.push(job);
    };
    for (const job of [bad, ...good]) await dispatcher.dispatch(job, deliver, () => {});
    await settled(dispatcher, () => delivered.length >= good.length);
    expectSame("the jobs", sorted(delivered), sorted(good));
  });

  if (givesUp) {
    add("says so when it gives a job up", async (dispatcher) => {
      const job = request();
      const drops: unknown[] = [];
      const deliver = () => Promise.reject(new Error("every delivery fails"));
      await dispatcher.dispatch(job, deliver, (dropped, reason) => drops.push({ id: dropped.id, reason }));
      await settled(dispatcher, () => drops.length > 0);
      expectSame("dropped", drops, [{ id: job.id, reason: "gave_up" }]);
    });
  }

  add("drain, if there is one, ends when no job is waiting or running", async (dispatcher) => {
    if (!dispatcher.drain) return;
    await dispatcher.drain();
    let delivered = 0;
    const deliver = async () => {
      await pause(50);
      delivered += 1;
    };
    for (let round = 1; round <= 2; round++) {
      for (let n = 0; n < 3; n++) await dispatcher.dispatch(request(), deliver, () => {});
      await dispatcher.drain();
      expectSame(`delivered after drain ${round}`, delivered, 3 * round);
    }
  });

  return cases;
}

const request = (): Job => ({
  ...newJob(new Date()),
  type: "reset_requested",
  email: "mike@example.org",
  locale: "de-CH",
  tenant: "blue",
});

const followUp = (): Job => ({
  ...newJob(new Date()),
  type: "password_changed",
  userId: "42",
  previousStamp: "previous",
  stamp: "next",
  locale: "en",
});

/** In the order of their ids, and as JSON leaves them: a queue may keep them so. */
const sorted = (jobs: Job[]): unknown =>
  JSON.parse(JSON.stringify(jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1))));

async function settled(dispatcher: Dispatcher, done: () => boolean): Promise<void> {
  const late = () => new Error("drain: did not end within ten seconds");
  if (dispatcher.drain) await within(10_000, Promise.resolve(dispatcher.drain()), late);
  else for (let waited = 0; !done() && waited < 10_000; waited += 20) await pause(20);
}
