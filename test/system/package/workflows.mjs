// @ts-check
// Checks what the workflows may do, and whose code they run. Reads them line by line: they are written plainly enough,
// and a key that this script overlooks is missing where it must be.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const [folder = "."] = process.argv.slice(2);
/** The one permission to write: `publish` in publish.yml may ask for an identity token. */
const MAY_WRITE = ["publish.yml publish id-token"];

/** @type {string[]} */
const problems = [];
/** @type {string[]} */
const writes = [];
for (const name of (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file))) {
  const text = await readFile(join(folder, name), "utf8");
  if (!/^permissions:( \{\}|\n {2}contents: read)\n(?! )/m.test(text)) {
    problems.push(`${name}: grants more than reading to every job`);
  }
  if (/^\s+(pull_request_target|workflow_run):/m.test(text)) problems.push(`${name}: runs for strangers`);
  if (/\bsecrets\./.test(text)) problems.push(`${name}: uses a secret`);
  let job = "";
  for (const line of text.split("\n")) {
    job = /^ {2}([\w-]+):$/.exec(line)?.[1] ?? job;
    const [, used] = /^\s*(?:- )?uses: *(.*)$/.exec(line) ?? [];
    if (used !== undefined && !/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used)) {
      problems.push(`${name}: ${used} is not pinned by its commit, with its version behind it`);
    }
    const [, granted] = /^\s+([\w-]+): *(?:write|write-all)\b/.exec(line) ?? [];
    if (granted !== undefined) writes.push(`${name} ${job} ${granted}`);
    // Text from an event must not become part of a script: expressions are values of keys other than `run`.
    if (line.includes("${{") && !/^\s*(?:- )?(?!run:)[\w-]+: /.test(line)) {
      problems.push(`${name}: an expression within a script`);
    }
  }
}
assert.deepEqual({ problems, writes }, { problems: [], writes: MAY_WRITE });

// The job that may publish receives a finished tarball. It fetches no source, installs nothing and builds nothing, so no
// code of a dependency can use its permission.
const jobs = jobsOf(await readFile(join(folder, "publish.yml"), "utf8"));
assert.deepEqual(Object.keys(jobs), ["check", "pack", "publish"], "jobs of publish.yml");
const { check = "", pack = "", publish = "" } = jobs;
assert.deepEqual(actionsOf(publish), ["actions/setup-node", "actions/download-artifact"], "actions of publish");
assert.deepEqual(
  commandsOf(publish),
  [
    "cd package",
    "file=$(echo *.tgz)",
    'echo "$SHA256  $file" | sha256sum --check --strict',
    'npm publish "./$file" --ignore-scripts --provenance --access public',
  ],
  "commands of publish",
);
assert.match(publish, /^ {4}permissions:\n(?: {6}#.*\n)+ {6}id-token: write\n {4}steps:$/m, "permissions of publish");
assert.match(publish, /^ {4}environment: npm$/m, "environment of publish");
assert.match(publish, /^ {4}needs: pack$/m, "what publish waits for");
assert.match(publish, /^ {10}SHA256: \$\{\{ needs\.pack\.outputs\.sha256 \}\}$/m, "the digest that publish expects");
assert.match(pack, /^ {4}needs: check$/m, "what pack waits for");
assert.deepEqual(actionsOf(pack).at(-1), "actions/upload-artifact", "the last action of pack");
assert.ok(commandsOf(pack).includes("npm ci --ignore-scripts --no-audit --no-fund"), "pack runs no install script");
assert.ok(commandsOf(pack).includes("npm pack --pack-destination package"), "pack makes the tarball");
assert.ok(commandsOf(check).includes("bash .ci/run"), "check runs every check");
for (const [name, job] of Object.entries({ check, pack })) assert.doesNotMatch(job, /npm publish|id-token/, name);

/**
 * The text of each job, by its name.
 * @param {string} workflow
 * @returns {Record<string, string>}
 */
function jobsOf(workflow) {
  const [, text = ""] = workflow.split(/^jobs:\n/m);
  return Object.fromEntries(
    text
      .split(/^(?= {2}[\w-]+:$)/m)
      .filter((job) => /^ {2}[\w-]+:/.test(job))
      .map((job) => [/[\w-]+/.exec(job)?.[0], job]),
  );
}

/** @param {string} job */
function actionsOf(job) {
  return [...job.matchAll(/^\s*(?:- )?uses: ([\w./-]+)@/gm)].map(([, action]) => action);
}

/**
 * The lines of the scripts of a job.
 * @param {string} job
 */
function commandsOf(job) {
  return [...job.matchAll(/^ +(?:- )?run: (?:\|\n((?: {10}.*\n?)+)|(.+))$/gm)].flatMap(([, block, line = ""]) =>
    (block ?? line)
      .split("\n")
      .map((command) => command.trim())
      .filter(Boolean),
  );
}
