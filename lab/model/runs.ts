/** RELATCH_MODEL=long: many more sequences, other ones each time. A failure prints its seed. */
export const isLong = process.env["RELATCH_MODEL"] === "long";

/** The short run for each kind of token. Its sequences are always the same. */
export const SHORT = { numRuns: 150, seed: 1 };

export const LONG = { numRuns: 100_000 };
