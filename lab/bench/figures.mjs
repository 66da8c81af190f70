// @ts-check
// The rows of the table: names, measured values, and budgets.
import { median, ratios, spread } from "./statistics.mjs";

/** @typedef {import("./measurements.mjs").Operations} Operations */
/** @typedef {import("./measurements.mjs").Hashing} Hashing */
/** @typedef {import("./measurements.mjs").Window} Window */
/** @typedef {import("./measurements.mjs").Loading} Loading */
/** @typedef {import("./measurements.mjs").Trips} Trips */
/** @typedef {import("./measurements.mjs").Turns} Turns */

/**
 * A row of the table.
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {Record<string, number[]>} measured By subject, one value per round.
 * @property {(value: number) => string} show
 * @property {number} [atMost] The budget of relatch.
 * @property {number} [atLeast] The budget of relatch, if more is better.
 * @property {boolean} [isWorst] Whether the largest value counts against the budget, and not the median.
 * @property {string} [title] Its title in the chart, if it is drawn.
 */

const KB = 1024;

/** Upper and lower limits. */
export const BUDGETS = {
  trips: { request: 0, job: 2, verify: 2, complete: 5 },
  inTransaction: { complete: 4 },
  signed: { job: 1, verify: 1, complete: 2 },
  /** Microseconds of processor time. */
  operation: 100,
  /** How many times as long better-auth takes. */
  timesBetterAuth: { request: 15, verify: 20, complete: 35 },
  /** Of the throughput of the hasher alone. */
  throughput: 0.97,
  /** Milliseconds of processor time. */
  turn: 5,
  /** Milliseconds over bare Node.js. */
  imported: 5,
  installedBytes: 1.2e6,
  /** Minified and gzipped. */
  core: 18 * KB,
  entries: /** @type {Record<string, number>} */ ({
    "relatch/http": 8 * KB,
    "relatch/pages": 6 * KB,
    "relatch/client": KB,
  }),
  heapPerLink: 700,
};

const integer = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
const brief = (/** @type {number} */ value) => (value < 9.95 ? value.toFixed(1) : integer(value));
const inMicroseconds = (/** @type {number} */ value) => `${brief(value)} µs`;
const inMilliseconds = (/** @type {number} */ value) => `${brief(value)} ms`;
const inTimes = (/** @type {number} */ value) => `${brief(value)}×`;
const inBytes = (/** @type {number} */ value) => `${integer(value)} B`;
const inKilobytes = (/** @type {number} */ value) => `${(value / KB).toFixed(1)} KB`;
const inMegabytes = (/** @type {number} */ value) => `${(value / 1e6).toFixed(2)} MB`;
const inShares = (/** @type {number} */ value) => value.toFixed(3);

/**
 * @template Value, Result
 * @param {Record<string, Value>} record
 * @param {(value: Value) => Result} change
 * @returns {Record<string, Result>}
 */
export const mapValues = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

/**
 * @template {object} Reading
 * @param {Record<string, Reading[]>} measured
 * @param {(reading: Reading) => number} read
 */
const each = (measured, read) => mapValues(measured, (readings) => readings.map(read));

/**
 * @param {Record<string, Trips[]>} measured
 * @returns {Figure[]}
 */
export function tripFigures({ "relatch, in_transaction": inTransaction = [], "relatch, signed": signed = [], ...all }) {
  /**
   * @param {string} name
   * @param {keyof Trips} operation
   * @param {Record<string, Trips[]>} given
   * @param {number} [atMost]
   * @returns {Figure}
   */
  const row = (name, operation, given, atMost) => ({
    name: `round trips: ${name}`,
    measured: each(given, (reading) => reading[operation].trips),
    show: integer,
    ...(atMost !== undefined && { atMost }),
  });
  /** @param {string} name @param {keyof Trips} operation @returns {Figure} */
  const time = (name, operation) => ({
    name: `database of 5 ms: ${name}`,
    measured: each(all, (reading) => reading[operation].milliseconds),
    show: inMilliseconds,
    title: `${name}, with a database of 5 ms`,
  });
  const { trips, inTransaction: inCommit, signed: ofSigned } = BUDGETS;
  const { relatch = [] } = all;
  return [
    row("request", "request", all, trips.request),
    row("job of a request, after the response", "job", { relatch }, trips.job),
    row("verify", "verify", all, trips.verify),
    row("complete", "complete", all, trips.complete),
    row('complete, sessions "in_transaction"', "complete", { relatch: inTransaction }, inCommit.complete),
    row("follow-up, after the response", "followUp", { relatch }),
    row("job of a request, signed tokens", "job", { relatch: signed }, ofSigned.job),
    row("verify, signed tokens", "verify", { relatch: signed }, ofSigned.verify),
    row('complete, signed tokens, "in_transaction"', "complete", { relatch: signed }, ofSigned.complete),
    time("request", "request"),
    time("verify", "verify"),
    time("complete", "complete"),
  ];
}

