// @ts-check
// The package's files, compared with what its package.json promises: every target of `exports` is there, every
// import of a file is there or comes from a declared dependency, and nothing lies around that no entry reaches. And
// with the list in contents.txt, so that a file more or less is a line in a review.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import ts from "typescript";

const [app = "."] = process.argv.slice(2);
const installed = join(app, "node_modules/relatch");
const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));

const targets = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [target] : Object.values(target),
);
const expected = new Set(["package.json", "README.md", "LICENSE", "CHANGELOG.md"]);
/** @type {Set<string>} */
const problems = new Set();

const waiting = targets.map((target) => posix.normalize(target));
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (expected.has(file)) continue;
  expected.add(file);
  if (!existsSync(join(installed, file))) continue;
  for (const specifier of importsOf(file, await readFile(join(installed, file), "utf8"))) {
    if (specifier.startsWith(".")) waiting.push(locate(file, specifier));
    else if (!isDeclared(specifier)) problems.add(`${file} imports ${specifier}, which is no dependency`);
  }
}

const entries = await readdir(installed, { recursive: true, withFileTypes: true });
const present = new Set(
  entries
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(installed, join(entry.parentPath, entry.name))),
);
for (const file of expected) if (!present.has(file)) problems.add(`missing: ${file}`);
for (const file of present) if (!expected.has(file)) problems.add(`reached by no entry: ${file}`);
assert.deepEqual([...problems].sort(), []);

// The build names what entries share by its content: `*` in the list stands for that.
const shared = /-[\w-]{8}(?=\.(?:d\.ts|js)$)/;
const isEntry = (/** @type {string} */ file) => targets.includes(`./${file}`);
const named = [...present].map((file) => (isEntry(file) ? file : file.replace(shared, "-*")));
const listed = await readFile(new URL("contents.txt", import.meta.url), "utf8");
assert.deepEqual([...new Set(named)].sort(), listed.trimEnd().split("\n"), "test/package/contents.txt");

/**
 * Static and dynamic imports, of JavaScript and of declarations.
 * @param {string} file
 * @param {string} text
 */
function importsOf(file, text) {
  if (!/\.(d\.ts|js)$/.test(file)) return [];
  return ts.preProcessFile(text, true, file.endsWith(".js")).importedFiles.map(({ fileName }) => fileName);
}

/**
 * Declarations name the JavaScript file that they describe.
 * @param {string} importer
 * @param {string} specifier
 */
function locate(importer, specifier) {
  const file = posix.join(posix.dirname(importer), specifier);
  return importer.endsWith(".d.ts") ? file.replace(/\.js$/, ".d.ts") : file;
}

/** @param {string} specifier */
function isDeclared(specifier) {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return Object.hasOwn(manifest.dependencies ?? {}, name);
}
