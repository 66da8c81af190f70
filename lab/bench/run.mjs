// @ts-check
// See docs/benchmarks.md for what the figures mean.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BUDGETED, bundleRow, heapRows, importRow, operationRows } from "./budget-rows.mjs";
import { chart, group } from "./chart.mjs";
import { ALONE, eventLoopCompared, operationsCompared, sizesCompared, tripsCompared } from "./comparisons.mjs";
import { eventLoop, imports, operations, roundTrips } from "./measurements.mjs";
import { installedOthers } from "./others.mjs";
import { asMarkdown, asText, budgetTable, comparisonTable, missedBudgets, page } from "./report.mjs";
import { bundleSize, installSize } from "./sizes.mjs";

const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, write: { type: "boolean" }, quick: { type: "boolean" } },
});
const rounds = options.quick ? 3 : 7;
// Nothing but relatch has a budget.
const others = options.check && !options.write ? [] : installedOthers();
const subjects = ["hand-written", "relatch", "better-auth"].filter(
  (name) => name === "relatch" || others.includes(name),
);

const memory = await time("memory", () => operations("memory", rounds, BUDGETED));
const sqlite = await time("SQLite", () => operations("sqlite", rounds, [...BUDGETED, ...others]));
const imported = await time("import", () => imports(rounds * 3, ["floor", ...subjects]));
const rows = [
  ...operationRows("memory", memory),
  ...operationRows("sqlite", sqlite),
  importRow(imported),
  ...(await time("heap", heapRows)),
  await time("core bundle", bundleRow),
];
console.log(`${asText(budgetTable(rows))}\n\n${missedBudgets(rows)}`);
if (options.check && rows.some(({ missed }) => missed)) process.exitCode = 1;
if (others.length > 0) await compare();

async function compare() {
  const late = await time("event loop", () => eventLoop(options.quick ? 2 : 5, [ALONE, ...subjects]));
  const trips = await time("round trips", () => roundTrips([...subjects, "relatch, sessions in the commit"]));
  const bundles = await time("bundles", () => each(bundleSize));
  const installs = await time("installation", () => each(installSize));

  const compared = {
    operations: operationsCompared(sqlite, others),
    sizes: sizesCompared(imported, bundles, installs),
    eventLoop: eventLoopCompared(late),
    trips: tripsCompared(trips),
  };
  const tables = {
    operations: comparisonTable("SQLite, times the floor", compared.operations, subjects),
    sizes: comparisonTable("before the first call", compared.sizes, subjects),
    eventLoop: comparisonTable("event loop", compared.eventLoop, [ALONE, ...subjects]),
    trips: comparisonTable("calls to the database (time)", compared.trips, subjects),
  };
  console.log(`\n${Object.values(tables).map(asText).join("\n\n")}`);
  if (!options.write) return;

  const parts = Object.entries(tables).map(([name, table]) => [name, asMarkdown(table.map(withLosses))]);
  const text = page({
    ...Object.fromEntries(parts),
    budgets: `${asMarkdown(budgetTable(rows))}\n\n${missedBudgets(rows)}`,
    rounds: String(rounds),
  });
  writeFileSync(new URL("../../docs/benchmarks.md", import.meta.url), text);
  writeFileSync(new URL("../../docs/images/benchmarks.svg", import.meta.url), drawn(compared));
}

/** The eye finds them. */
function withLosses(/** @type {string[]} */ cells) {
  return cells.map((cell) => cell.replaceAll("behind", "**behind**"));
}

/** @param {Record<"operations" | "sizes" | "trips", import("./comparisons.mjs").Compared[]>} compared */
function drawn({ operations: [request, verify, complete], sizes: [loading, bundle, installed], trips }) {
  const groups = (/** @type {[string, import("./comparisons.mjs").Compared | undefined][]} */ ...of) =>
    of.flatMap(([title, line]) => (line ? [group(title, line, ["floor", ...subjects])] : []));
  return chart([
    groups(
      ["requestReset: processor time over the floor, on SQLite", request],
      ["verifyToken: the same", verify],
      ["completeReset: the same", complete],
      ["completeReset: calls to the database until it responds", trips[3]],
    ),
    groups(
      ["Import: processor time", loading],
      ["Bundle: minified and gzipped", bundle],
      ["Installation: on disk", installed],
      ["requestReset: calls to the database until it responds", trips[0]],
      ["verifyToken: the same", trips[2]],
    ),
  ]);
}

/**
 * @template Result
 * @param {(name: "hand-written" | "relatch" | "better-auth") => Result | Promise<Result>} measure
 */
async function each(measure) {
  /** @type {Record<string, Awaited<Result>>} */
  const results = {};
  for (const name of /** @type {("hand-written" | "relatch" | "better-auth")[]} */ (subjects)) {
    results[name] = await measure(name);
  }
  return results;
}

/**
 * @template Result
 * @param {string} name
 * @param {() => Result | Promise<Result>} measure
 */
async function time(name, measure) {
  const began = performance.now();
  const result = await measure();
  console.error(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return result;
}
