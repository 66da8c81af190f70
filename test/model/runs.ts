/** RELATCH_MODEL=long: many more sequences, other ones each time. A failure prints its seed. */
export const isLong = process.env["RELATCH_MODEL"] === "long";

/** What `npm test` runs, of each kind of token: the same sequences every time. */
export const SHORT = { numRuns: 150, seed: 1 };

export const LONG = { numRuns: 100_000 };
