// The test of dudect: Welch's t between two classes of times, over all of them and over what is left below a hundred
// percentiles, of which the largest counts (O. Reparaz, J. Balasch, I. Verbauwhede, "Dude, is my code constant time?",
// DATE 2017, https://eprint.iacr.org/2016/1123). What interrupts a process makes some times very long; below a
// percentile a small difference is not drowned by them.

/** From here on it is worth measuring again: one comparison in 150,000 comes so far by chance. */
export const SUSPICIOUS = 4.5;
/** From here on the classes differ. */
export const LEAK = 10;

/** A comparison of two classes of times. */
export interface Finding {
  /** The largest of the t values, by its amount; above 0 when the first class takes longer. */
  readonly t: number;
  /** How many of all times were kept where it was found, 0 to 1. */
  readonly kept: number;
}

/** Shares of the times that are kept, as dudect chooses them: dense where the slow ones begin; all of them, last. */
const SHARES = [...Array.from({ length: 100 }, (_, index) => 1 - 0.5 ** ((index + 1) / 10)), 1];

/** Fewer say nothing about a mean. */
const MIN_KEPT = 100;

/** Compares two classes of times. */
export const compare = (a: Float64Array, b: Float64Array): Finding => largest(prepare(a), prepare(b), 0);

/**
 * The smallest shift of one class against the other that would have reached a t of `target`, in either direction and
 * in whole units of the times, which are whole numbers themselves: by less, a shift would only tell equal ones apart.
 * Found by shifting the times that were measured.
 */
export function smallestShift(a: Float64Array, b: Float64Array, target = LEAK): number {
  const [first, second] = [prepare(a), prepare(b)];
  const isSeen = (shift: number) => [shift, -shift].every((each) => Math.abs(largest(first, second, each).t) >= target);
  let seen = 1;
  for (; !isSeen(seen); seen *= 2) if (seen > 2 ** 50) return Number.POSITIVE_INFINITY;
  let unseen = Math.floor(seen / 2);
  while (seen - unseen > Math.max(1, seen / 100)) {
    const middle = Math.floor((seen + unseen) / 2);
    if (isSeen(middle)) seen = middle;
    else unseen = middle;
  }
  return seen;
}

export function median(times: Float64Array): number {
  const sorted = times.toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Times in order, with sums and sums of squares of all that come before each. */
interface Prepared {
  readonly times: Float64Array;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  /** Subtracted from each value before it is summed, so that the squares keep their digits. */
  readonly origin: number;
}

function prepare(given: Float64Array): Prepared {
  const times = given.toSorted();
  const origin = times[times.length >> 1] ?? 0;
  const sums = new Float64Array(times.length + 1);
  const squares = new Float64Array(times.length + 1);
  for (let index = 0; index < times.length; index++) {
    const time = at(times, index) - origin;
    sums[index + 1] = at(sums, index) + time;
    squares[index + 1] = at(squares, index) + time * time;
  }
  return { times, sums, squares, origin };
}

/** The largest t, with the second class shifted. */
function largest(a: Prepared, b: Prepared, shift: number): Finding {
  const together = merge(a.times, b.times, shift);
  let found: Finding = { t: 0, kept: 1 };
  for (const kept of SHARES) {
    // Equal times stay together: which of them comes first would decide on which side they fall.
    const limit = together[Math.floor(together.length * kept)] ?? Number.POSITIVE_INFINITY;
    const [countA, countB] = [countBelow(a.times, limit), countBelow(b.times, limit - shift)];
    if (Math.min(countA, countB) < MIN_KEPT) continue;
    const t = welch(momentsOf(a, countA, 0), momentsOf(b, countB, shift));
    if (Math.abs(t) > Math.abs(found.t)) found = { t, kept };
  }
  return found;
}

interface Moments {
  count: number;
  mean: number;
  variance: number;
}

function momentsOf({ sums, squares, origin }: Prepared, count: number, shift: number): Moments {
  const mean = at(sums, count) / count;
  const variance = Math.max(0, (at(squares, count) - count * mean * mean) / (count - 1));
  return { count, mean: mean + origin + shift, variance };
}

/** B. L. Welch, Biometrika 34 (1947): the variances of the classes may differ. */
function welch(a: Moments, b: Moments): number {
  const difference = a.mean - b.mean;
  const error = Math.sqrt(a.variance / a.count + b.variance / b.count);
  return difference === 0 ? 0 : difference / error;
}

function merge(a: Float64Array, b: Float64Array, shift: number): Float64Array {
  const all = new Float64Array(a.length + b.length);
  let [i, j] = [0, 0];
  for (let index = 0; index < all.length; index++) {
    const takesA = j === b.length || (i < a.length && at(a, i) <= at(b, j) + shift);
    all[index] = takesA ? at(a, i++) : at(b, j++) + shift;
  }
  return all;
}

function countBelow(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(sorted, middle) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const at = (numbers: Float64Array, index: number): number => numbers[index] as number;
