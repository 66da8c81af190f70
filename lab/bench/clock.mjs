// @ts-check

/**
 * Measures how long a call takes in microseconds of wall-clock time.
 *
 * @template Result
 * @param {() => Result | Promise<Result>} call
 */
export async function clock(call) {
  const start = process.hrtime.bigint();
  const result = await call();
  return { result, time: Number(process.hrtime.bigint() - start) / 1000 };
}
