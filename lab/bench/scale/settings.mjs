// @ts-check
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

/** @typedef {import("../../../dist/index.js").TokenStore} TokenStore */
/** @typedef {{ store: TokenStore, rows: number, first: number }} Subject `first`: the first live record. */

export const { values: given } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    calls: { type: "string", default: "3000" },
    only: { type: "string", default: "postgres,sqlite,redis" },
    write: { type: "boolean" },
  },
});
export const SMALL = 10_000;
export const LARGE = Number(given.rows);
if (!(LARGE >= 100_000)) throw new Error("--rows: at least 100,000");
export const CALLS = Number(given.calls);
export const WARM_UP = 500;
export const HOUR = 3_600_000;
/** Records live for the next hour, in the order in which they were asked for; one in fifty has expired. */
export const START = Date.now() + HOUR;
export const SCATTERED = 50;

/** In the name of everything that is made. */
export const run = randomBytes(5).toString("hex");
/** @type {(() => unknown)[]} */
export const cleanups = [];
