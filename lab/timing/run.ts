// Measures, prints, and fails if something leaks or a control was not found. A scenario is not measured again with the
// same code, so an interrupted run continues:
//
//     npm run --prefix lab timing                     the long run, about half an hour on an idle machine with two cores
//     npm run --prefix lab timing -- --quick          a tenth of the samples
//     npm run --prefix lab timing -- --only digests   one scenario; may be given several times
//     npm run --prefix lab timing -- --fresh          measures again what was measured already
//     npm run --prefix lab timing -- --write          renews docs/timing.md

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { onCore } from "./cores.ts";
import { asTable, page, type Result, summaryOf } from "./report.ts";
import { type Row, verdictOf } from "./rows.ts";
import type { Mode, Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const root = join(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    fresh: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
const mode: Mode = options.quick ? "quick" : "long";
// Inside node_modules, so that the drivers are found from there.
const cache = join(root, "node_modules/.cache/relatch-timing");

/** How often a run in doubt is repeated. */
const MAX_ATTEMPTS = 3;

const chosen = SCENARIOS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
if (chosen.length < options.only.length) {
  throw new Error(`--only takes names of: ${SCENARIOS.map(({ name }) => name).join(", ")}`);
}

let running: ChildProcess | undefined;
process.once("exit", () => running?.kill("SIGKILL"));

const script = await bundle();
const results: Result[] = [];
for (const scenario of chosen) {
  const result = readStored(scenario) ?? (await measure(scenario));
  results.push(result);
  console.log(`${asTable(result)}\n`);
}
console.log(summaryOf(results));
if (options.write) {
  if (chosen.length < SCENARIOS.length) throw new Error("--write is for a run of all scenarios");
  writeFileSync(join(root, "docs/timing.md"), page(results, mode));
}
process.exitCode = results.every(({ rows }) => verdictOf(rows) === "passes") ? 0 : 1;

async function measure(scenario: Scenario): Promise<Result> {
  const earlier: Row[][] = [];
  for (;;) {
    console.log(`${scenario.title} …`);
    const [began, load] = [Date.now(), loadavg()[0] ?? 0];
    const rows = await inOwnProcess(scenario);
    const result: Result = {
      title: scenario.title,
      rows,
      earlier,
      seconds: Math.round((Date.now() - began) / 1000),
      load: [load, loadavg()[0] ?? 0],
      date: new Date(began).toISOString().slice(0, 10),
    };
    const verdict = verdictOf(rows);
    if (!["again", "unmeasured"].includes(verdict) || earlier.length + 1 >= MAX_ATTEMPTS) {
      if (verdict !== "unmeasured") writeFileSync(fileOf(scenario), JSON.stringify(result));
      return result;
    }
    console.log(`${asTable(result)}\nin doubt: once more`);
    earlier.push(rows);
  }
}

async function inOwnProcess({ name, role }: Scenario): Promise<Row[]> {
  const [command = "", ...args] = onCore(role, [process.execPath, script.path, "scenario", name, mode]);
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  running = child;
  const ended = once(child, "exit");
  const [rows] = await Promise.race([
    once(child, "message"),
    ended.then(([code]) => {
      throw new Error(`${name} ended with ${code}, without a result`);
    }),
  ]);
  await ended;
  return rows as Row[];
}

// ── What was measured already ───────────────────────────────────────────────────────────────────────────

function readStored(scenario: Scenario): Result | undefined {
  if (options.fresh) return undefined;
  try {
    return JSON.parse(readFileSync(fileOf(scenario), "utf8")) as Result;
  } catch {
    return undefined;
  }
}

/** Named by the code, so that a result is never one of other code. */
function fileOf({ name }: Scenario): string {
  return join(cache, `${name}-${mode}-${script.digest}.json`);
}

/** All the code in one file: nothing is compiled while it is measured. */
async function bundle(): Promise<{ path: string; digest: string }> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "child.ts")],
    write: false,
    tsconfig: join(root, "tsconfig.json"),
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const code = outputFiles.map(({ text }) => text).join("\n");
  const digest = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const path = join(cache, `child-${digest}.mjs`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, code);
  return { path, digest };
}
