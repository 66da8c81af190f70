// @ts-check
// The package contains code of others. Lists exactly what may be built in, and checks that the license of each is
// in the tarball, word for word.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const [root = ".", app = "."] = process.argv.slice(2);
const installed = join(app, "node_modules/relatch");

/** Modules that may be built in. `oslo/password`, which needs native code, is not among them. */
const ALLOWED = /^(oslo\/dist\/index\.js$|@oslojs\/(binary|crypto|encoding)\/dist\/)/;

/** The build writes a comment with its path above each module. It replaces one module by its value, without a comment. */
const modules = new Set(["@zxcvbn-ts/language-common"]);
for (const file of await readdir(join(installed, "dist"), { recursive: true })) {
  if (!/\.c?js$/.test(file)) continue;
  const text = await readFile(join(installed, "dist", file), "utf8");
  for (const [, module = ""] of text.matchAll(/^\/\/ \S*?node_modules\/(\S+)$/gm)) {
    assert.match(module, ALLOWED, `dist/${file} contains a module that may not be built in`);
    modules.add(module);
  }
}
const packages = new Set([...modules].map((module) => /^(@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? ""));

const sections = await Promise.all(
  [...packages].sort().map(async (name) => {
    const folder = join(root, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((candidate) => candidate.startsWith("LICENSE")) ?? "LICENSE";
    return `${"-".repeat(78)}\n${name} ${version}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  }),
);
const notices = await readFile(join(installed, "THIRD_PARTY_LICENSES.txt"), "utf8");
assert.equal(notices.slice(notices.indexOf("-".repeat(78))), sections.join("\n"), "THIRD_PARTY_LICENSES.txt");
