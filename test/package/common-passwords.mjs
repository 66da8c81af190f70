// @ts-check
// The list of common passwords is heavy, so it must stay out of what every start loads.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const [app = "."] = process.argv.slice(2);
const { metafile } = await bundle(app, 'export * from "relatch"');
const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
const [chunk, ...others] = imports.filter(({ path }) => path.includes("common-passwords"));
assert.ok(chunk && others.length === 0, "one import of the list");
assert.equal(chunk.kind, "dynamic-import");

const { commonPasswords } = await import(pathToFileURL(join(app, chunk.path)).href);
assert.equal(commonPasswords.size, 10_000);
for (const password of commonPasswords) {
  assert.equal(password, password.toLowerCase(), "looked up in lower case");
  assert.ok([...password].length >= 8, `${password}: refused by its length already`);
}
