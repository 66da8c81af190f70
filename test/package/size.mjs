// @ts-check
// Bytes that an application's bundle grows by, per entry. The core has a budget.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { coreSize, gzippedSize } from "./bundle.mjs";

const CORE_BUDGET = 14 * 1024;
const [app = "."] = process.argv.slice(2);
const { exports } = JSON.parse(await readFile(join(app, "node_modules/relatch/package.json"), "utf8"));

/** @type {Record<string, string>} */
const modules = { "createPasswordReset alone": 'export { createPasswordReset } from "relatch"' };
for (const [path, target] of Object.entries(exports)) {
  const specifier = `relatch${path.slice(1)}`;
  if (typeof target === "object") modules[specifier] = `export * from "${specifier}"`;
}

console.log(`| ${"minified, gzip -9".padEnd(29)} |  bytes |`);
for (const [name, contents] of Object.entries(modules)) {
  console.log(`| ${name.padEnd(29)} | ${String(await gzippedSize(app, contents)).padStart(6)} |`);
}

const size = await coreSize(app, join(app, "node_modules/relatch/dist"));
console.log(`| The core without the languages' texts takes ${size} bytes; its budget is ${CORE_BUDGET}.`);
if (size > CORE_BUDGET) process.exitCode = 1;
