// @ts-check
// Compares the files of the package with its package.json: every target of `exports` is there, every file that an
// entry needs is there, and there is no other file. No file imports a package or a module of Node.js, declarations
// included, except the types of `relatch/node`. SHARED lists the files that are not entries, so that a new or missing
// file is a line in a review.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import ts from "typescript";

const [app = "."] = process.argv.slice(2);
const installed = join(app, "node_modules/relatch");
const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));

/** @type {string[]} */
const targets = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [target] : Object.values(target).flatMap((formats) => Object.values(formats)),
);
const DOCUMENTS = [
  "package.json",
  "README.md",
  "LICENSE",
  "THIRD_PARTY_LICENSES.txt",
  "CHANGELOG.md",
  "dist/sbom.cdx.json",
  // The files that docs/new-application.md copies.
  "examples/express/login.ts",
  ...["new-password", "request", "sent"].map((view) => `examples/frameworks/express-ejs/views/${view}.ejs`),
  "examples/recipes/logins/session-stamp.ts",
];
const expected = new Set(DOCUMENTS);
/** @type {Set<string>} */
const problems = new Set();
for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies"]) {
  if (kind in manifest) problems.add(`package.json has ${kind}`);
}

const waiting = targets.map((target) => posix.normalize(target));
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (expected.has(file)) continue;
  expected.add(file);
  if (!existsSync(join(installed, file))) continue;
  const text = await readFile(join(installed, file), "utf8");
  for (const specifier of importsOf(file, text)) {
    if (specifier.startsWith(".")) waiting.push(locate(file, specifier));
    else if (!/^dist\/http\/node\.d\.c?ts node:http$/.test(`${file} ${specifier}`)) {
      problems.add(`${file} imports ${specifier}`);
    }
  }
  if (file.endsWith(".cjs") && /\bimport\(/.test(text)) problems.add(`${file} calls import(), which Jest lacks`);
}

const entries = await readdir(installed, { recursive: true, withFileTypes: true });
const present = new Set(
  entries
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(installed, join(entry.parentPath, entry.name))),
);
for (const file of expected) if (!present.has(file)) problems.add(`missing: ${file}`);
for (const file of present) if (!expected.has(file)) problems.add(`needed by no entry: ${file}`);
assert.deepEqual([...problems].sort(), []);

/** The languages of the pages, each of which is loaded on demand. */
const LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt-br", "ru", "tr", "uk", "zh-cn"];
/** The files that entries share, in both formats. The build adds a hash to each name. */
const SHARED = [
  "chunk-*.js",
  "common-passwords-*.js",
  ...LANGUAGES.map((tag) => `${tag}-*.js`),
  ...["api", "contract", "index.d", "language", "pages", "rules", "sql-store"].map((name) => `${name}-*.d.ts`),
].flatMap((name) => [`dist/${name}`, `dist/${name.replace(/(js|ts)$/, "c$1")}`]);
const shared = [...present]
  .filter((file) => !DOCUMENTS.includes(file) && !targets.includes(`./${file}`))
  .map((file) => file.replace(/-[\w-]{8}(?=\.(?:d\.c?ts|c?js)$)/, "-*"));
assert.deepEqual([...new Set(shared)].sort(), SHARED.sort());

/**
 * Static and dynamic imports and calls of `require`, in JavaScript and in declarations.
 * @param {string} file
 * @param {string} text
 */
function importsOf(file, text) {
  if (!/\.(d\.c?ts|c?js)$/.test(file)) return [];
  return ts.preProcessFile(text, true, /\.c?js$/.test(file)).importedFiles.map(({ fileName }) => fileName);
}

/**
 * Declarations name the JavaScript file that they describe.
 * @param {string} importer
 * @param {string} specifier
 */
function locate(importer, specifier) {
  const file = posix.join(posix.dirname(importer), specifier);
  return /\.d\.c?ts$/.test(importer) ? file.replace(/\.(c?)js$/, ".d.$1ts") : file;
}
