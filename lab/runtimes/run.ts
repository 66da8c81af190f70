import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apps, contractOn } from "./app-runs.ts";
import { buildPackage, root } from "./built-package.ts";
import { inParallel } from "./command.ts";
import { type Exception, ofThePages, ofTheSuite } from "./exceptions.ts";
import type { RuntimeRun } from "./results.ts";
import { startServices } from "./services-outside.ts";
import { suiteOn, suiteOnWorkerd } from "./suite-runs.ts";
import { onNodeOnly } from "./test-files.ts";
import { judge } from "./verdict.ts";

// The built package's own tests on every runtime that it is for, and the reset pages served by it there. Arguments
// are the runtimes to compare with the first one. Without arguments, all of them run.
// `--write` renews the table of docs/production.md if nothing failed.

const isToWrite = process.argv.includes("--write");
const only = process.argv.slice(2).filter((argument) => argument !== "--write");
const problems: string[] = [];
/** The columns of the page's table: for each runtime, how many cases passed. */
const columns = new Map<string, Map<string, string>>();

const { fromSource } = await buildPackage();
console.log(`What the package does not export is tested from its source: ${fromSource.join(", ")}\n`);
for (const { files, reason } of onNodeOnly) console.log(`Not run on other runtimes: ${files}, because ${reason}`);

const services = await startServices();
const suites: Task[] = [
  ...(["node 20", "node 22", "node 24", "node 26", "bun", "deno"] as const).map(
    (runtime): Task => [runtime, () => suiteOn(runtime, services.url)],
  ),
  ["workerd", () => suiteOnWorkerd(services.url)],
];
show("The package's tests", await runAll("suite", suites), ofTheSuite);
services.close();

const contracts = apps.map((app): Task => [app.runtime, () => contractOn(app)]);
show("The Hono example, by its URL", await runAll("pages", contracts), ofThePages);

if (problems.length > 0) {
  console.log(problems.map((problem) => `FAILED ${problem}`).join("\n"));
  process.exitCode = 1;
} else if (isToWrite && only.length === 0) {
  writePage();
}

type Task = [runtime: string, run: () => Promise<RuntimeRun | undefined>];

/** Two at a time: much of the tests is waiting. */
async function runAll(title: string, tasks: readonly Task[]): Promise<RuntimeRun[]> {
  const runs = await inParallel(
    2,
    tasks
      .filter(([runtime], index) => index === 0 || only.length === 0 || only.includes(runtime))
      .map(([runtime, run]) => async () => {
        const from = performance.now();
        const done = await run();
        if (done) console.log(`${title} on ${runtime}: ${((performance.now() - from) / 1000).toFixed()} s`);
        else missing(runtime);
        return done;
      }),
  );
  return runs.filter((run) => run !== undefined);
}

function missing(runtime: string): void {
  const what = `no package of ${runtime} for ${process.platform}-${process.arch}`;
  if (process.env["RELATCH_REQUIRE"] === "all") problems.push(`${what}, and RELATCH_REQUIRE=all`);
  else console.log(`skipped "${runtime}": ${what}`);
}

/** As a table of Markdown. The first run says which cases there are. */
function show(title: string, runs: readonly RuntimeRun[], exceptions: readonly Exception[]): void {
  const [reference] = runs;
  if (!reference) return;
  const column = new Map<string, string>();
  columns.set(title, column);
  const rows = runs.map(({ runtime, version, database, report }) => {
    const own = exceptions.filter((exception) => exception.runtime === runtime);
    const verdict = judge(report, reference.report, own);
    problems.push(...verdict.problems.map((problem) => `${runtime}: ${problem}`));
    if (verdict.passed === 0) problems.push(`${runtime}: not one case passed`);
    const excused = verdict.excused.map(({ count, reason }) => `${count}: ${reason}`).join("; ");
    const notRun = verdict.excused.reduce((sum, { count }) => sum + count, 0);
    column.set(`${runtime.split(" ")[0]} ${version}`, `${verdict.passed}${notRun > 0 ? `, ${notRun} excepted` : ""}`);
    return `| ${runtime.split(" ")[0]} | ${version} | ${database} | ${verdict.passed} | ${excused || "none"} |`;
  });
  const head = ["| runtime | version | SQLite | cases passed | not run |", "|---|---|---|---:|---|"];
  console.log(`\n${title}:\n\n${[...head, ...rows].join("\n")}\n`);
}

function writePage(): void {
  const page = join(root, "docs/production.md");
  const [before, , after] = readFileSync(page, "utf8").split(/(?<=<!-- runtimes -->\n)|(?=<!-- end of runtimes -->)/);
  const titles = [...columns.keys()];
  const runtimes = new Set([...columns.values()].flatMap((column) => [...column.keys()]));
  const rows = [...runtimes].map((runtime) => {
    const cells = titles.map((title) => columns.get(title)?.get(runtime) ?? "");
    return `| ${[runtime, ...cells].join(" | ")} |`;
  });
  const head = [`| cases passed, of | ${titles.join(" | ")} |`, `|---|${"---:|".repeat(titles.length)}`];
  const day = new Date().toISOString().slice(0, 10);
  const table = [...head, ...rows].join("\n");
  writeFileSync(page, `${before}\n${table}\n\nRun on ${day}, ${process.platform}-${process.arch}.\n\n${after}`);
}
