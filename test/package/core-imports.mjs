// @ts-check
// What the `relatch` entry pulls in, followed to the last import, and what was built into it. A list of what may be
// there, and not of what may not: so no driver, no `oslo/password` with its native code, and no Node module gets in
// unnoticed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";

const [app = "."] = process.argv.slice(2);
const OURS = /^(application\.js$|node_modules\/relatch\/dist\/)/;
const ALLOWED = /^node_modules\/(oslo\/dist\/index\.js$|@oslojs\/(crypto|encoding|binary)\/)/;

const { metafile } = await bundle(app, 'export * from "relatch"');
const modules = Object.keys(metafile.inputs);
for (const file of modules.filter((module) => OURS.test(module) && module !== "application.js")) {
  // The build leaves a comment with its path above each module that it takes in.
  const taken = (await readFile(join(app, file), "utf8")).matchAll(/^\/\/ \S*?(node_modules\/\S+)$/gm);
  modules.push(...[...taken].map(([, module = ""]) => module));
}
const foreign = modules.filter((module) => !OURS.test(module) && !ALLOWED.test(module));
const unbundled = Object.values(metafile.inputs)
  .flatMap(({ imports }) => imports)
  .filter(({ external }) => external);
assert.deepEqual({ foreign, unbundled }, { foreign: [], unbundled: [] });
