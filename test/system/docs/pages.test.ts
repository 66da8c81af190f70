import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  blocksOf,
  brokenLinks,
  isElsewhere,
  pages,
  read,
  root,
  scratchFolder,
  writeBlocks,
} from "../../helpers/docs.ts";
import { problemsIn, projectIn } from "./compiler.ts";

// The compiler and the processes take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// Every code block of the README and the guides compiles. Blocks marked `run` or `test` are run. Blocks marked
// `frameworks` are files of examples/frameworks and compile there. Every link between the pages has a target.

const scratch = scratchFolder("blocks");
const blocks = pages.flatMap((page) => writeBlocks(page, scratch));

test("the pages have blocks to check", () => {
  expect(blocks.filter(({ page }) => page === "README.md").length).toBeGreaterThan(3);
  expect(blocks.map(({ mark }) => mark)).toEqual(expect.arrayContaining(["run", "test"]));
});

test("every TypeScript block compiles", () => {
  expect(problemsIn(blocks.map(({ file }) => file))).toEqual([]);
});

test("the blocks marked frameworks are files of examples/frameworks, and the page links to all others", () => {
  const folder = join(root, "examples", "frameworks");
  const elsewhere = pages.flatMap((page) => blocksOf(page, "ts")).filter(({ mark }) => isElsewhere(mark));
  const shown = elsewhere.map(({ mark, code }) => {
    const file = mark.slice("frameworks ".length);
    expect(code, mark).toBe(readFileSync(join(folder, file), "utf8"));
    return file;
  });
  const linked = [...read("docs/routes-and-pages.md").matchAll(/\]\(\.\.\/examples\/frameworks\/([^)]+)\)/g)].map(
    ([, path]) => path,
  );
  const unmentioned = projectIn(folder)
    .fileNames.map((file) => relative(folder, file))
    .filter((file) => !/^(?:test\/|vitest\.config\.ts)/.test(file) && !shown.includes(file))
    .filter((file) => !linked.some((path) => file === path || file.startsWith(`${path}/`)));
  // The stand-ins for a queue and a hasher.
  expect(unmentioned).toEqual(["lambda-queue.ts", "workers-hasher.ts"]);
});

const node = (...command: string[]) =>
  execFileSync(process.execPath, command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

test.each(blocks.filter(({ mark }) => mark === "run"))("block $index of $page completes a reset", ({ file }) => {
  const output = node(join(root, "node_modules/tsx/dist/cli.mjs"), file);
  expect(output).toMatch(/ok: true, userId: '42', sessionsRevoked: true/);
});

test("every block marked test passes", () => {
  const files = blocks.filter(({ mark }) => mark === "test").map(({ file }) => file);
  // A separate configuration, because another run would find files named *.test.ts as well.
  const config = join(scratch, "vitest.config.ts");
  const include = JSON.stringify(files.map((file) => relative(root, file)));
  const base = JSON.stringify(join(root, "vitest.config.ts"));
  writeFileSync(
    config,
    `import base from ${base};\nexport default (env) => ({ ...base(env), test: { include: ${include} } });\n`,
  );
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const output = node(vitest, "run", "--root", root, "--config", config, "--reporter=json");
  const { success, numTotalTests, testResults } = JSON.parse(output);
  expect(success).toBe(true);
  expect(testResults.map(({ name }: { name: string }) => name).sort()).toEqual(files.sort());
  expect(numTotalTests).toBeGreaterThan(files.length);
});

test("every block has a known mark", () => {
  const known = /^(?:run|test|file \S+|frameworks \S+)?$/;
  expect(pages.flatMap((page) => blocksOf(page, "ts")).filter(({ mark }) => !known.test(mark))).toEqual([]);
});

describe("links", () => {
  test.each(pages)("every link of %s leads to an existing file or heading", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test("broken links are found, and code is not taken for links", () => {
    const page = [
      "# One `two`, [three](scale.md)!",
      "[a](#one-two-three) [b](#one) [c](scale.md#results) [d](scale.md#find-there)",
      "[e](nothing.md) [f](../src/index.ts#L1) [g](../../outside) [h]: x",
      "[i]: nothing.svg",
      "`[j](k)`",
      "```text",
      "# Four",
      "[l](m)",
      "```",
      '[n](#four) <img src="nothing.png">',
    ];
    const dead = ["#one", "scale.md#find-there", "nothing.md", "../../outside", "#four", "nothing.svg", "nothing.png"];
    expect(brokenLinks("docs/scale.md", page.join("\n"))).toEqual(dead);
  });
});