/**
 * @param {string} database
 * @param {Record<string, Operations[]>} measured
 * @returns {Figure[]}
 */
export function operationFigures(database, measured) {
  /** @param {string} name @param {(reading: Operations) => number} read @param {string} [title] @returns {Figure} */
  const row = (name, read, title) => ({
    name: `processor time, ${database}: ${name}`,
    measured: each(measured, read),
    show: inMicroseconds,
    ...(title && { title: `${title}: processor time, ${database}` }),
  });
  const withJob = (/** @type {Operations} */ { request, job }) => request + job;
  /** @param {string} name @param {(reading: Operations) => number} read @param {number} atLeast @returns {Figure} */
  const times = (name, read, atLeast) => {
    const { relatch = [], "better-auth": other = [] } = each(measured, read);
    return {
      name: `processor time, ${database}: ${name}, better-auth over relatch`,
      measured: { relatch: ratios(other, relatch) },
      show: inTimes,
      atLeast,
    };
  };
  const { operation: atMost, timesBetterAuth } = BUDGETS;
  const figures = [
    { ...row("request, until the response", ({ request }) => request), atMost },
    row("request with its job", withJob, "request with its job"),
    { ...row("verify", ({ verify }) => verify, "verify"), atMost },
    { ...row("complete, until the response", ({ complete }) => complete, "complete"), atMost },
    row("complete with its follow-up", ({ complete, followUp }) => complete + followUp),
  ];
  if (!measured["better-auth"]) return figures;
  return [
    ...figures,
    times("request, until the response", ({ request }) => request, timesBetterAuth.request),
    times("verify", ({ verify }) => verify, timesBetterAuth.verify),
    times("complete, until the response", ({ complete }) => complete, timesBetterAuth.complete),
  ];
}

/**
 * @param {string} database
 * @param {number} callers
 * @param {Record<string, Hashing[]>} measured
 * @returns {Figure[]}
 */
export function hashingFigures(database, callers, measured) {
  const where = `Argon2id, ${database}, ${callers === 1 ? "1 caller" : `${callers} callers`}`;
  const alone = (/** @type {keyof Window} */ what) =>
    brief(median(Object.values(measured).flatMap((readings) => readings.map((reading) => reading.alone[what]))));
  /** @param {string} name @param {keyof Window} what @returns {Figure} */
  const row = (name, what) => ({
    name: `${where}: ${name} (the hasher alone: ${alone(what)} ms)`,
    measured: each(measured, ({ complete }) => complete[what]),
    show: inMilliseconds,
  });
  return [
    {
      name: `${where}: throughput of complete, as a share of the hasher alone (${alone("perSecond")} per second)`,
      measured: each(measured, (reading) => reading.complete.perSecond / reading.alone.perSecond),
      show: inShares,
      atLeast: BUDGETS.throughput,
      title: `${callers} callers: share of the hasher's throughput, ${database}`,
    },
    row("latency of complete, median", "p50"),
    row("latency of complete, 99th percentile", "p99"),
    row("event loop late by, 99th percentile", "late99"),
    row("event loop late by, longest", "latest"),
  ];
}

/**
 * @param {Record<string, Turns[]>} measured
 * @returns {Figure[]}
 */
