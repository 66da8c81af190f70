import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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
  expect(blocks.filter(({ page }) => page === "README.md").length).toBeGreaterThan(2);
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

test("the README's own routes are those of examples/frameworks/express-ejs, where a test uses them", () => {
  const example = readFileSync(join(root, "examples/frameworks/express-ejs/link-form.ts"), "utf8");
  const shown = blocksOf("README.md", "ts").find(({ mark }) => mark === "file own-routes.ts")?.code;
  expect(shown?.replace('{ ORIGIN, passwordReset } from "./', '{ passwordReset } from "../')).toBe(
    example.replace(/\/\*\*.*\*\/\n/, "").replace(/\nconst ORIGIN = .*\n/, ""),
  );
});

const node = (cwd: string, ...command: string[]) =>
  execFileSync(process.execPath, command, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
/** Runs TypeScript, as `npx tsx` does. */
const runScript = (file: string, folder = dirname(file)) =>
  node(folder, join(root, "node_modules/tsx/dist/cli.mjs"), file);

describe("The first script of the tutorial", () => {
  const PAGE = "docs/new-application.md";
  const script = blocks.find(({ page, mark }) => page === PAGE && mark === "run");
  if (!script) throw new Error("The page has no block marked run.");

  test("is the only block marked run", () => {
    expect(blocks.filter(({ mark }) => mark === "run")).toEqual([script]);
  });

  test("prints what the page says, in a folder with the package.json that the page makes", () => {
    const [printed = ""] = blocksOf(PAGE, "text").map(({ code }) => code);
    expect(printed).toContain("ok: true, userId: '42', sessionsRevoked: true");
    expect(runScript(script.file).replace(/expiresAt: \S+/, "expiresAt: …")).toBe(printed);
  });

  test("does not run with the package.json of npm init alone", () => {
    const folder = join(scratch, "commonjs");
    mkdirSync(folder);
    execFileSync("npm", ["init", "-y"], { cwd: folder });
    const file = join(folder, "first.ts");
    writeFileSync(file, script.code);
    expect(() => runScript(file)).toThrow(/Top-level await/);
  });
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
  const output = node(root, vitest, "run", "--root", root, "--config", config, "--reporter=json");
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
