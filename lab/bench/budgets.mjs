// @ts-check
/** Upper limits. Times are multiples of the floor (`floor` of subjects.mjs) that is measured in the same run. */
export const budgets = {
  memory: { request: 6, verify: 8, complete: 8 },
  sqlite: { request: 4.5, verify: 5.5, complete: 5 },
  /** Milliseconds on top of importing the same @oslojs modules. */
  importMilliseconds: 4,
  /** Minified, gzipped, dependencies included. */
  coreBytes: 14 * 1024,
  /** Heap of one outstanding token in memory, at any number of tokens. */
  tokenBytes: 350,
};
