// @ts-check
// Bytes that an application's bundle grows by, per entry, and what each may grow to. A budget is what was measured
// and some two per cent: whoever exceeds one says in the same change what the bytes are for.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { coreSize, gzippedSize } from "./bundle.mjs";

const CORE_BUDGET = 14 * 1024;

/** Minified, `gzip -9`, with all that is loaded at once: the texts of the languages and what entries share. */
const BUDGETS = /** @type {Record<string, number>} */ ({
  "createPasswordReset alone": 15_540,
  relatch: 17_490,
  "relatch/languages": 18_100,
  "relatch/memory": 3240,
  "relatch/messages": 4660,
  "relatch/nodemailer": 2450,
  "relatch/fetch": 3800,
  "relatch/console": 230,
  "relatch/combine": 840,
  "relatch/mysql": 2100,
  "relatch/postgres": 1780,
  "relatch/redis": 970,
  "relatch/sqlite": 1770,
  "relatch/rate-limiter-flexible": 530,
  "relatch/testing": 8220,
});

const [app = "."] = process.argv.slice(2);
const { exports } = JSON.parse(await readFile(join(app, "node_modules/relatch/package.json"), "utf8"));

/** @type {Record<string, string>} */
const modules = { "createPasswordReset alone": 'export { createPasswordReset } from "relatch"' };
for (const [path, target] of Object.entries(exports)) {
  const specifier = `relatch${path.slice(1)}`;
  if (typeof target === "object") modules[specifier] = `export * from "${specifier}"`;
}

/** @type {string[]} */
const problems = [];
const row = (/** @type {(string | number)[]} */ [name = "", bytes = "", budget = ""]) =>
  console.log(
    `| ${String(name).padEnd(29)} | ${String(bytes).padStart(6)} | ${String(budget).padStart(6)} |`,
  );

row(["minified, gzip -9", "bytes", "budget"]);
for (const [name, contents] of Object.entries(modules)) {
  const bytes = await gzippedSize(app, contents);
  const budget = BUDGETS[name];
  row([name, bytes, budget ?? "none"]);
  if (budget === undefined) problems.push(`${name} has no budget`);
  else if (bytes > budget) problems.push(`${name}: ${bytes} bytes, over its budget of ${budget}`);
}
for (const name of Object.keys(BUDGETS)) {
  if (!(name in modules)) problems.push(`${name} has a budget and is no entry`);
}

const core = await coreSize(app, join(app, "node_modules/relatch/dist"));
row(["core without languages' texts", core, CORE_BUDGET]);
if (core > CORE_BUDGET) problems.push(`the core: ${core} bytes, over its budget of ${CORE_BUDGET}`);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