export const turnFigures = (measured) => [
  {
    name: "longest turn of the event loop, 16 people at once",
    measured: each(measured, ({ later }) => later),
    show: inMilliseconds,
    atMost: BUDGETS.turn,
    isWorst: true,
  },
  {
    name: "longest turn of the event loop, the first 16 people",
    measured: each(measured, ({ first }) => first),
    show: inMilliseconds,
    atMost: BUDGETS.turn,
    isWorst: true,
  },
];

/**
 * @param {Record<string, Loading[]>} all
 * @param {string} bare
 * @returns {Figure[]}
 */
export function importFigures(all, bare) {
  const { [bare]: floor = [], ...measured } = all;
  /** @param {keyof Loading} what */
  const over = (what) =>
    mapValues(measured, (readings) => readings.map((reading, round) => reading[what] - (floor[round]?.[what] ?? 0)));
  return [
    {
      name: "import, processor time over bare Node.js",
      measured: over("imported"),
      show: inMilliseconds,
      atMost: BUDGETS.imported,
      title: "import: processor time over bare Node.js",
    },
    {
      name: `cold start over bare Node.js (${brief(median(floor.map(({ started }) => started)))} ms)`,
      measured: over("started"),
      show: inMilliseconds,
    },
  ];
}

/**
 * @param {{ core: number, bundles: Record<string, number>, entries: Record<string, number>,
 *   installs: Record<string, { bytes: number, packages: number } | undefined> }} sizes
 * @returns {Figure[]}
 */
export function sizeFigures({ core, bundles, entries, installs }) {
  const single = (/** @type {number} */ value) => [value];
  const installed = Object.fromEntries(
    Object.entries(installs).flatMap(([name, size]) => (size ? [[name, size]] : [])),
  );
  return [
    {
      name: "bundle of an application, minified and gzipped",
      measured: mapValues(bundles, single),
      show: inKilobytes,
      title: "bundle: minified and gzipped",
    },
    { name: "bundle: the core without texts", measured: { relatch: [core] }, show: inKilobytes, atMost: BUDGETS.core },
    ...Object.entries(entries).map(([name, bytes]) => {
      const atMost = BUDGETS.entries[name];
      return {
        name: `bundle: ${name}`,
        measured: { relatch: [bytes] },
        show: inKilobytes,
        ...(atMost !== undefined && { atMost }),
      };
    }),
    {
      name: "installed, on disk",
      measured: mapValues(installed, ({ bytes }) => [bytes]),
      show: inMegabytes,
      atMost: BUDGETS.installedBytes,
      title: "installed, on disk",
    },
    {
      name: "installed, packages",
      measured: mapValues(installed, ({ packages }) => [packages]),
      show: integer,
    },
  ];
}

/**
 * @param {Record<number, number>} measured
 * @returns {Figure[]}
 */
export const heapFigures = (measured) =>
  Object.entries(measured).map(([count, bytes]) => ({
    name: `heap of a valid link in memory, ${integer(Number(count))} of them`,
    measured: { relatch: [bytes] },
    show: inBytes,
    atMost: BUDGETS.heapPerLink,
  }));

/** @param {Figure} figure @returns {"met" | "missed" | ""} */
export function judge({ measured: { relatch = [] }, atMost, atLeast, isWorst = false }) {
  const { median: middle, min, max } = spread(relatch);
  if (atMost !== undefined) return (isWorst ? max : middle) <= atMost ? "met" : "missed";
  if (atLeast !== undefined) return (isWorst ? min : middle) >= atLeast ? "met" : "missed";
  return "";
}

/** Nearer than that is level. */
const NEAR = 1.05;

/**
 * Lists the subjects that are ahead of relatch: every round said so, and by more than a twentieth.
 *
 * @param {Figure} figure
 */
export function listAhead({ measured: { relatch = [], ...others }, atLeast }) {
  return Object.entries(others)
    .filter(([, values]) => {
      const pairs = relatch.map((own, round) => [own, values[round % values.length] ?? own]);
      const ways = pairs.map(([own = 0, other = 0]) => (atLeast === undefined ? own / other : other / own));
      const { median: middle, min } = spread(ways);
      return min > 1 && middle > NEAR;
    })
    .map(([name]) => name);
}
