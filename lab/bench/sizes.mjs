// @ts-check
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { coreSize, gzippedSize } from "../../test/system/package/bundle.mjs";
import { firstLine } from "./others.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const lab = fileURLToPath(new URL("..", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const versionOf = (/** @type {string} */ folder, /** @type {string} */ name) =>
  `${name}@${json(join(folder, "package-lock.json")).packages[`node_modules/${name}`].version}`;

/** Imports of an application. better-auth is without its database adapter, as relatch is. */
const MODULES = {
  "hand-written": 'export * from "./hand-written.mjs"',
  relatch: 'export { createPasswordReset } from "relatch"',
  "better-auth": 'export { betterAuth } from "better-auth/minimal"',
};

/**
 * Bytes that are loaded before an application's first line runs, minified and gzipped, everything included.
 *
 * @param {keyof typeof MODULES} name
 */
export const bundleSize = (name) => gzippedSize(name === "relatch" ? root : here, MODULES[name], ["node:*"]);

/** Bytes of the core without the texts of emails, minified and gzipped. */
export const coreBytes = () => coreSize(root, join(root, "dist"));

/** Entries that are used with others. The bytes that come on top count. @type {Record<string, string[]>} */
const ADDED_TO = { "relatch/http": ["relatch"], "relatch/pages": ["relatch", "relatch/http"] };

/** Bytes that each entry adds to an application's bundle, minified and gzipped. */
export async function entrySizes() {
  /** @type {Record<string, string>} */
  const { exports } = json(join(root, "package.json"));
  const sizeOf = (/** @type {string[]} */ names) =>
    names.length === 0 ? 0 : gzippedSize(root, names.map((name) => `export * from "${name}";`).join("\n"), ["node:*"]);
  /** @type {Record<string, number>} */
  const sizes = {};
  for (const path of Object.keys(exports)) {
    if (path.endsWith(".json")) continue;
    const name = `relatch${path.slice(1)}`;
    const others = ADDED_TO[name] ?? [];
    sizes[name] = (await sizeOf([...others, name])) - (await sizeOf(others));
  }
  return sizes;
}

/**
 * Installs into an empty folder, as an application would, and measures the result. Returns nothing without a registry.
 *
 * @param {keyof typeof MODULES} name
 * @returns {{ bytes: number, packages: number } | undefined}
 */
export function installSize(name) {
  const folder = mkdtempSync(join(tmpdir(), "relatch-bench-"));
  try {
    const npm = (/** @type {string} */ cwd, /** @type {string[]} */ ...args) =>
      execFileSync("npm", args, { cwd, encoding: "utf8", stdio: "pipe", timeout: 180_000 });
    const app = join(folder, "app");
    /** @type {Record<keyof typeof MODULES, () => string[]>} */
    const packages = {
      "hand-written": () =>
        ["@oslojs/crypto", "@oslojs/encoding", "@node-rs/argon2"].map((each) => versionOf(root, each)),
      relatch: () => [
        join(folder, npm(root, "pack", "--ignore-scripts", "--silent", "--pack-destination", folder).trim()),
      ],
      "better-auth": () => [versionOf(lab, "better-auth")],
    };
    const wanted = packages[name]();
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), '{ "private": true }');
    npm(app, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", ...wanted);
    const installed = join(app, "node_modules");
    return {
      bytes: bytesIn(installed),
      packages: Object.keys(json(join(installed, ".package-lock.json")).packages).length,
    };
  } catch (error) {
    console.error(`install size of ${name}: ${firstLine(error)}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @returns {number}
 */
function bytesIn(folder) {
  const sizes = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? bytesIn(path) : lstatSync(path).size;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}
