// @ts-check
// Measures each subject in its own process, one at a time and in turn, so that anything that slows the machine down for
// a while slows both sides of a ratio down.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** @param {string[]} args */
export const inProcess = (...args) =>
  JSON.parse(execFileSync(process.execPath, args, { cwd: here, encoding: "utf8", env: ENV }));

/** The process that imports nothing. */
export const BARE = "bare Node.js";

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

/** @typedef {{ request: number, job: number, verify: number, complete: number, followUp: number }} Operations */

/**
 * Microseconds of processor time per call.
 *
 * @param {"sqlite" | "postgres"} backend
 * @param {number} rounds
 * @param {readonly string[]} subjects
 * @param {boolean} isQuick
 * @returns {Record<string, Operations[]>}
 */
export const operations = (backend, rounds, subjects, isQuick) =>
  inTurn(rounds, subjects, (name) => ["operations.mjs", backend, name, ...batchesOf(backend, name, isQuick)]);

/**
 * Batches to warm up and to measure: fewer where each takes as long as many of the others'.
 *
 * @param {string} backend
 * @param {string} name
 * @param {boolean} isQuick
 */
function batchesOf(backend, name, isQuick) {
  if (isQuick) return ["2", "2"];
  if (name === "better-auth") return ["8", "8"];
  return backend === "postgres" ? ["15", "15"] : ["20", "40"];
}

/** @type {Record<string, string>} */
const MODULES = {
  [BARE]: "./nothing.mjs",
  "hand-written": "./hand-written.mjs",
  relatch: "../../dist/index.js",
  "better-auth": "better-auth/minimal",
};

/** @typedef {{ imported: number, started: number }} Loading Milliseconds. */

/**
 * @param {number} rounds
 * @param {readonly string[]} names
 * @returns {Record<string, Loading[]>}
 */
export const imports = (rounds, names) => inTurn(rounds, names, (name) => ["import-time.mjs", MODULES[name] ?? name]);

/** @typedef {{ first: number, later: number }} Turns Milliseconds. */

/**
 * @param {number} rounds
 * @param {readonly string[]} subjects
 * @param {boolean} isQuick
 * @returns {Record<string, Turns[]>}
 */
export const turns = (rounds, subjects, isQuick) =>
  inTurn(rounds, subjects, (name) => ["turns.mjs", name, isQuick ? "20" : "60"]);

/** @typedef {{ perSecond: number, p50: number, p99: number, late50: number, late99: number, latest: number }} Window */
/** @typedef {{ alone: Window, complete: Window }} Hashing */

/**
 * Pairs of windows with the real Argon2id: of each round and each process several.
 *
 * @param {"sqlite" | "postgres"} backend
 * @param {number} rounds
 * @param {readonly string[]} subjects
 * @param {number} callers
 * @param {boolean} isQuick
 * @returns {Record<string, Hashing[]>}
 */
export function hashing(backend, rounds, subjects, callers, isQuick) {
  const [windows, calls] = isQuick ? ["2", "16"] : ["3", "64"];
  const readings = inTurn(rounds, subjects, (name) => ["hashing.mjs", backend, name, String(callers), windows, calls]);
  return Object.fromEntries(Object.entries(readings).map(([name, processes]) => [name, processes.flat()]));
}

/** @typedef {Record<"request" | "job" | "verify" | "complete" | "followUp", { trips: number, milliseconds: number }>} Trips */

/**
 * @param {readonly string[]} names
 * @returns {Record<string, Trips[]>}
 */
export const roundTrips = (names) => inTurn(1, names, (name) => ["round-trips.mjs", name]);

/** Returns the bytes of heap per valid link, at this number of links in memory. @param {number} count @returns {number} */
export const heap = (count) => inProcess("--expose-gc", "heap.mjs", String(count));
