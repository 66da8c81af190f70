/** One line of the source that keeps something out, and what is left of it when somebody takes it away. */
export interface Guard {
  /** What it keeps out. */
  why: string;
  /** Below `src/`. */
  file: string;
  /** Stands in the file exactly once. */
  find: string;
  replace: string;
  /** The tests that have to notice, below `test/`. */
  tests: readonly string[];
}

/** The guards of one file. */
export const of = (
  file: string,
  tests: readonly string[],
  ...guards: [why: string, find: string, replace: string, more?: readonly string[]][]
): Guard[] =>
  guards.map(([why, find, replace, more = []]) => ({ why, file, find, replace, tests: [...tests, ...more] }));
