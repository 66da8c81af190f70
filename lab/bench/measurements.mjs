// @ts-check
// Measures each subject in its own process, one at a time and in turn, so that anything that slows the machine down for
// a while slows both sides of a ratio down.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** @param {string[]} args */
export const inProcess = (...args) =>
  JSON.parse(execFileSync(process.execPath, args, { cwd: here, encoding: "utf8", env: ENV }));

/** As a server would be run: some packages do more while they are developed with. */
const ENV = { ...process.env, NODE_ENV: "production" };

/**
 * Runs each command once per round, and returns its output in every round.
 *
 * @template {string} Name
 * @param {number} rounds
 * @param {readonly Name[]} names
 * @param {(name: Name) => string[]} command
 * @returns {Record<Name, any[]>}
 */
export function inTurn(rounds, names, command) {
  /** @type {[Name, any[]][]} */
  const answers = names.map((name) => [name, []]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, heard] of answers) heard.push(inProcess(...command(name)));
  }
  return /** @type {Record<Name, any[]>} */ (Object.fromEntries(answers));
}

/** @typedef {{ request: number, verify: number, complete: number }} Operations Microseconds of a call. */

/**
 * @param {"memory" | "sqlite"} backend
 * @param {number} rounds
 * @param {string[]} names
 * @returns {Record<string, Operations[]>}
 */
export const operations = (backend, rounds, names) =>
  inTurn(rounds, names, (name) => ["operations.mjs", backend, name, batchesOf(name)]);

/** Fewer calls where each takes as long as many of the others', after as many to warm up. */
const batchesOf = (/** @type {string} */ name) => (name === "better-auth" ? "10" : "40");

/** @type {Record<string, string>} */
const MODULES = {
  floor: "./import-floor.mjs",
  "hand-written": "./hand-written.mjs",
  relatch: "../../dist/index.js",
  "better-auth": "better-auth/minimal",
};

/**
 * Milliseconds of processor time.
 *
 * @param {number} rounds
 * @param {string[]} names
 * @returns {Record<string, number[]>}
 */
export const imports = (rounds, names) => inTurn(rounds, names, (name) => ["import-time.mjs", MODULES[name] ?? name]);

/** @typedef {{ p50: number, p99: number, max: number, wave: number }} Lateness Milliseconds. */

/**
 * @param {number} rounds
 * @param {string[]} names
 * @returns {Record<string, Lateness[]>}
 */
export const eventLoop = (rounds, names) => inTurn(rounds, names, (name) => ["event-loop.mjs", name]);

/** @typedef {Record<string, { trips: number, time: number }>} Trips */

/**
 * @param {string[]} names
 * @returns {Record<string, Trips[]>}
 */
export const roundTrips = (names) => inTurn(1, names, (name) => ["round-trips.mjs", name]);
