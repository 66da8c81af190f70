import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { isPinned } from "./cores.ts";
import { type Row, verdictOf } from "./rows.ts";
import type { Mode } from "./scenario.ts";
import { LEAK, SUSPICIOUS } from "./statistics.ts";

/** A scenario, measured. Plain JSON. */
export interface Result {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Of runs that were in doubt, and repeated. */
  readonly earlier: readonly (readonly Row[])[];
  readonly seconds: number;
  /** Load average of the machine, before and after. */
  readonly load: readonly [number, number];
  readonly date: string;
}

const HEAD = ["comparison", "where", "samples a class", "largest t", "shift", "verdict"];

/** For a terminal. */
export function asTable(result: Result): string {
  const cells = [HEAD, ...result.rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return [`${result.title}: ${verdictInWords(result)}`, ...lines.map((line) => line.trimEnd())].join("\n");
}

/** docs/timing.md, around what is in page.md. */
export function page(results: readonly Result[], mode: Mode): string {
  const words = readFileSync(join(import.meta.dirname, "page.md"), "utf8");
  return words.replace("<!-- figures -->\n", figures(results)).replace("<!-- machine -->", machine(results, mode));
}

function figures(results: readonly Result[]): string {
  const sections = results.map((result) => {
    const rows = [HEAD, HEAD.map(() => "---"), ...result.rows.map(cellsOf)];
    const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
    return `### ${result.title}\n\n${table}\n`;
  });
  return `${summaryOf(results)}\n\n${sections.join("\n")}`;
}

export function summaryOf(results: readonly Result[]): string {
  const bad = results.filter(({ rows }) => verdictOf(rows) !== "passes");
  const repeated = results.filter(({ earlier }) => earlier.length > 0);
  const count = (role: Row["role"]) => results.flatMap(({ rows }) => rows.filter((row) => row.role === role)).length;
  return [
    `${count("figure")} figures, ${count("control")} controls and ${count("remark")} known differences in ${results.length} scenarios.`,
    bad.length === 0
      ? "Every figure passes, and every control was found."
      : `Not passed: ${bad.map((result) => `${result.title} (${verdictInWords(result)})`).join("; ")}.`,
    ...repeated.map(({ title, earlier }) => `Measured ${earlier.length + 1} times, being in doubt: ${title}.`),
  ].join(" ");
}

function verdictInWords({ rows, earlier }: Result): string {
  const verdict = verdictOf(rows);
  if (verdict === "again") return `fails: above ${SUSPICIOUS} in ${earlier.length + 1} runs`;
  return verdict === "unmeasured" ? "unmeasured: a control was not found" : verdict;
}

function cellsOf({ role, what, where, samples, t, lag, nanoseconds }: Row): string[] {
  const found = Math.abs(t) > LEAK;
  const verdicts = {
    figure: found ? "LEAKS" : Math.abs(t) < SUSPICIOUS ? "passes" : "in doubt",
    control: found ? "control: found" : "control: NOT FOUND",
    remark: "known, see below",
  };
  const at = lag === undefined ? "" : ` (lag ${lag})`;
  const size = `${role === "figure" ? "sees" : "is"} ${durationInWords(nanoseconds)}`;
  return [what, where, String(samples), `${t.toFixed(1)}${at}`, size, verdicts[role]];
}

function durationInWords(nanoseconds: number): string {
  const units = [
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const;
  const [unit, size] = units.find(([, least]) => nanoseconds >= least) ?? ["ns", 1];
  return `${Number((nanoseconds / size).toPrecision(2))} ${unit}`;
}

function machine(results: readonly Result[], mode: Mode): string {
  const [cpu] = cpus();
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const loads = results.flatMap(({ load }) => load);
  const pinned = isPinned ? "server and client each on their own core" : "processes not bound to cores";
  return [
    `${mode === "long" ? "The long run" : "The short run, with a tenth of the samples"},`,
    `on ${results.at(-1)?.date}: ${availableParallelism()} × ${cpu?.model},`,
    `Node.js ${process.versions.node}, ${pinned};`,
    `${Math.round(seconds / 60)} minutes of measuring, load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`,
  ].join(" ");
}
