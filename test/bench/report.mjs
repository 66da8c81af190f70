// @ts-check
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** @typedef {{ name: string, measured: string, spread: string, budget: string, missed: boolean }} Row */

const HEAD = ["figure", "measured", "spread", "budget", "verdict"];
const cells = (/** @type {Row} */ { name, measured, spread, budget, missed }) => [
  name,
  measured,
  spread,
  budget,
  missed ? "missed" : budget && "met",
];

/**
 * Cells of one width a column, the figures to the right.
 *
 * @param {string[][]} table
 */
function aligned(table) {
  const widths = HEAD.map((_, column) => Math.max(3, ...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || column === HEAD.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
}

/** @param {Row[]} rows */
export const asTable = (rows) =>
  aligned([HEAD, ...rows.map(cells)])
    .map((row) => row.join("  ").trimEnd())
    .join("\n");

/** @param {Row[]} rows */
export function asMarkdown(rows) {
  const [head = [], ...body] = aligned([HEAD, ...rows.map(cells)]);
  const rule = head.map((cell, column) =>
    column === 0 || column === head.length - 1 ? "-".repeat(cell.length) : `${"-".repeat(cell.length - 1)}:`,
  );
  const table = [head, rule, ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
  const missed = rows.filter((row) => row.missed).map(({ name }) => name);
  return `${table}\n\n${missed.length > 0 ? `Missed: ${missed.join("; ")}.` : "Every budget is met."}`;
}

/**
 * @param {string} table
 * @param {number} rounds
 */
export function page(table, rounds) {
  const lock = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8"));
  const version = (/** @type {string} */ name) =>
    `${name} ${lock.packages[`node_modules/${name}`]?.version ?? "?"}`;
  const versions = [
    `Node.js ${process.versions.node}`,
    ...["@oslojs/crypto", "libsql", "esbuild"].map(version),
  ];
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return readFileSync(new URL("page.md", import.meta.url), "utf8")
    .replace("{table}", table)
    .replace("{rounds}", String(rounds))
    .replace("{machine}", machine)
    .replace("{versions}", versions.join(", "))
    .replace("{date}", new Date().toISOString().slice(0, 10));
}
