import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, test, vi } from "vitest";

// The compiler and the processes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

// What the README and the guides show compiles, and what they mark as `run` or `test` is run.

const root = join(import.meta.dirname, "..");
mkdirSync(join(root, "test", ".docs"), { recursive: true });
const scratch = mkdtempSync(join(root, "test", ".docs", "blocks-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const blocks = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```ts *(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, mark = "", code = ""], index) => {
      const file = join(scratch, `${page.replace(/\W/g, "-")}-${index}${mark === "test" ? ".test" : ""}.ts`);
      writeFileSync(file, code);
      return { page, index, mark, file };
    },
  ),
);

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

describe.each(blocks.filter(({ mark }) => mark !== ""))(
  "$page, block $index, marked $mark",
  ({ mark, file }) => {
    test("runs", () => {
      const command =
        mark === "run"
          ? [join(root, "node_modules/tsx/dist/cli.mjs"), file]
          : [
              join(root, "node_modules/vitest/vitest.mjs"),
              "run",
              "--root",
              root,
              "--typecheck.enabled=false",
              file,
            ];
      const output = execFileSync(process.execPath, command, { cwd: root, encoding: "utf8" });
      expect(output).toMatch(mark === "run" ? /ok: true, userId: '42', sessionsRevoked: true/ : /1 passed/);
    });
  },
);

test("every path that the README links to exists", () => {
  const links = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/\]\(((?!https?:)[^)#]+)\)/g)];
  for (const [, path = ""] of links) expect(() => readFileSync(join(root, path)), path).not.toThrow();
});
