// @ts-check
// The bytes that each entry adds to an application's bundle, and the size of the installed package. A budget is a fence
// with room, not a target.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { coreSize, gzippedSize } from "./bundle.mjs";

const KB = 1024;

/** Minified and compressed by `gzip -9`, with everything that is loaded at once. */
const BUDGETS = /** @type {Record<string, number>} */ ({
  relatch: 33 * KB,
  "relatch/client": 1200,
  "relatch/http": 8 * KB,
  "relatch/node": 2 * KB,
  "relatch/pages": 6 * KB,
  "relatch/languages": 23 * KB,
  "relatch/memory": 5 * KB,
  "relatch/messages": 6 * KB,
  "relatch/nodemailer": 3 * KB,
  "relatch/fetch": 5 * KB,
  "relatch/console": KB,
  "relatch/combine": 2 * KB,
  "relatch/mysql": 3 * KB,
  "relatch/postgres": 3 * KB,
  "relatch/redis": 2 * KB,
  "relatch/sqlite": 3 * KB,
  "relatch/rate-limiter-flexible": KB,
  "relatch/testing": 18 * KB,
});

/** The entries that an application has anyway, if it uses this one. Only the bytes that come on top are judged. */
const ADDED_TO = /** @type {Record<string, string[]>} */ ({
  "relatch/http": ["relatch"],
  "relatch/pages": ["relatch", "relatch/http"],
});

const [app = "."] = process.argv.slice(2);
const installed = join(app, "node_modules/relatch");
const { exports } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
/** @type {string[]} */
const problems = [];

/**
 * @param {string} name
 * @param {number | string} bytes
 * @param {number | string} budget
 */
function writeRow(name, bytes, budget) {
  console.log(`| ${name.padEnd(31)} | ${String(bytes).padStart(9)} | ${String(budget).padStart(9)} |`);
}

/**
 * @param {string} name
 * @param {number} bytes
 * @param {number | undefined} budget
 */
function judge(name, bytes, budget) {
  writeRow(name, bytes, budget ?? "none");
  if (budget === undefined) problems.push(`${name} has no budget`);
  else if (bytes > budget) problems.push(`${name} has ${bytes} bytes, over its budget of ${budget}`);
}

writeRow("minified, gzip -9", "bytes", "budget");
judge("core, without texts of emails", await coreSize(app, join(installed, "dist")), 29 * KB);
const alone = 'export { createPasswordReset } from "relatch"';
judge("createPasswordReset alone", await gzippedSize(app, alone), 32 * KB);
const names = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [`relatch${path.slice(1)}`],
);
/** @param {string[]} entries */
const sizeOf = (entries) => gzippedSize(app, entries.map((entry) => `export * from "${entry}";`).join("\n"));
for (const name of names) {
  const others = ADDED_TO[name] ?? [];
  judge(name, (await sizeOf([...others, name])) - (others.length > 0 ? await sizeOf(others) : 0), BUDGETS[name]);
}
for (const name of Object.keys(BUDGETS)) {
  if (!names.includes(name)) problems.push(`${name} has a budget and is not in exports`);
}

let total = 0;
for (const file of await readdir(installed, { recursive: true, withFileTypes: true })) {
  if (file.isFile()) total += (await stat(join(file.parentPath, file.name))).size;
}
judge("installed, all files as they are", total, 1650 * KB);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
