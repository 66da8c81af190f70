import { compare, type Finding } from "./statistics.ts";

/** A run of requests: of which class each was, and how long it took, in whole nanoseconds. */
export interface Stream {
  readonly classes: Uint8Array;
  readonly times: Float64Array;
  /** 1 where a delay was planted: such a time counts in the control alone. */
  readonly planted: Uint8Array;
  /** How many requests at the start are ignored, while compilers and caches get warm. */
  readonly warmUp: number;
}

/**
 * The times of requests by the class of the one that came `lag` before them: 0 for their own, 1 for the next request
 * of the same process. The order of the classes is random, so that whatever else slows a request down is the same
 * for all of them.
 */
export function timesAfter(
  { classes, times, planted, warmUp }: Stream,
  kind: number,
  lag: number,
  withPlanted = false,
): Float64Array {
  const after: number[] = [];
  for (let index = Math.max(warmUp, lag); index < times.length; index++) {
    if (classes[index - lag] !== kind || (planted[index] === 1 && !withPlanted)) continue;
    after.push(times[index] as number);
  }
  return Float64Array.from(after);
}

/** The same of several runs, of which each is compared with itself alone. */
export function pooledAfter(streams: readonly Stream[], kind: number, lag: number, withPlanted = false): Float64Array {
  const parts = streams.map((stream) => timesAfter(stream, kind, lag, withPlanted));
  const pooled = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    pooled.set(part, offset);
    offset += part.length;
  }
  return pooled;
}

/**
 * For each request of a class, the mean of what came at these lags: what an attacker who sends many probes after one
 * request would look at. Neighbors share probes. The order of the classes is random, so this favors neither.
 */
export function meansAfter(streams: readonly Stream[], kind: number, lags: readonly number[]): Float64Array {
  const means: number[] = [];
  for (const { classes, times, planted, warmUp } of streams) {
    for (let index = warmUp; index + Math.max(...lags) < times.length; index++) {
      if (classes[index] !== kind) continue;
      const probes = lags.map((lag) => index + lag).filter((probe) => planted[probe] !== 1);
      if (probes.length === 0) continue;
      means.push(probes.reduce((sum, probe) => sum + (times[probe] as number), 0) / probes.length);
    }
  }
  return Float64Array.from(means);
}

export interface LagFinding extends Finding {
  readonly lag: number;
  /** In the smaller class. */
  readonly samples: number;
}

/** The lag at which two classes differ most, of these. */
export function mostAfter(
  streams: readonly Stream[],
  [a, b]: readonly [number, number],
  lags: readonly number[],
  withPlanted = false,
): LagFinding {
  const findings = lags.map((lag) => {
    const times = [a, b].map((kind) => pooledAfter(streams, kind, lag, withPlanted));
    const [first = EMPTY, second = EMPTY] = times;
    return { ...compare(first, second), lag, samples: Math.min(first.length, second.length) };
  });
  return findings.reduce((most, each) => (Math.abs(each.t) > Math.abs(most.t) ? each : most));
}

const EMPTY = new Float64Array();
