import { stat } from "node:fs/promises";
import { type Counts, classOf, type Schedule, schedule } from "./schedule.ts";
import type { Stream } from "./stream.ts";
import { spin, subject } from "./subject.ts";

/**
 * How a request comes about. `call`: the call alone is timed, at the finest. `turn`: it waits for a turn of the event
 * loop first, as one from a socket does, so that work of the process gets in between. `io`: and then its handler
 * awaits the file system, before it calls.
 */
export type Arrival = "call" | "turn" | "io";

interface InProcessOptions {
  counts: Counts;
  arrival: Arrival;
  dispatcher?: "immediate" | undefined;
  warmUp: number;
}

/** Microseconds. */
export const PLANTED = 2;

/** Requests in one process, one after the other. */
export async function inProcess({ counts, arrival, dispatcher, warmUp }: InProcessOptions): Promise<Stream> {
  const plan = schedule(counts, warmUp);
  const { requestReset } = subject({ dispatcher, accounts: plan.accounts });
  for (const email of plan.throttled) await requestReset({ email, ip: false });

  async function ask(index: number): Promise<number> {
    // A fresh string, because one that a Map has seen carries its hash along.
    const input = { email: copy(plan.addresses[index]), ip: copy(plan.clients[index]) };
    const delay = PLANTED * (plan.planted[index] as number);
    if (arrival === "call") {
      const began = performance.now();
      await requestReset(input);
      spin(delay);
      return performance.now() - began;
    }
    const began = performance.now();
    await turn();
    if (arrival === "io") await stat(".");
    await requestReset(input);
    spin(delay);
    return performance.now() - began;
  }

  const times = new Float64Array(plan.states.length);
  for (let index = 0; index < times.length; index++) {
    times[index] = Math.round(1e6 * (await ask(index)));
    // Between the calls the jobs get their turn.
    if (arrival === "call") await turn();
  }
  return record(plan, times);
}

export const record = ({ states, planted, warmUp }: Schedule, times: Float64Array): Stream => ({
  classes: Uint8Array.from(states, classOf),
  times,
  planted,
  warmUp,
});

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const copy = (text = ""): string => Buffer.from(text, "latin1").toString("latin1");
