// @ts-check
// What the `relatch` entry pulls in, followed to the last import. A list of what may be there, and not of what may
// not: so no driver, no `oslo/password` with its native code, and no Node module gets in unnoticed.
import assert from "node:assert/strict";
import { bundle } from "./bundle.mjs";

const [app = "."] = process.argv.slice(2);
const allowed = [
  /^application\.js$/,
  /^node_modules\/relatch\/dist\//,
  /^node_modules\/oslo\/dist\/index\.js$/,
  /^node_modules\/@oslojs\/(crypto|encoding|binary)\//,
];

const { metafile } = await bundle(app, 'export * from "relatch"');
const foreign = Object.keys(metafile.inputs).filter((file) => !allowed.some((pattern) => pattern.test(file)));
const unbundled = Object.values(metafile.inputs)
  .flatMap(({ imports }) => imports)
  .filter(({ external }) => external);
assert.deepEqual({ foreign, unbundled }, { foreign: [], unbundled: [] });
