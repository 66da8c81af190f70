import { classOf, PLANTED_LAG, type State } from "./schedule.ts";
import { compare, LEAK, median, SUSPICIOUS, smallestShift } from "./statistics.ts";
import { meansAfter, mostAfter, pooledAfter, type Stream } from "./stream.ts";

/** One comparison of two classes. Plain JSON. */
export interface Row {
  /** A `figure` has to pass. A `control` has to be found. A `remark` says how large something is that is known. */
  readonly role: "figure" | "control" | "remark";
  readonly what: string;
  readonly where: string;
  /** In the smaller class. */
  readonly samples: number;
  /** The largest t there is; and the lag where it is, of several. */
  readonly t: number;
  readonly lag?: number | undefined;
  /** Of a figure: the smallest shift that would have failed. Else: how far the medians are apart. */
  readonly nanoseconds: number;
}

export type Verdict = "passes" | "again" | "fails" | "unmeasured";

/** Judges the rows of one run. If a control was not found, the figures of that run prove nothing. */
export function verdictOf(rows: readonly Row[]): Verdict {
  const most = (role: Row["role"]) => rows.filter((row) => row.role === role).map(({ t }) => Math.abs(t));
  const [figures, controls] = [most("figure"), most("control")];
  if (figures.some((t) => t > LEAK)) return "fails";
  if (controls.length === 0 || controls.some((t) => !(t > LEAK))) return "unmeasured";
  return figures.some((t) => t >= SUSPICIOUS) ? "again" : "passes";
}

/** Lags 1 to 40. */
export const NEXT = Array.from({ length: 40 }, (_, index) => index + 1);

export type StatePair = readonly [State, State];

/** Compares the responses of two classes. */
export const ownFigure = (streams: readonly Stream[], pair: StatePair): Row =>
  row("figure", streams, pair, "own response", [0]);

/** The requests that come after those of two classes. */
export const nextFigure = (streams: readonly Stream[], pair: StatePair): Row =>
  row("figure", streams, pair, "next 1 to 40", NEXT);

/** A leak that must be found at these lags. */
export const control = (streams: readonly Stream[], pair: StatePair, what: string, lags = NEXT): Row => ({
  ...row("control", streams, pair, lagsInWords(lags), lags),
  what,
});

export const remark = (streams: readonly Stream[], pair: StatePair): Row =>
  row("remark", streams, pair, "own response", [0]);

/** The planted delay, in the request itself and in a later one. */
export const plantedControls = (streams: readonly Stream[], microseconds: number): Row[] =>
  [0, PLANTED_LAG].map((lag) => {
    const size = microseconds < 1000 ? `${microseconds} µs` : `${microseconds / 1000} ms`;
    const found = row("control", streams, ["planted", "unknown"], lagsInWords([lag]), [lag], true);
    return { ...found, what: `${size} planted` };
  });

/**
 * All probes while the job runs, 50 to 500 ms after the request, taken together, at this pace in milliseconds.
 */
export function together(
  role: Row["role"],
  streams: readonly Stream[],
  [a, b]: StatePair,
  pace: number,
  what: string,
): Row {
  const lags = NEXT.filter((lag) => lag * pace >= 50 && lag * pace <= 550);
  const [first, second] = [a, b].map((state) => meansAfter(streams, classOf(state), lags)) as [
    Float64Array,
    Float64Array,
  ];
  return {
    role,
    what,
    where: `mean of ${lagsInWords(lags)}`,
    samples: Math.min(first.length, second.length),
    t: compare(first, second).t,
    nanoseconds: Math.abs(median(first) - median(second)),
  };
}

function row(
  role: Row["role"],
  streams: readonly Stream[],
  [a, b]: StatePair,
  where: string,
  lags: readonly number[],
  withPlanted = false,
): Row {
  const kinds = [classOf(a), classOf(b)] as const;
  const { t, lag, samples } = mostAfter(streams, kinds, lags, withPlanted);
  const [first, second] = kinds.map((kind) => pooledAfter(streams, kind, lag, withPlanted)) as [
    Float64Array,
    Float64Array,
  ];
  const nanoseconds = role === "figure" ? smallestShift(first, second) : Math.abs(median(first) - median(second));
  const what = `${inWords(a)} / ${inWords(b)}`;
  return { role, what, where, samples, t, lag: lags.length > 1 ? lag : undefined, nanoseconds };
}

const lagsInWords = (lags: readonly number[]): string => {
  if (lags.length > 1) return `next ${lags[0]} to ${lags.at(-1)}`;
  return lags[0] === 0 ? "own response" : `next, lag ${lags[0]}`;
};

export const inWords = (name: string): string => name.replaceAll("_", " ");
