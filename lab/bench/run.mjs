// @ts-check
// See docs/benchmarks.md for what the figures mean.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chart } from "./chart.mjs";
import {
  hashingFigures,
  heapFigures,
  importFigures,
  judge,
  operationFigures,
  sizeFigures,
  tripFigures,
  turnFigures,
} from "./figures.mjs";
import { BARE, hashing, heap, imports, operations, roundTrips, turns } from "./measurements.mjs";
import { hasPostgres, installedSubjects } from "./others.mjs";
import { asMarkdown, asText, describeLosses, describeMisses, figureTable, load, page } from "./report.mjs";
import { bundleSize, coreBytes, entrySizes, installSize } from "./sizes.mjs";

/** @typedef {import("./figures.mjs").Figure} Figure */

const GROUPS = ["trips", "operations", "hashing", "turns", "imports", "sizes", "heap"];
const { values: options } = parseArgs({
  options: {
    check: { type: "boolean" },
    write: { type: "boolean" },
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
if (options.only.some((name) => !GROUPS.includes(name))) throw new Error(`--only takes names of: ${GROUPS.join(", ")}`);
if (options.write && (options.only.length > 0 || options.quick)) throw new Error("--write is for a whole run");

const isQuick = options.quick;
const rounds = isQuick ? 2 : 5;
const subjects = installedSubjects();
const databases = /** @type {("sqlite" | "postgres")[]} */ (
  (await hasPostgres()) ? ["sqlite", "postgres"] : ["sqlite"]
);
const NAMES = { sqlite: "SQLite", postgres: "PostgreSQL" };
const loads = [load()];
const began = performance.now();

/** @type {Record<string, () => Promise<Figure[]> | Figure[]>} */
const measure = {
  trips: () => tripFigures(roundTrips([...subjects, "relatch, in_transaction", "relatch, signed"])),
  operations: () =>
    databases.flatMap((each) => operationFigures(NAMES[each], operations(each, rounds, subjects, isQuick))),
  hashing: () =>
    databases.flatMap((each) =>
      [1, 4, 16].flatMap((callers) =>
        hashingFigures(NAMES[each], callers, hashing(each, isQuick ? 1 : 2, subjects, callers, isQuick)),
      ),
    ),
  turns: () => turnFigures(turns(rounds, subjects, isQuick)),
  imports: () => importFigures(imports(rounds * 3, [BARE, ...subjects]), BARE),
  async sizes() {
    const [bundles, installs] = [await each(bundleSize), await each(installSize)];
    return sizeFigures({ core: await coreBytes(), bundles, entries: await entrySizes(), installs });
  },
  // A Map doubles its table when it is full: one more than a power of two is the worst that can happen.
  heap: () => heapFigures(Object.fromEntries([100_000, 131_073, 140_000].map((count) => [count, heap(count)]))),
};

/** @type {Figure[]} */
const figures = [];
for (const group of GROUPS) {
  if (options.only.length > 0 && !options.only.includes(group)) continue;
  const start = performance.now();
  figures.push(...((await measure[group]?.()) ?? []));
  console.error(`${group}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
loads.push(load());

const table = figureTable(figures, subjects);
console.log(`${asText(table)}\n\n${describeMisses(figures)}\n\nWhere relatch is behind:\n${describeLosses(figures)}`);
if (options.check && figures.some((figure) => judge(figure) === "missed")) process.exitCode = 1;
if (options.write) {
  const minutes = Math.round((performance.now() - began) / 60_000);
  const withMisses = table.map((row) => row.map((cell) => (cell === "missed" ? "**missed**" : cell)));
  const parts = {
    misses: describeMisses(figures),
    losses: describeLosses(figures),
    table: asMarkdown(withMisses),
    rounds: String(rounds),
    run: `${minutes} minutes, load average ${loads.join(" to ")}`,
  };
  writeFileSync(new URL("../../docs/benchmarks.md", import.meta.url), page(parts));
  writeFileSync(new URL("../../docs/images/benchmarks.svg", import.meta.url), chart(figures, subjects));
}

/**
 * @template Result
 * @param {(name: "hand-written" | "relatch" | "better-auth") => Result | Promise<Result>} measureOne
 */
async function each(measureOne) {
  /** @type {Record<string, Awaited<Result>>} */
  const results = {};
  for (const name of subjects) results[name] = await measureOne(name);
  return results;
}
