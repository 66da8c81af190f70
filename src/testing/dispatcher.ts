import { type Job, newJob } from "../jobs.ts";
import { pause } from "../time.ts";
import type { Dispatcher } from "../types.ts";
import { type ContractCase, expectSame } from "./cases.ts";

/** What every `Dispatcher` must do that is used in a server. Its `drain` may be missing: then the cases poll. */
export function dispatcherContract(create: () => Dispatcher | Promise<Dispatcher>): ContractCase[] {
  const cases: ContractCase[] = [];
  const add = (name: string, run: (dispatcher: Dispatcher) => Promise<void>) =>
    cases.push({ name, run: async () => run(await create()) });

  add("delivers every job, unchanged, once when it succeeds", async (dispatcher) => {
    const jobs = Array.from({ length: 10 }, job);
    const delivered: Job[] = [];
    const deliver = async (each: Job) => void delivered.push(each);
    for (const each of jobs) await dispatcher.dispatch(each, deliver, () => {});
    await settled(dispatcher, () => delivered.length >= jobs.length);
    const byId = (a: Job, b: Job) => (a.id < b.id ? -1 : 1);
    expectSame("the jobs", JSON.parse(JSON.stringify(delivered.sort(byId))), jobs.sort(byId));
  });

  add("does not let the answer wait for the work", async (dispatcher) => {
    let started = false;
    const deliver = async () => {
      started = true;
    };
    await dispatcher.dispatch(job(), deliver, () => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
    expectSame("started with the answer", started, false);
    await settled(dispatcher, () => started);
    expectSame("started at last", started, true);
  });

  add("tries again when a delivery fails, and does not fail with it", async (dispatcher) => {
    let tries = 0;
    const deliver = async () => {
      tries += 1;
      if (tries === 1) throw new Error("the first try fails");
    };
    await dispatcher.dispatch(job(), deliver, () => {});
    await settled(dispatcher, () => tries >= 2);
    expectSame("tries", tries, 2);
  });

  return cases;
}

const job = (): Job => ({ ...newJob(new Date()), type: "reset_requested", email: "mike@example.org" });

async function settled(dispatcher: Dispatcher, done: () => boolean): Promise<void> {
  await dispatcher.drain?.();
  for (let waited = 0; !done() && waited < 10_000; waited += 20) await pause(20);
}
