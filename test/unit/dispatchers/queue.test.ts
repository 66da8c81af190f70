import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { queueDispatcher } from "../../../src/dispatchers/queue.ts";
import { relatchError } from "../../helpers/errors.ts";
import { fail, followUp, isSettled, record, request, requests, takes } from "./recorder.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("queueDispatcher hands every job to the queue with its id and a random delay, and delivers nothing", async () => {
  const enqueue = vi.fn<Parameters<typeof queueDispatcher>[0]>(async () => {});
  const { dispatch, started, drops } = record(queueDispatcher(enqueue));
  const jobs = [...requests(300), followUp("follow-up")];
  await dispatch(...jobs);
  expect(enqueue.mock.calls.map(([job, { id }]) => [job, id])).toEqual(jobs.map((job) => [job, job.id]));
  const delays = enqueue.mock.calls.map(([, { delayMs }]) => delayMs);
  expect(delays.every((delay) => Number.isInteger(delay) && delay >= 50 && delay <= 500)).toBe(true);
  expect(new Set(delays.map((delay) => Math.min(9, Math.floor((delay - 50) / 45)))).size).toBe(10);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([started, drops]).toEqual([[], []]);
});

test("queueDispatcher waits until the queue has taken a job, and fails if the queue fails", async () => {
  const dispatched = record(queueDispatcher(takes(100))).dispatch(request("a"));
  expect(await isSettled(dispatched)).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  await dispatched;
  await expect(record(queueDispatcher(fail)).dispatch(request("b"))).rejects.toThrow("away");
});

test.each([undefined, null, {}, "queue"])("queueDispatcher refuses %o in place of a function", (enqueue) => {
  expect(() => queueDispatcher(enqueue as never)).toThrow(relatchError("ERR_OPTIONS", "function"));
});
