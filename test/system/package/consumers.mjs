// @ts-check
// Installs the tarball into a fresh folder for each way to run tests, by npm and by pnpm, and runs a whole reset there.
// Every test must fail once the installed package is gone, or it was not the package that it ran. All caches are in the
// temporary folder.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [tarball = ""] = process.argv.slice(2);
const PNPM = "pnpm@10.34.8";
const JEST = { jest: "30.5.2" };
const TS_JEST = { ...JEST, "@types/jest": "30.0.0", "ts-jest": "29.4.15", typescript: "5.9.3" };
const NEST = { "@nestjs/common": "11.1.0", "@nestjs/core": "11.1.0", "reflect-metadata": "0.2.2", rxjs: "7.8.2" };

/** The package.json of each consumer, without the package itself. */
const CONSUMERS = {
  jest: { scripts: { test: "jest" }, dependencies: JEST },
  nest: {
    scripts: { test: "jest" },
    dependencies: { ...TS_JEST, ...NEST, "@nestjs/testing": "11.1.0" },
    jest: { rootDir: "src", testRegex: ".*\\.spec\\.ts$", transform: { "^.+\\.(t|j)s$": "ts-jest" } },
  },
  node: { scripts: { test: "node imports.mjs" }, dependencies: {} },
  "ts-jest": { scripts: { test: "jest" }, dependencies: TS_JEST, jest: { preset: "ts-jest" } },
  vitest: { type: "module", scripts: { test: "vitest run" }, dependencies: { vitest: "4.1.11" } },
};

const work = mkdtempSync(join(tmpdir(), "relatch-consumers-"));
const env = {
  ...process.env,
  npm_config_cache: join(work, "npm"),
  npm_config_audit: "false",
  npm_config_fund: "false",
  XDG_CACHE_HOME: join(work, "cache"),
  XDG_DATA_HOME: join(work, "data"),
  XDG_STATE_HOME: join(work, "state"),
};

/**
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run(cwd, command, ...args) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ ok: !error, output: `${stdout}${stderr}` }),
    );
  });
}

/**
 * @param {keyof typeof CONSUMERS} name
 * @param {string} manager
 * @param {string} command
 * @returns {Promise<string | undefined>} The problem, if there is one.
 */
async function check(name, manager, command) {
  const folder = join(work, `${name}-${manager}`);
  // The script of the folder `consumer` imports every entry in both formats, and resets a password.
  if (name === "node") cpSync(new URL("consumer/imports.mjs", import.meta.url), join(folder, "imports.mjs"));
  else cpSync(new URL(`consumers/${name}`, import.meta.url), folder, { recursive: true });
  const dependencies = { ...CONSUMERS[name].dependencies, relatch: "file:../relatch.tgz" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...CONSUMERS[name], private: true, dependencies }));
  const installation = await run(folder, command, "install");
  if (!installation.ok) return `does not install\n${installation.output}`;
  const result = await run(folder, command, "test");
  if (!result.ok) return `fails\n${result.output}`;
  rmSync(join(folder, "node_modules/relatch"), { recursive: true });
  const control = await run(folder, command, "test");
  return control.ok ? "passes without the package" : undefined;
}

/**
 * @param {string} manager
 * @param {string} command
 */
async function checkAll(manager, command) {
  for (const name of /** @type {(keyof typeof CONSUMERS)[]} */ (Object.keys(CONSUMERS))) {
    const start = performance.now();
    const problem = await check(name, manager, command);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`| ${name.padEnd(8)} | ${manager.padEnd(4)} | ${seconds.padStart(5)} s |`);
    if (problem) problems.push(`${name}, ${manager}: ${problem}`);
  }
}

/** @type {string[]} */
const problems = [];
try {
  cpSync(tarball, join(work, "relatch.tgz"));
  const pnpm = await run(work, "npm", "install", "--prefix", "tools", PNPM);
  if (!pnpm.ok) throw new Error(pnpm.output);
  await Promise.all([checkAll("npm", "npm"), checkAll("pnpm", join(work, "tools/node_modules/.bin/pnpm"))]);
} finally {
  rmSync(work, { recursive: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
