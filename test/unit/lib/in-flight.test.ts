import { expect, test } from "vitest";
import { InFlight } from "../../../src/lib/in-flight.ts";
import { gate } from "../../helpers/harness.ts";

test("InFlight passes arguments and the result of a tracked function through", async () => {
  const add = new InFlight().track(async (a: number, b: number) => a + b);
  expect(await add(1, 2)).toBe(3);
});

test("InFlight waits until everything that was started has ended, well or badly", async () => {
  const inFlight = new InFlight();
  const [one, other] = [gate(), gate()];
  const first = inFlight.track(() => one.opened.then(() => Promise.reject(new Error("broken"))))();
  const second = inFlight.track(() => other.opened.then(() => "done"))();
  expect(inFlight.size).toBe(2);

  let isSettled = false;
  const waiting = inFlight.settled().then(() => {
    isSettled = true;
  });
  one.open();
  await expect(first).rejects.toThrow("broken");
  expect([isSettled, inFlight.size]).toEqual([false, 1]);
  other.open();
  expect(await second).toBe("done");
  await waiting;
  expect(inFlight.size).toBe(0);
});

test("InFlight resolves at once if nothing is in flight", async () => {
  const inFlight = new InFlight();
  await inFlight.settled();
  expect(inFlight.size).toBe(0);
});

test("InFlight reports a failure to the caller and to nobody else", async () => {
  const inFlight = new InFlight();
  await expect(inFlight.track(() => Promise.reject(new Error("broken")))()).rejects.toThrow("broken");
  // A second rejection of the same call, left unhandled, would fail the run.
  await inFlight.settled();
});
