import fc from "fast-check";

/** RELATCH_FUZZ=long: as many inputs as it takes hours to run, other ones each time. A failure prints its seed. */
export const isLong = process.env["RELATCH_FUZZ"] === "long";

/** The same inputs every time in `npm test`. */
export const plan = (short: number, long = 1_000_000) => (isLong ? { numRuns: long } : { numRuns: short, seed: 1 });

export const timeout = isLong ? 6 * 60 * 60 * 1000 : 60_000;

/** A property that may be asynchronous, run as long as is asked for. */
export const assertAll = <T>(
  values: fc.Arbitrary<T>,
  holds: (value: T) => unknown,
  runs: { numRuns: number; seed?: number },
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(values, async (value) => {
      await holds(value);
    }),
    runs,
  ) as Promise<void>;
