// @ts-check
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** @typedef {import("./budget-rows.mjs").Row} Row */
/** @typedef {import("./comparisons.mjs").Compared} Compared */
/** @typedef {string[][]} Table The first row is the head. */

/**
 * @param {Row[]} rows
 * @returns {Table}
 */
export const budgetTable = (rows) => [
  ["figure", "measured", "spread", "budget", "verdict"],
  ...rows.map(({ name, measured, spread, budget, missed }) => [
    name,
    measured,
    spread,
    budget,
    missed ? "missed" : budget && "met",
  ]),
];

/**
 * @param {string} title
 * @param {Compared[]} lines
 * @param {string[]} subjects
 * @returns {Table}
 */
export const comparisonTable = (title, lines, subjects) => [
  [title, ...subjects, "relatch is"],
  ...lines.map(({ name, figures, verdict }) => [
    name,
    ...subjects.map((subject) => figures[subject]?.label ?? "–"),
    verdict,
  ]),
];

const isFirstOrLast = (/** @type {number} */ column, /** @type {number} */ columns) =>
  column === 0 || column === columns - 1;

/**
 * Cells of one width a column, the figures to the right.
 *
 * @param {Table} table
 * @param {typeof isFirstOrLast} isText
 */
function align(table, isText) {
  const columns = table[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(3, ...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return isText(column, columns) ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
}

/** @param {Table} table */
export const asText = (table) =>
  align(table, isFirstOrLast)
    .map((row) => row.join("  ").trimEnd())
    .join("\n");

/** @param {Table} table */
export function asMarkdown(table, isText = isFirstOrLast) {
  const [head = [], ...body] = align(table, isText);
  const rule = head.map((cell, column) =>
    isText(column, head.length) ? "-".repeat(cell.length) : `${"-".repeat(cell.length - 1)}:`,
  );
  return [head, rule, ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** @param {Row[]} rows */
export function missedBudgets(rows) {
  const missed = rows.filter((row) => row.missed).map(({ name }) => name);
  return missed.length > 0 ? `Missed: ${missed.join("; ")}.` : "Every budget is met.";
}

export const machine = () => `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
export const today = () => new Date().toISOString().slice(0, 10);

/**
 * The page, with its words from page.md.
 *
 * @param {Record<string, string>} parts
 */
export function page(parts) {
  const filled = { ...parts, machine: machine(), versions: versions(), date: today() };
  return readFileSync(new URL("page.md", import.meta.url), "utf8").replace(
    /\{(\w+)\}/g,
    (_, name) => /** @type {Record<string, string>} */ (filled)[name] ?? `{${name}}`,
  );
}

function versions() {
  const from = (/** @type {string} */ path, /** @type {string[]} */ names) => {
    const lock = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
    return names.map((name) => `${name} ${lock.packages[`node_modules/${name}`]?.version ?? "?"}`);
  };
  return [
    `Node.js ${process.versions.node}`,
    ...from("../../package-lock.json", ["@oslojs/crypto", "oslo", "@node-rs/argon2", "libsql", "esbuild"]),
    ...from("../package-lock.json", ["better-auth", "kysely"]),
  ].join(", ");
}
