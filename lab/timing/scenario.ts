import type { Row, StatePair } from "./rows.ts";
import type { Counts } from "./schedule.ts";

/** `quick` proves that all of it works, and that the controls are found; `long` is what the page shows. */
export type Mode = "quick" | "long";

/** One measurement with its controls. It runs by itself, and again where its result is in doubt. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly role: "server" | "client";
  run(mode: Mode): Promise<Row[]>;
}

/** The compared classes: the first is fixed, the second drawn at random. */
export const PAIRS: readonly StatePair[] = [
  ["known", "unknown"],
  ["suspended", "unknown"],
  ["no_password", "unknown"],
  ["known_throttled", "unknown_throttled"],
];
export const [KNOWN] = PAIRS as [StatePair];

/** Returns how many requests of each state leave at least `count` without a planted delay. */
export function all(count: number): Counts {
  const each = Math.round(1.2 * count);
  const states = ["unknown", "known", "suspended", "no_password", "known_throttled", "unknown_throttled"];
  return {
    ...Object.fromEntries(states.map((state) => [state, each])),
    planted: Math.round(0.5 * count),
  };
}

/** The same for two states alone. */
export function two(count: number): Counts {
  const each = Math.round(1.6 * count);
  return { unknown: each, known: each, planted: Math.round(0.8 * count) };
}
