import { PLANTED } from "./in-process.ts";
import { ownFigure, plantedControls, type Row } from "./rows.ts";
import { KNOWN, type Mode } from "./scenario.ts";
import { type Account, classOf } from "./schedule.ts";
import type { Stream } from "./stream.ts";
import { spin } from "./subject.ts";

// Calls of two classes in one random order, each timed by itself, next to a third class with a planted delay.

const STATES = ["known", "unknown", "planted"] as const;

/** One call to be timed. `planted` is like `unknown`. */
export interface Probe {
  readonly index: number;
  readonly state: (typeof STATES)[number];
  readonly email: string;
}

/** Draws the probes: `count` of each class and some to warm up. */
export function drawProbes(mode: Mode): { probes: readonly Probe[]; accounts: readonly Account[]; warmUp: number } {
  const count = mode === "long" ? 15_000 : 3_000;
  const warmUp = Math.max(2000, count >> 3);
  const total = warmUp + count * STATES.length;
  const random = new Uint8Array(total).map(() => 0);
  for (let at = 0; at < total; at += 65_536) crypto.getRandomValues(random.subarray(at, at + 65_536));
  const probes = Array.from({ length: total }, (_, index): Probe => {
    const state = STATES[(random[index] as number) % STATES.length] as Probe["state"];
    return { index, state, email: flat(`${crypto.randomUUID()}@example.org`) };
  });
  const accounts = probes
    .filter(({ state }) => state === "known")
    .map(({ email }): Account => ({ email, state: "known" }));
  return { probes, accounts, warmUp };
}

/** Times a call for each probe. Jobs get their turn between the calls. */
export async function timeProbes(
  { probes, warmUp }: Pick<ReturnType<typeof drawProbes>, "probes" | "warmUp">,
  call: (probe: Probe) => Promise<unknown>,
  planted = PLANTED,
): Promise<Row[]> {
  const times = new Float64Array(probes.length);
  for (const probe of probes) {
    const began = performance.now();
    await call(probe);
    if (probe.state === "planted") spin(planted);
    times[probe.index] = Math.round(1e6 * (performance.now() - began));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const stream: Stream = {
    classes: Uint8Array.from(probes, ({ state }) => classOf(state)),
    times,
    planted: Uint8Array.from(probes, ({ state }) => Number(state === "planted")),
    warmUp,
  };
  const [control] = plantedControls([stream], planted);
  return [ownFigure([stream], KNOWN), control as Row];
}

/** Names what the rows compare. */
export const labelRows = (what: string, rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, what: `${what}: ${row.what}` }));

/** A string in one piece, as it comes from a socket. */
export const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");
