// @ts-check
import { middleHalf, ratios, spread } from "./statistics.mjs";

/** @typedef {import("./statistics.mjs").Spread} Spread */
/** @typedef {import("./measurements.mjs").Operations} Operations */
/** @typedef {import("./measurements.mjs").Lateness} Lateness */
/** @typedef {{ value: number, label: string }} Figure */
/**
 * One line of a comparison: less is better in all of them.
 *
 * @typedef {{ name: string, figures: Record<string, Figure>, verdict: string }} Compared
 */

const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
const brief = (/** @type {number} */ value) => (value < 9.95 ? value.toFixed(1) : count(value));

/** @param {string} unit */
const formatRange =
  (unit, show = brief) =>
  (/** @type {Spread} */ { median, min, max }) =>
    `${show(median)}${unit}${min === max ? "" : ` (${show(min)} – ${show(max)})`}`;

const FLOOR = "floor";
/** The same hashes and nothing else: nobody can be ahead of it. */
export const ALONE = "hashing alone";
/** Nearer than that is level. */
const NEAR = 1.05;

/**
 * @param {string} name
 * @param {Record<string, number[]>} measured What each subject took, by rounds.
 * @param {(figures: Spread) => string} label
 * @param {(values: number[]) => Spread} [summary]
 * @returns {Compared}
 */
function compare(name, measured, label, summary = spread) {
  const figures = mapValues(measured, (values) => {
    const figure = summary(values);
    return { value: figure.median, label: label(figure) };
  });
  const { relatch, [FLOOR]: _, ...others } = measured;
  if (!relatch) return { name, figures, verdict: "not measured" };
  const verdicts = Object.entries(others).map(([other, values]) => {
    const ratio = summary(ratios(relatch, values));
    if (other === ALONE) return `${formatRange("×")(ratio)} of ${other}`;
    if (ratio.max < 1 && ratio.median < 1 / NEAR) return `ahead of ${other}${times(1 / ratio.median)}`;
    if (ratio.min > 1 && ratio.median > NEAR) return `behind ${other}${times(ratio.median)}`;
    return `level with ${other}`;
  });
  return { name, figures, verdict: verdicts.join(", ") };
}

const times = (/** @type {number} */ factor) => (Number.isFinite(factor) ? ` (${brief(factor)}×)` : "");

/**
 * @template Value, Result
 * @param {Record<string, Value>} record
 * @param {(value: Value) => Result} change
 * @returns {Record<string, Result>}
 */
const mapValues = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

/**
 * @param {Record<string, Operations[]>} measured
 * @param {string[]} others
 * @returns {Compared[]}
 */
export function operationsCompared(measured, others) {
  const row = (/** @type {keyof Operations} */ operation, /** @type {string} */ own) => {
    const times = mapValues(measured, (readings) => readings.map((reading) => reading[operation]));
    const over = (/** @type {string} */ subject) => ratios(times[subject] ?? [], times[FLOOR] ?? []);
    const entries = [FLOOR, ...others].map((other) => [other, over(other)]);
    return compare(operation, { ...Object.fromEntries(entries), relatch: over(own) }, formatRange("×"));
  };
  // The others end the sessions; the row that has a budget does not.
  return [row("request", "relatch"), row("verify", "relatch"), row("complete", "relatch, limits and sessions")];
}

/**
 * @param {Record<string, number[]>} imported
 * @param {Record<string, number>} bundles
 * @param {Record<string, { bytes: number, packages: number } | undefined>} installs
 * @returns {Compared[]}
 */
export function sizesCompared({ [FLOOR]: _, ...imported }, bundles, installs) {
  const installed = Object.fromEntries(
    Object.entries(installs).flatMap(([name, size]) => (size ? [[name, size]] : [])),
  );
  const single = (/** @type {number} */ value) => [value];
  return [
    compare(
      "import, processor time",
      imported,
      formatRange(" ms", (time) => time.toFixed(1)),
      middleHalf,
    ),
    compare(
      "bundle, minified and gzipped",
      mapValues(bundles, single),
      ({ median }) => `${(median / 1e3).toFixed(1)} kB`,
    ),
    compare(
      "installed, on disk",
      mapValues(installed, ({ bytes }) => [bytes]),
      ({ median }) => `${(median / 1e6).toFixed(1)} MB`,
    ),
    compare(
      "installed, packages",
      mapValues(installed, ({ packages }) => [packages]),
      ({ median }) => count(median),
    ),
  ];
}

/**
 * @param {Record<string, Lateness[]>} measured
 * @returns {Compared[]}
 */
export function eventLoopCompared(measured) {
  const show = formatRange(" ms", (milliseconds) => milliseconds.toFixed(milliseconds < 9.95 ? 2 : 0));
  const row = (/** @type {string} */ name, /** @type {keyof Lateness} */ what) =>
    compare(
      name,
      mapValues(measured, (readings) => readings.map((reading) => reading[what])),
      show,
    );
  return [
    row("late by, median", "p50"),
    row("late by, 99th percentile", "p99"),
    row("late by, longest", "max"),
    row("until all 16 are done", "wave"),
  ];
}

/**
 * @param {Record<string, import("./measurements.mjs").Trips[]>} measured
 * @returns {Compared[]}
 */
export function tripsCompared({ "relatch, sessions in the commit": inCommit = [], ...measured }) {
  const row = (/** @type {string} */ name, /** @type {string} */ key, given = measured) => {
    const readings = mapValues(given, ([reading]) => reading?.[key] ?? { trips: 0, time: 0 });
    const done = Object.fromEntries(Object.entries(readings).filter(([, { trips }]) => trips > 0 || isOperation(key)));
    const line = compare(
      name,
      mapValues(done, ({ trips }) => [trips]),
      ({ median }) => count(median),
    );
    for (const [subject, figure] of Object.entries(line.figures)) {
      figure.label += ` (${done[subject]?.time.toFixed(1)})`;
    }
    return line;
  };
  return [
    row("request, until the response", "request"),
    row("its job, after the response", "requestJob"),
    row("verify", "verify"),
    row("complete, until the response", "complete"),
    row("the same, sessions ended by the commit", "complete", { relatch: inCommit }),
    row("its follow-up, after the response", "completeJob"),
  ];
}

/** An operation without a call counts. A job without a call does not exist. */
const isOperation = (/** @type {string} */ key) => !key.endsWith("Job");
