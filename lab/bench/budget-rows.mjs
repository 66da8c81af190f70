// @ts-check
import { fileURLToPath } from "node:url";
import { coreSize } from "../../test/system/package/bundle.mjs";
import { budgets } from "./budgets.mjs";
import { inProcess } from "./measurements.mjs";
import { median, middleHalf, ratios, spread } from "./statistics.mjs";

/** @typedef {{ name: string, measured: string, spread: string, budget: string, missed: boolean }} Row */
/** @typedef {import("./measurements.mjs").Operations} Operations */

/** The subjects that have a budget. */
export const BUDGETED = ["floor", "relatch", "relatch, limits and sessions"];

/**
 * @param {"memory" | "sqlite"} backend
 * @param {Record<string, Operations[]>} measured
 * @returns {Row[]}
 */
export function operationRows(backend, measured) {
  const [floor = [], bare = [], limited = []] = BUDGETED.map((name) => measured[name]);
  const budget = budgets[backend];
  const over = (/** @type {Operations[]} */ subject, /** @type {keyof Operations} */ operation) =>
    spread(
      ratios(
        subject.map((each) => each[operation]),
        floor.map((each) => each[operation]),
      ),
    );
  return [
    judge(`${backend}: requestReset, no limits`, over(bare, "request"), "×", budget.request),
    judge(`${backend}: requestReset, default limits`, over(limited, "request"), "×"),
    judge(`${backend}: verifyToken`, over(bare, "verify"), "×", budget.verify),
    judge(`${backend}: completeReset`, over(bare, "complete"), "×", budget.complete),
  ];
}

/**
 * @param {Record<string, number[]>} measured
 * @returns {Row}
 */
export function importRow({ relatch = [], floor = [] }) {
  const differences = relatch.map((time, round) => time - (floor[round] ?? Number.NaN));
  const shown = { ...middleHalf(differences), median: median(differences) };
  return judge("import, over @oslojs alone", shown, " ms", budgets.importMilliseconds);
}

/** @returns {Row[]} */
export function heapRows() {
  // A Map doubles its table when it is full: one more than a power of two is the worst that can happen.
  return [100_000, 131_073, 140_000].map((count) => {
    const bytes = inProcess("--expose-gc", "heap.mjs", String(count));
    const name = `heap of a token, ${count.toLocaleString("en")} of them`;
    return judge(name, spread([bytes]), " B", budgets.tokenBytes);
  });
}

/** @returns {Promise<Row>} */
export async function bundleRow() {
  const path = (/** @type {string} */ relative) => fileURLToPath(new URL(relative, import.meta.url));
  const bytes = await coreSize(path("../.."), path("../../dist"));
  return judge("core bundle without texts, gzipped", spread([bytes]), " B", budgets.coreBytes);
}

/**
 * @param {string} name
 * @param {import("./statistics.mjs").Spread} measured
 * @param {string} unit
 * @param {number} [limit]
 * @returns {Row}
 */
function judge(name, { median: middle, min, max }, unit, limit = Number.POSITIVE_INFINITY) {
  const show = (/** @type {number} */ value) =>
    unit === " B" ? Math.round(value).toLocaleString("en") : value.toFixed(1);
  return {
    name,
    measured: `${show(middle)}${unit}`,
    spread: min === max ? "" : `${show(min)} – ${show(max)}`,
    budget: Number.isFinite(limit) ? `${limit.toLocaleString("en")}${unit}` : "",
    missed: middle > limit,
  };
}
