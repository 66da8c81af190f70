// Statistics in which a good sample stands out once in 10^8 times, so that nobody learns to run a red test again.

/** How many standard deviations are too many: 2·10^-9 of good samples are further out. */
export const TOO_MANY = 6;

/** By how many standard deviations the share of ones among the bits is not one half (NIST SP 800-22 §2.1). */
export function monobit(bytes: Uint8Array): number {
  let ones = 0;
  for (let byte of bytes) for (; byte > 0; byte >>= 1) ones += byte & 1;
  const bits = 8 * bytes.length;
  return Math.abs(2 * ones - bits) / Math.sqrt(bits);
}

/** By how many standard deviations the counts are not equal, taken together: chi-square after Wilson and Hilferty. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const sum = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
  const freedom = counts.length - 1;
  const variance = 2 / (9 * freedom);
  return Math.abs((Math.cbrt(sum / freedom) - (1 - variance)) / Math.sqrt(variance));
}

/** By how many standard deviations the one that is furthest out of the counts is not what it should be. */
export function furthest(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = 1 / counts.length;
  const deviation = Math.sqrt(total * share * (1 - share));
  return Math.max(...counts.map((count) => Math.abs(count - total * share))) / deviation;
}

/** By how many standard deviations the order of the texts tells in which order they came (Spearman's rho). */
export function orderliness(texts: readonly string[]): number {
  const n = texts.length;
  const ranked = texts
    .map((text, index) => ({ text, index }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  const squares = ranked.reduce((sum, { index }, rank) => sum + (index - rank) ** 2, 0);
  return Math.abs(1 - (6 * squares) / (n * (n * n - 1))) * Math.sqrt(n - 1);
}

/** How often each value below `size` is there. */
export function tally(values: Iterable<number>, size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
