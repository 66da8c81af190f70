// @ts-check
// What the build takes from the repository: `exports` in package.json and `paths` in tsconfig.json name the same
// sources, and `src` uses the three packages that the project is built with, and types of node:http.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";

const [root = "."] = process.argv.slice(2);
const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);

/** @type {Record<string, string[]>} */
const sources = {};
for (const [path, target] of Object.entries(exports)) {
  if (typeof target === "string") continue;
  const [, file = ""] = /^\.\/dist\/(.+)\.js$/.exec(target.import.default) ?? [];
  assert.ok(existsSync(join(root, `src/${file}.ts`)), `src/${file}.ts, which "${path}" in exports is built from`);
  assert.deepEqual(target, {
    import: { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` },
    require: { types: `./dist/${file}.d.cts`, default: `./dist/${file}.cjs` },
  });
  sources[`relatch${path.slice(1)}`] = [`./src/${file}.ts`];
}
assert.deepEqual(config.compilerOptions.paths, sources, "paths in tsconfig.json");

/** @type {Set<string>} */
const imported = new Set();
for (const file of await readdir(join(root, "src"), { recursive: true })) {
  if (!file.endsWith(".ts")) continue;
  const { importedFiles } = ts.preProcessFile(await readFile(join(root, "src", file), "utf8"));
  for (const { fileName } of importedFiles) {
    if (!fileName.startsWith(".")) imported.add(/^(@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? "");
  }
}
assert.deepEqual(
  [...imported].sort(),
  ["@oslojs/crypto", "@oslojs/encoding", "@zxcvbn-ts/language-common", "node:http", "oslo"],
  "packages that src imports",
);
