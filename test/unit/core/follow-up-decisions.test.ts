import { type FollowUpJob, type ResetEvent, type ResetUser, sessionStamp, TimeSpan } from "relatch";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { createCore } from "../../../src/core/core.ts";
import { runFollowUp } from "../../../src/core/follow-up.ts";
import type { JobState } from "../../../src/core/job-states.ts";
import { monotonicNow } from "../../../src/lib/time.ts";
import { MIKE } from "../../helpers/harness.ts";

// The decision of a follow-up job, for everything that this process and the account can say.

const HOUR = 60 * 60_000;
const NEW: ResetUser = { ...MIKE, passwordHash: "new" };
const NEWER: ResetUser = { ...MIKE, passwordHash: "newer" };

interface Situation {
  account?: ResetUser | null;
  state?: JobState;
  isOurs?: boolean;
  isCommitted?: boolean;
  /** How long a drain has been waiting, in milliseconds. */
  drained?: number;
  age?: number;
}

const AT = Date.UTC(2026, 0, 1);
const JOB: FollowUpJob = {
  ...{ v: 2, id: "a", at: AT, type: "follow_up", userId: "42", email: MIKE.email, locale: "en", isCommitted: false },
  previousStamp: sessionStamp(MIKE),
  stamp: sessionStamp(NEW),
};
const OPTIONS = { appName: "Acme", resetUrl: "https://app.example.com/password_reset/:token" };

const pending = (): JobState => ({ name: "pending", settled: new Promise(() => {}) });

/** Runs the job once. Returns what it did, and how often it looked up the account. */
async function decide(situation: Situation): Promise<[outcome: string, lookups: number]> {
  const { account = MIKE, state, isOurs = true, isCommitted = false, drained, age = 1000 } = situation;
  const ports = memoryPorts(account ? [account] : []);
  const findById = vi.spyOn(ports.users, "findById");
  const events: ResetEvent[] = [];
  const revoked: string[] = [];
  const core = createCore({
    ...ports,
    ...OPTIONS,
    revokeSessions: async (userId: string) => revoked.push(userId),
    onEvent: (event: ResetEvent) => events.push(event),
    callTimeout: new TimeSpan(20, "ms"),
    now: () => new Date(AT + age),
  });
  if (drained !== undefined) core.drainingSince = monotonicNow() - drained;
  const job: FollowUpJob = { ...JOB, isCommitted };
  if (state) core.jobs.set(job, state);
  const work = runFollowUp(core, { isOver: false, startedAt: 0, isOurs, key: undefined }, job);
  const outcome = await work.then(
    () =>
      events.length === 0 ? "nothing" : events.map((event) => ("reason" in event ? event.reason : event.type)).join(),
    ({ isWaiting, retryAfterSeconds, message }) => `${isWaiting} ${retryAfterSeconds} ${message}`,
  );
  expect(core.jobs.get(job).name === "done").toBe(["mail_sent", "not_committed"].includes(outcome));
  expect(revoked).toEqual(outcome === "mail_sent" ? ["42"] : []);
  return [outcome, findById.mock.calls.length];
}

const WAITS = "true 15 The password is not set yet.";

describe("A follow-up job", () => {
  test.each<[what: string, situation: Situation, outcome: string, lookups: number]>([
    ["acts if the account has its stamp", { account: NEW }, "mail_sent", 1],
    ["acts if the account has another stamp", { account: NEWER }, "mail_sent", 1],
    ["acts if the account is gone", { account: null }, "mail_sent", 1],
    ["acts with the previous stamp if it was handed over after the commit", { isCommitted: true }, "mail_sent", 1],
    ["acts with the previous stamp if this process saw the commit", { state: { name: "committed" } }, "mail_sent", 1],
    ["acts with its stamp although its completion is running", { account: NEW, state: pending() }, "mail_sent", 1],
    ["waits with the previous stamp", {}, WAITS, 1],
    ["waits with the previous stamp if the outcome is unclear", { state: { name: "unclear" } }, WAITS, 1],
    ["waits with another stamp while its completion is running", { account: NEWER, state: pending() }, WAITS, 1],
    [
      "acts with another stamp if the outcome is unclear",
      { account: NEWER, state: { name: "unclear" } },
      "mail_sent",
      1,
    ],
    ["acts with another stamp after its patience", { account: NEWER, state: pending(), age: HOUR }, "mail_sent", 1],
    ["is dropped with the previous stamp after 15 minutes", { age: 15 * 60_000 }, "not_committed", 1],
    ["waits a millisecond before that", { age: 15 * 60_000 - 1 }, WAITS, 1],
    ["is dropped without a lookup if its commit did not happen", { state: { name: "canceled" } }, "not_committed", 0],
    ["does nothing if another job was handed over in its place", { state: { name: "replaced" } }, "nothing", 0],
    ["is dropped if a drain has waited for more than a second", { drained: 1100 }, "not_committed", 1],
    ["waits if a drain has just begun", { drained: 0 }, WAITS, 1],
    ["waits in a queue, however long a drain has waited", { drained: HOUR, isOurs: false }, WAITS, 1],
  ])("%s", async (_, situation, outcome, lookups) => {
    expect(await decide(situation)).toEqual([outcome, lookups]);
  });

  test.each([
    ["half a delivery", 10, 8, 4000],
    ["one call, if that is shorter", 3, 8, 3000],
  ])("waits for its completion for %s, so that time is left to act", async (_, call, delivery, milliseconds) => {
    const timeouts = { callTimeout: new TimeSpan(call, "s"), deliveryTimeout: new TimeSpan(delivery, "s") };
    const core = createCore({ ...memoryPorts([NEW]), ...OPTIONS, ...timeouts, revokeSessions: false });
    const getSettled = vi.spyOn(core.jobs, "getSettled");
    await runFollowUp(core, { isOver: false, startedAt: 0, isOurs: true, key: undefined }, JOB);
    expect(getSettled.mock.calls).toEqual([[JOB, milliseconds]]);
  });
});
