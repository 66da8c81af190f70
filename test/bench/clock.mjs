// @ts-check

/**
 * How long a call takes by the clock on the wall, in microseconds.
 *
 * @template Answer
 * @param {() => Answer | Promise<Answer>} call
 */
export async function clocked(call) {
  const start = process.hrtime.bigint();
  const answer = await call();
  return { answer, time: Number(process.hrtime.bigint() - start) / 1000 };
}
