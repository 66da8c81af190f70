// @ts-check
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzippedSize } from "../../test/system/package/bundle.mjs";
import { firstLine } from "./others.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
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
      "better-auth": () => [versionOf(here, "better-auth")],
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
