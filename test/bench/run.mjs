// @ts-check
// Measures everything in processes of their own, one at a time and in turn, so that what slows the machine down for
// a while slows both sides of a ratio down. See docs/benchmarks.md for what the figures mean.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coreSize } from "../package/bundle.mjs";
import { budgets } from "./budgets.mjs";
import { asMarkdown, asTable, page } from "./report.mjs";
import { median, spread } from "./statistics.mjs";

/** @typedef {import("./report.mjs").Row} Row */

const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, write: { type: "boolean" }, quick: { type: "boolean" } },
});
const here = fileURLToPath(new URL(".", import.meta.url));
const rounds = options.quick ? 3 : 7;

/** @param {string[]} args */
const inProcess = (...args) =>
  JSON.parse(execFileSync(process.execPath, args, { cwd: here, encoding: "utf8" }));

/** @type {Row[]} */
const rows = [...operations("memory"), ...operations("sqlite"), importTime(), ...heap(), await bundleSize()];
console.log(asTable(rows));
if (options.write) {
  writeFileSync(new URL("../../docs/benchmarks.md", import.meta.url), page(asMarkdown(rows), rounds));
}
if (options.check && rows.some(({ missed }) => missed)) process.exitCode = 1;

/**
 * @param {"memory" | "sqlite"} backend
 * @returns {Row[]}
 */
function operations(backend) {
  /** @type {Record<string, number[]>} */
  const ratios = {};
  for (let round = 0; round < rounds; round++) {
    const floor = inProcess("operations.mjs", backend, "floor");
    const relatch = inProcess("operations.mjs", backend, "relatch");
    const limited = inProcess("operations.mjs", backend, "relatch, default limits");
    for (const operation of ["request", "verify", "complete"]) {
      ratios[operation] = [...(ratios[operation] ?? []), relatch[operation] / floor[operation]];
    }
    ratios["limits"] = [...(ratios["limits"] ?? []), limited.request / floor.request];
  }
  const budget = budgets[backend];
  const row = (
    /** @type {string} */ name,
    /** @type {string} */ key,
    /** @type {number} */ limit = Infinity,
  ) => judged(`${backend}: ${name}`, spread(ratios[key] ?? []), limit, "×");
  return [
    row("requestReset, no limits", "request", budget.request),
    row("requestReset, default limits", "limits"),
    row("verifyToken", "verify", budget.verify),
    row("completeReset", "complete", budget.complete),
  ];
}

/** @returns {Row} */
function importTime() {
  /** @type {number[]} */
  const differences = [];
  for (let round = 0; round < rounds * 3; round++) {
    const floor = inProcess("import-time.mjs", "./import-floor.mjs");
    differences.push(inProcess("import-time.mjs", "relatch") - floor);
  }
  // The middle half: the first import after something else used the disk says nothing about the package.
  const sorted = differences.sort((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  const middle = spread(sorted.slice(quarter, sorted.length - quarter));
  return judged(
    "import, over @oslojs alone",
    { ...middle, median: median(differences) },
    budgets.importMilliseconds,
    " ms",
  );
}

/** @returns {Row[]} */
function heap() {
  // A Map doubles its table when it is full: one more than a power of two is the worst that can happen.
  return [100_000, 131_073, 140_000].map((count) => {
    const bytes = inProcess("--expose-gc", "heap.mjs", String(count));
    const name = `heap of a token, ${count.toLocaleString("en")} of them`;
    return judged(name, spread([bytes]), budgets.tokenBytes, " B");
  });
}

/** @returns {Promise<Row>} */
async function bundleSize() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const bytes = await coreSize(root, join(root, "dist"));
  return judged("core bundle without texts, gzipped", spread([bytes]), budgets.coreBytes, " B");
}

/**
 * @param {string} name
 * @param {ReturnType<typeof spread>} measured
 * @param {number} limit
 * @param {string} unit
 * @returns {Row}
 */
function judged(name, { median: middle, min, max }, limit, unit) {
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
