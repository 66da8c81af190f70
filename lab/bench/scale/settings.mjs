// @ts-check
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

/** @typedef {import("../../../dist/index.js").TokenStore} TokenStore */
/** @typedef {{ store: TokenStore, rows: number, first: number }} Subject `first`: the first valid record. */

export const { values: given } = parseArgs({
  options: {
    rows: { type: "string" },
    calls: { type: "string" },
    only: { type: "string", default: "postgres,mysql,sqlite,redis" },
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
export const SMALL = 10_000;
export const LARGE = Number(given.rows ?? (given.quick ? 100_000 : 10_000_000));
if (!(LARGE >= 100_000)) throw new Error("--rows: at least 100,000");
export const CALLS = Number(given.calls ?? (given.quick ? 300 : 3000));
export const WARM_UP = given.quick ? 100 : 500;
export const HOUR = 3_600_000;
/**
 * When the first valid record expires; the others follow within the hour, in the order in which they were saved. One in
 * fifty has expired by then. All of it lies ahead of the real clock, so that the saves purge nothing.
 */
export const START = Date.now() + 3 * HOUR;
export const SCATTERED = 50;

/** In the name of everything that is made. */
export const run = randomBytes(5).toString("hex");
/** @type {(() => unknown)[]} */
export const cleanups = [];
