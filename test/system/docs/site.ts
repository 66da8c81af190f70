import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { writePages } from "../../../docs/site/pages.ts";
import { writeReference } from "../../../docs/site/reference.ts";

/** Writes files into a temporary folder. */
export function createFolder(files: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), "relatch-site-test-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    writeFileSync(join(made, path), content);
  }
  return made;
}

export const REPOSITORY = {
  "README.md":
    "# Thing\n\nSee the [guide](docs/design-decisions.md#second-part), and what it is [made of](examples/app.ts).\n",
  "CHANGELOG.md": "# Changelog\n",
  "docs/zebra.md": "# Zebra\n",
  "docs/queues.md": "# Queues\n\n| a | b |\n|---|---|\n| [zebra](zebra.md) | a ladder of words |\n",
  "docs/design-decisions.md":
    '# Guide\n\n## Second part\n\n### `a_code`\n\n[Code](#a_code) [Home](../README.md), [tests](../test), [recipes](../examples/recipes), ![plan](plan.svg "Plan")\n',
  "docs/plan.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
  "examples/app.ts": "// ``` in a comment\nexport const width = 42;\n",
  "examples/recipes/README.md": "# Recipes\n\n[One](one.sql)\n",
  "examples/recipes/one.sql": "SELECT 1;\n",
  "test/a.test.ts": "export {};\n",
  "tsconfig.json": '{ "compilerOptions": { "types": [], "skipLibCheck": true }, "include": ["src"] }',
  "src/index.ts": "/** Opens a hatch. */\nexport function openHatch(): void {}\n",
};

/** Builds a site as `npm run docs` does. Returns its folder and the output of typedoc. */
export async function buildSite(files: Record<string, string>): Promise<{ site: string; said: string }> {
  const lines: string[] = [];
  for (const method of ["log", "info", "warn", "error"] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...values) => void lines.push(values.join(" ")));
    onTestFinished(() => spy.mockRestore());
  }
  const root = createFolder(files);
  const site = join(root, "site");
  const source = {
    entryPoints: [join(root, "src/index.ts")],
    tsconfig: join(root, "tsconfig.json"),
    intentionallyNotExported: [],
  };
  await writeReference(writePages(root, createFolder({})), site, source).catch((error: Error) =>
    lines.push(error.message),
  );
  return { site, said: lines.join("\n") };
}
