import { vi } from "vitest";
import type { Dispatcher, DropReason, FollowUpJob, Job, ResetRequestedJob } from "../../../src/ports/contract.ts";

export const request = (id: string): ResetRequestedJob => ({
  ...{ v: 2, id, at: 0, locale: "en" },
  ...{ type: "reset_requested", email: "mike@example.org" },
});
export const followUp = (id: string): FollowUpJob => ({
  ...{ v: 2, id, at: 0, locale: "en" },
  ...{ type: "follow_up", userId: "42", email: "mike@example.org" },
  ...{ previousStamp: "old", stamp: "new", isCommitted: false },
});
export const requests = (count: number): Job[] => Array.from({ length: count }, (_, n) => request(`job${n}`));

export const fail = () => Promise.reject(new Error("the mail server is away"));
export const takes = (milliseconds: number) => () => new Promise((done) => setTimeout(done, milliseconds));

/** Reports whether a promise has settled by now. */
export async function isSettled(promise: unknown): Promise<boolean> {
  const pending = Symbol();
  await vi.advanceTimersByTimeAsync(0);
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

/** Records the attempts of a dispatcher, each with its time, and lets them end as `deliver` does. */
export function record(dispatcher: Dispatcher, deliver: (job: Job, attempt: number) => unknown = () => {}) {
  const began = Date.now();
  const started: { id: string; after: number }[] = [];
  const drops: [string, DropReason][] = [];
  const seen = { running: 0, mostAtOnce: 0 };
  const run = async (job: Job) => {
    started.push({ id: job.id, after: Date.now() - began });
    seen.running += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.running);
    try {
      await deliver(job, started.filter(({ id }) => id === job.id).length);
    } finally {
      seen.running -= 1;
    }
  };
  return {
    /** Dispatches jobs one after the other. */
    async dispatch(...jobs: Job[]) {
      for (const job of jobs) {
        await dispatcher.dispatch(job, run, (dropped, reason) => drops.push([dropped.id, reason]));
      }
    },
    started,
    drops,
    seen,
    ids: () => started.map(({ id }) => id),
    /** Milliseconds between one attempt and the next. */
    gaps: () => started.slice(1).map(({ after }, index) => after - started[index]!.after),
    drain: () => dispatcher.drain?.(),
  };
}
