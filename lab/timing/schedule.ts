import { randomBytes } from "node:crypto";

/** States of a requested address. The index of a state is its class in the statistics. */
export const STATES = [
  "unknown",
  "known",
  "suspended",
  "no_password",
  "known_throttled",
  "unknown_throttled",
  /** Unknown, and a delay was planted: what the statistics must find. */
  "planted",
] as const;

export type State = (typeof STATES)[number];
export type Counts = Partial<Record<State, number>>;

export const classOf = (state: State): number => STATES.indexOf(state);

/** The planted delay hits the request itself and the one with this lag. The statistics must find both. */
export const PLANTED_LAG = 7;

/** Requests in random order, and for which addresses. */
export interface Schedule {
  readonly states: readonly State[];
  readonly addresses: readonly string[];
  /** Each request comes from another address, so no client is ever refused. */
  readonly clients: readonly string[];
  /** 1 where a delay is planted. */
  readonly planted: Uint8Array;
  readonly warmUp: number;
  /** Addresses that must have an account, by its state. */
  readonly accounts: readonly Account[];
  /** Addresses that have to be asked for beforehand, so that the limit is reached. */
  readonly throttled: readonly string[];
}

export interface Account {
  readonly email: string;
  readonly state: State;
}

/**
 * Throttled addresses are asked for again and again. Of few of them each would count many times, with the time that
 * its own place in memory takes, and the statistics would take that for a difference of the classes.
 */
const THROTTLED = 20_000;

/**
 * Schedules requests of each state, shuffled, after some of every kind for warming up. All addresses have one length and
 * one shape, and but for the throttled ones each is asked for once.
 */
export function schedule(counts: Counts, warmUp: number): Schedule {
  const wanted = STATES.flatMap((state) => new Array<State>(counts[state] ?? 0).fill(state));
  const share = Math.min(1, warmUp / wanted.length);
  const early = shuffle(wanted).slice(0, Math.round(wanted.length * share));
  const states = [...early, ...shuffle(wanted)];
  const pools = new Map<State, string[]>();
  for (const state of ["known_throttled", "unknown_throttled"] as const) {
    if (counts[state]) pools.set(state, Array.from({ length: THROTTLED }, randomAddress));
  }
  const addresses = states.map((state) => {
    const pool = pools.get(state);
    return pool ? (pool[randomBelow(pool.length)] as string) : randomAddress();
  });
  const isPlanted = (index: number) => states[index] === "planted" || states[index - PLANTED_LAG] === "planted";
  return {
    states,
    addresses,
    clients: states.map((_, index) => clientAddress(index)),
    planted: Uint8Array.from(states, (_, index) => Number(isPlanted(index))),
    warmUp: early.length,
    accounts: [
      ...states
        .map((state, index) => ({ state, email: addresses[index] as string }))
        .filter(({ state }) => ["known", "suspended", "no_password"].includes(state)),
      ...(pools.get("known_throttled") ?? []).map((email) => ({ state: "known_throttled" as const, email })),
    ],
    throttled: shuffle([...pools.values()].flat()),
  };
}

/**
 * Twelve letters at one host: 56 bits, so that no two of a run are the same. In one piece from the start: a string that
 * is put together at its first use, which is sooner for one that has an account, is a quarter of a microsecond slower
 * ever after.
 */
function randomAddress(): string {
  const letters = randomBytes(12).map((byte) => 97 + (byte % 26));
  return Buffer.concat([letters, Buffer.from("@example.org")]).toString("latin1");
}

/** IPv4 addresses of one length. */
function clientAddress(index: number): string {
  const digits = String(index).padStart(6, "0");
  return `100.1${digits.slice(0, 2)}.1${digits.slice(2, 4)}.1${digits.slice(4, 6)}`;
}

function randomBelow(limit: number): number {
  return randomBytes(4).readUInt32LE() % limit;
}

function shuffle<T>(items: readonly T[]): T[] {
  const result = [...items];
  const numbers = new Uint32Array(new Uint8Array(randomBytes(4 * items.length)).buffer);
  for (let index = result.length - 1; index > 0; index--) {
    const other = (numbers[index] as number) % (index + 1);
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}
