import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLASS_NAMES, FLAWS, PENDING, testFile } from "./flaws.ts";
import { PAGE, securityPage } from "./page.ts";

const root = join(import.meta.dirname, "../..");
const present = CLASS_NAMES.filter((name) => !PENDING.includes(name));

describe("the tables", () => {
  test("hold 139 published flaws and 23 without a number, each once", () => {
    const numbers = FLAWS.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(FLAWS.filter(({ id }) => /^(?:CVE|GHSA)-/.test(id))).toHaveLength(139);
    const unnumbered = FLAWS.filter(({ product }) => product === undefined).map(({ id }) => id);
    expect(unnumbered.sort()).toEqual(Array.from({ length: 23 }, (_, index) => `X${index + 1}`).sort());
  });

  test("are what docs/security.md says (npx tsx test/security/write-docs.ts)", () => {
    expect(readFileSync(join(root, PAGE), "utf8")).toBe(securityPage());
  });

  test("list as still to come what is not there yet, and nothing else", () => {
    expect(CLASS_NAMES.filter((name) => !existsSync(join(root, testFile(name))))).toEqual(PENDING);
  });
});

// That each of them ran, and passed, is for the file itself to say: no other process knows.
test.each(present)("%s names every flaw of its class, no other, and counts them", (name) => {
  const file = readFileSync(join(root, testFile(name)), "utf8");
  const parts = file.match(new RegExp(`(?<=^import "\\./)${name}/\\w+\\.ts(?=";)`, "gm")) ?? [];
  const code = [...parts.map((part) => readFileSync(join(import.meta.dirname, part), "utf8")), file].join("");
  const named = new Set(code.match(/(?<=")(?:CVE-\d{4}-\d+|GHSA(?:-\w{4}){3})(?=")|\bX\d+\b(?=[":])/g));
  const ids = FLAWS.filter((row) => row.class === name).map(({ id }) => id);
  expect([...named].sort()).toEqual(ids.sort());
  expect(code.trimEnd().endsWith(`flawsOf("${name}");`)).toBe(true);
  expect(code).not.toMatch(/\.(?:only|skip|todo|fails)\b/);
});
