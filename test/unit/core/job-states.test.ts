import { afterEach, describe, expect, test, vi } from "vitest";
import { JobStates } from "../../../src/core/job-states.ts";
import type { FollowUpJob, Job } from "../../../src/ports/contract.ts";

const request = (id: string): Job => ({
  ...{ v: 2, id, at: 0, type: "reset_requested", email: "mike@example.org", locale: "en" },
});
const followUp = (id: string): FollowUpJob => ({
  ...{ v: 2, id, at: 0, type: "follow_up", userId: "42", email: "mike@example.org", locale: "en" },
  ...{ previousStamp: "old", stamp: "new", isCommitted: false },
});

afterEach(() => void vi.useRealTimers());

describe("JobStates", () => {
  test("tells jobs apart by type and id", () => {
    const states = new JobStates();
    states.set(request("a"), { name: "done" });
    expect(states.get(request("a"))).toEqual({ name: "done" });
    for (const job of [request("b"), followUp("a")]) expect(states.get(job)).toEqual({ name: "unknown" });
  });

  test("remembers the newest 10,000 jobs and the newest 10,000 emails", () => {
    const states = new JobStates();
    for (let nth = 0; nth <= 10_000; nth++) {
      states.set(request(String(nth)), { name: "done" });
      states.setSent(`key${nth}`);
    }
    expect(["0", "1"].map((id) => states.get(request(id)).name)).toEqual(["unknown", "done"]);
    expect(["key0", "key1"].map((key) => states.hasSent(key))).toEqual([false, true]);
  });

  test("waits for a pending job to settle, but not longer than it is told", async () => {
    vi.useFakeTimers();
    const states = new JobStates();
    const settle = states.setPending(followUp("a"));
    const late = states.getSettled(followUp("a"), 1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await late).toMatchObject({ name: "pending" });
    const inTime = states.getSettled(followUp("a"), 1000);
    settle({ name: "committed" });
    expect(await inTime).toEqual({ name: "committed" });
    expect(await states.getSettled(followUp("a"), 1000)).toEqual({ name: "committed" });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("returns the newest 1000 undelivered jobs once", () => {
    const states = new JobStates();
    for (let nth = 0; nth <= 1000; nth++) states.addUndelivered(request(String(nth)), "gave_up");
    const undelivered = states.takeUndelivered();
    expect(undelivered).toHaveLength(1000);
    expect(undelivered[0]).toEqual({ jobId: "1", type: "reset_requested", reason: "gave_up" });
    expect(states.takeUndelivered()).toEqual([]);
  });
});
