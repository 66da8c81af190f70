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
