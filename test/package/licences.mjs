// @ts-check
// Code of others that was built into the package brings their notice along, as the MIT licence asks for.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const [app = "."] = process.argv.slice(2);
const dist = join(app, "node_modules/relatch/dist");
const licence = await readFile(join(app, "node_modules/relatch/LICENSE"), "utf8");

/** @type {Set<string>} */
const builtIn = new Set();
for (const file of await readdir(dist)) {
  const text = file.endsWith(".js") ? await readFile(join(dist, file), "utf8") : "";
  for (const [, name = ""] of text.matchAll(/^\/\/ \S*?node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm))
    builtIn.add(name);
}
const unnamed = [...builtIn].filter((name) => !licence.includes(name)).sort();
assert.deepEqual(unnamed, [], "LICENSE names every package that was built in, above its notice");
