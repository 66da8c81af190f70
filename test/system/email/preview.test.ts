import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { writePreview } from "./preview.ts";
import { kinds, languages } from "./samples.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

test("the gallery shows every email of every language and loads nothing from the network", async () => {
  const folder = await mkdtemp(join(tmpdir(), "relatch-mail-preview-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const count = await writePreview(folder);
  expect(count).toBe(2 * kinds.length * languages.length);

  const files = await readdir(folder);
  const index = await readFile(join(folder, "index.html"), "utf8");
  const shown = [...index.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file = ""]) => file);
  expect(new Set(shown)).toEqual(new Set(files.filter((file) => !["index.html", ".gitignore"].includes(file))));
  expect(new Set(shown).size).toBe(3 * count);
  for (const file of files.filter((name) => /^ar-.*html$/.test(name))) {
    expect(await readFile(join(folder, file), "utf8")).not.toMatch(/prefers-color-scheme|src="https:/);
  }
});
