/** RELATCH_SECURITY=long takes its time. */
export const LONG = process.env["RELATCH_SECURITY"] === "long";

/** Runs of a property. */
export const RUNS = LONG ? 5000 : 100;
