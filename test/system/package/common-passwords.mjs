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
// Without the passwords that are recognized by a word in them.
assert.ok(commonPasswords.size > 11_000 && commonPasswords.size < 15_000, `${commonPasswords.size} skeletons`);
for (const password of commonPasswords) {
  assert.doesNotMatch(password, /[A-Z\s._-]|[013457l@$]/, "compared as a skeleton");
  assert.ok(password.length >= 4, `${password}: in many random passwords`);
}
