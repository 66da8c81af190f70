import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLASSES, FLAWS, testFile } from "./flaws.ts";
import { expectFound } from "./helpers/flaw.ts";
import { PAGE, securityPage } from "./page.ts";

const root = join(import.meta.dirname, "../..");

test("The table has 139 published flaws and 23 without a number, each once", () => {
  const numbers = FLAWS.flatMap(({ id, aliases }) => [id, ...aliases]);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(FLAWS.filter(({ id }) => /^(?:CVE|GHSA)-/.test(id))).toHaveLength(139);
  const unnumbered = FLAWS.filter(({ product }) => product === undefined).map(({ id }) => id);
  expect(unnumbered.sort()).toEqual(Array.from({ length: 23 }, (_, index) => `X${index + 1}`).sort());
});

test("docs/known-flaws.md is what `npx tsx test/security/write-docs.ts` writes", () => {
  expect(readFileSync(join(root, PAGE), "utf8")).toBe(securityPage());
});

/** All test code of the repository, by path. Other tests write into folders whose names start with a dot. */
const codes = new Map(
  readdirSync(join(root, "test"))
    .filter((folder) => /^\w/.test(folder) && statSync(join(root, "test", folder)).isDirectory())
    .flatMap((folder) =>
      readdirSync(join(root, "test", folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [`test/${path}`, readFileSync(join(root, "test", path), "utf8")]),
);
const homesOf = (id: string, files: ReadonlyMap<string, string>): string[] =>
  [...files].filter(([, code]) => new RegExp(`"${id}"|^ {2}${id}:`, "m").test(code)).map(([path]) => path);

const expectOneHome = (files: ReadonlyMap<string, string>): void => {
  const homes = FLAWS.map(({ id }) => [id, ...homesOf(id, files)]);
  expect(homes).toEqual(FLAWS.map((row) => [row.id, testFile(row.class)]));
};

test("Each flaw has its tests in one file, which is the file of its class", async () => {
  expectOneHome(codes);
  const second = new Map([...codes, ["test/unit/second.test.ts", `flaw("${FLAWS[0]?.id}")`]]);
  await expectFound(() => expectOneHome(second));
  const missing = new Map([...codes, [testFile("k-page"), ""]]);
  await expectFound(() => expectOneHome(missing));
});

// That each of the tests ran, and passed, is for the file itself to say, because no other process knows.
test("Each class ends with the check that its flaws have passed, and skips none", () => {
  for (const { name } of CLASSES) {
    const code = codes.get(testFile(name)) ?? "";
    expect(code.trimEnd().endsWith(`everyFlawOf("${name}");`), name).toBe(true);
    expect(code, name).not.toMatch(/\.(?:only|skip|todo|fails)\b/);
  }
});
