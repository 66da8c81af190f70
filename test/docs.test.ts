import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, test, vi } from "vitest";
import { blocksOf, deadLinks, isElsewhere, pages, root, writeBlocks } from "./helpers/docs.ts";

// The compiler and the processes take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// What the README and the guides show compiles, and what they mark as `run` or `test` is run. What they mark as
// `frameworks` is a file of examples/frameworks, and compiled there. Links between the pages lead somewhere.

mkdirSync(join(root, "test", ".docs"), { recursive: true });
const scratch = mkdtempSync(join(root, "test", ".docs", "blocks-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const blocks = pages.flatMap((page) => writeBlocks(page, scratch));

test("there are blocks to check", () => {
  expect(blocks.filter(({ page }) => page === "README.md").length).toBeGreaterThan(3);
  expect(blocks.map(({ mark }) => mark)).toEqual(expect.arrayContaining(["run", "test"]));
});

test("every TypeScript block compiles", () => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const program = ts.createProgram(
    blocks.map(({ file }) => file),
    { ...options, noUnusedLocals: false, skipLibCheck: true },
  );
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  expect(problems).toEqual([]);
});

test("every block that is compiled elsewhere is one of the files there, and every file is shown", () => {
  const folder = join(root, "examples", "frameworks");
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile);
  const files = ts
    .parseJsonConfigFileContent(config, ts.sys, folder)
    .fileNames.map((file) => relative(folder, file))
    .filter((file) => !file.startsWith("test/") && file !== "vitest.config.ts");
  const elsewhere = pages.flatMap((page) => blocksOf(page, "ts")).filter(({ mark }) => isElsewhere(mark));
  expect(elsewhere.map(({ mark }) => mark.slice("frameworks ".length)).sort()).toEqual(files.sort());
  for (const { mark, code } of elsewhere) {
    expect(code, mark).toBe(readFileSync(join(folder, mark.slice("frameworks ".length)), "utf8"));
  }
});

const node = (...command: string[]) =>
  execFileSync(process.execPath, command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe.each(blocks.filter(({ mark }) => mark === "run"))("$page, block $index, marked run", ({ file }) => {
  test("runs", () => {
    const output = node(join(root, "node_modules/tsx/dist/cli.mjs"), file);
    expect(output).toMatch(/ok: true, userId: '42', sessionsRevoked: true/);
  });
});

test("every block marked test passes", () => {
  const files = blocks.filter(({ mark }) => mark === "test").map(({ file }) => file);
  // A configuration of its own: what is called *.test.ts in here would be found by another run, too.
  const config = join(scratch, "vitest.config.ts");
  const include = JSON.stringify(files.map((file) => relative(root, file)));
  const base = JSON.stringify(join(root, "vitest.config.ts"));
  writeFileSync(
    config,
    `import base from ${base};\nexport default { ...base, test: { include: ${include} } };\n`,
  );
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const output = node(vitest, "run", "--root", root, "--config", config, "--reporter=json");
  const { success, numTotalTests, testResults } = JSON.parse(output);
  expect(success).toBe(true);
  expect(testResults.map(({ name }: { name: string }) => name).sort()).toEqual(files.sort());
  expect(numTotalTests).toBeGreaterThan(files.length);
});

test("every mark is a known one", () => {
  const known = /^(?:run|test|file \S+|frameworks \S+)?$/;
  expect(pages.flatMap((page) => blocksOf(page, "ts")).filter(({ mark }) => !known.test(mark))).toEqual([]);
});

describe("links", () => {
  test.each(pages)("of %s lead to files and headings that are there", (page) => {
    expect(deadLinks(page)).toEqual([]);
  });

  test("that lead nowhere are found, and code is none", () => {
    const page = [
      "# One `two`, [three](scale.md)!",
      "[a](#one-two-three) [b](#one) [c](scale.md#what-the-figures-say) [d](scale.md#find-there)",
      "[e](nothing.md) [f](../src/types.ts#L1) [g](../../outside) [h]: x",
      "[i]: nothing.svg",
      "`[j](k)`",
      "```text",
      "# Four",
      "[l](m)",
      "```",
      '[n](#four) <img src="nothing.png">',
    ];
    const dead = [
      "#one",
      "scale.md#find-there",
      "nothing.md",
      "../../outside",
      "#four",
      "nothing.svg",
      "nothing.png",
    ];
    expect(deadLinks("docs/scale.md", page.join("\n"))).toEqual(dead);
  });
});
