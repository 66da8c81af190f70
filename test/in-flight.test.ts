import { expect, test } from "vitest";
import { InFlight } from "../src/in-flight.ts";

/** A call that ends when it is told to. */
function controlled() {
  let resolve = (_value: string) => {};
  let reject = (_error: Error) => {};
  const run = (_input: string) =>
    new Promise<string>((fulfil, refuse) => {
      resolve = fulfil;
      reject = refuse;
    });
  return { run, resolve: (value: string) => resolve(value), reject: (error: Error) => reject(error) };
}

test("hands arguments and answer through", async () => {
  const track = new InFlight().track(async (a: number, b: number) => a + b);
  expect(await track(1, 2)).toBe(3);
});

test("waits until all that was started is finished, well or badly", async () => {
  const inFlight = new InFlight();
  const [one, other] = [controlled(), controlled()];
  const first = inFlight.track(one.run)("a");
  const second = inFlight.track(other.run)("b");
  expect(inFlight.size).toBe(2);

  let settled = false;
  const waiting = inFlight.settled().then(() => {
    settled = true;
  });
  one.reject(new Error("broken"));
  await expect(first).rejects.toThrow("broken");
  expect([settled, inFlight.size]).toEqual([false, 1]);
  other.resolve("done");
  expect(await second).toBe("done");
  await waiting;
  expect(inFlight.size).toBe(0);
});

test("with nothing in flight there is nothing to wait for", async () => {
  const inFlight = new InFlight();
  await inFlight.settled();
  expect(inFlight.size).toBe(0);
});

test("a failure reaches the caller and nobody else", async () => {
  const inFlight = new InFlight();
  await expect(inFlight.track(() => Promise.reject(new Error("broken")))()).rejects.toThrow("broken");
  // Left unhandled, a second rejection of the same call would fail the run.
  await inFlight.settled();
});
