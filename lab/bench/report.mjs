// @ts-check
import { readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { judge, listAhead } from "./figures.mjs";
import { spread } from "./statistics.mjs";

/** @typedef {import("./figures.mjs").Figure} Figure */
/** @typedef {string[][]} Table The first row is the head. */

/**
 * The missed budgets first.
 *
 * @param {Figure[]} figures
 * @param {readonly string[]} subjects
 * @returns {Table}
 */
export function figureTable(figures, subjects) {
  const missed = figures.filter((figure) => judge(figure) === "missed");
  const rows = [...missed, ...figures.filter((figure) => !missed.includes(figure))].map((figure) => {
    const { name, show, measured, atMost, atLeast } = figure;
    const budget = atMost === undefined ? (atLeast === undefined ? "" : `≥ ${show(atLeast)}`) : `≤ ${show(atMost)}`;
    return [name, ...subjects.map((subject) => cellOf(measured[subject], show)), budget, judge(figure)];
  });
  return [["figure", ...subjects, "budget", "verdict"], ...rows];
}

/** @param {number[] | undefined} values @param {(value: number) => string} show */
function cellOf(values, show) {
  if (!values || values.length === 0) return "–";
  const { median, min, max } = spread(values);
  const range = show(min) === show(max) ? "" : ` (${show(min)} – ${show(max)})`;
  return `${show(median)}${range}`;
}

/** @param {Figure[]} figures */
export function describeMisses(figures) {
  const missed = figures.filter((figure) => judge(figure) === "missed").length;
  const judged = figures.filter((figure) => judge(figure) !== "").length;
  if (missed === 0) return `All ${judged} budgets are met.`;
  return `**${missed} of ${judged} budgets are missed.** They are the first rows of the table.`;
}

/** @param {Figure[]} figures */
export function describeLosses(figures) {
  const lines = figures.flatMap((figure) => {
    const ahead = listAhead(figure);
    if (ahead.length === 0) return [];
    const { name, show, measured } = figure;
    const middle = (/** @type {string} */ subject) => show(spread(measured[subject] ?? []).median);
    return [`- ${name}: ${middle("relatch")}. ${ahead.map((other) => `${other}: ${middle(other)}`).join(", ")}.`];
  });
  return lines.length > 0 ? lines.join("\n") : "In no row.";
}

const isFirstOrLast = (/** @type {number} */ column, /** @type {number} */ columns) =>
  column === 0 || column === columns - 1;

/**
 * Cells of one width per column, the figures to the right.
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

export const machine = () => `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
export const today = () => new Date().toISOString().slice(0, 10);
export const load = () => (loadavg()[0] ?? 0).toFixed(1);

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
    ...from("../../package-lock.json", ["oslo", "@node-rs/argon2", "libsql", "pg", "esbuild"]),
    ...from("../package-lock.json", ["better-auth", "kysely"]),
  ].join(", ");
}
