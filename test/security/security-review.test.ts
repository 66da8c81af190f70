import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { expectFound } from "./helpers/flaw.ts";

// docs/security-review.md and docs/checklists.md name the test of every claim, or the code if no test can show it, and
// nothing is left out. Whether a test fits its claim is for a reader to judge.

const root = join(import.meta.dirname, "../..");
const markdown = ["docs/security-review.md", "docs/checklists.md"]
  .map((page) => readFileSync(join(root, page), "utf8"))
  .join("\n");

/** A link to a test file. Its words are the title of a test in it, the id of a flaw, or the path of the file. */
interface Reference {
  words: string;
  path: string;
}

const referencesIn = (text: string): Reference[] =>
  [...text.matchAll(/\[((?:[^[\]\\]|\\.)+)\]\(\.\.\/([^)#\s]+\.ts)\)/g)].map(([, words = "", path = ""]) => ({
    words: words.replaceAll(/\\(.)/g, "$1"),
    path: posix.normalize(path),
  }));

/** Returns every string in a file, and every template as it is written. A part of either is not one. */
function stringsIn(path: string): readonly string[] {
  const strings: string[] = [];
  const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) strings.push(node.text);
    if (ts.isTemplateExpression(node)) strings.push(node.getText(source).slice(1, -1));
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) strings.push(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return strings;
}

function problemsOf(references: readonly Reference[]): string[] {
  const files = new Map<string, readonly string[]>();
  return references.flatMap(({ words, path }) => {
    if (!existsSync(join(root, path))) return [`${path} does not exist`];
    const strings = files.get(path) ?? stringsIn(path);
    files.set(path, strings);
    return words === `\`${path}\`` || strings.includes(words) ? [] : [`${path} has no test "${words}"`];
  });
}

test("Every test that the security review and the checklists name exists", async () => {
  const references = referencesIn(markdown);
  expect(references.length).toBeGreaterThan(100);
  expect(problemsOf(references)).toEqual([]);
  const self = "test/security/security-review.test.ts";
  for (const wrong of [
    "[`test/nowhere.test.ts`](../test/nowhere.test.ts)",
    // These words are here, but as a part of a longer string.
    `[security-review](../${self})`,
    `[\`test/security/abuse.test.ts\`](../${self})`,
    "[one caller per link wins](../test/system/processes/races.ts)",
  ]) {
    await expectFound(() => expect(problemsOf(referencesIn(wrong))).toEqual([]));
  }
});

/** Returns the rows of the tables under a heading, as cells. */
function rowsUnder(heading: string): string[][] {
  const [, section = ""] = markdown.split(new RegExp(`^#{2,3} ${heading}.*$`, "m"));
  const [body = ""] = section.split(/^#{2,3} /m);
  const lines = body.split("\n").filter((line) => line.startsWith("| "));
  const cellsOf = (line: string) => line.slice(1, -1).split(/(?<!\\)\|/);
  return lines.slice(1).map((line) => cellsOf(line).map((cell) => cell.trim()));
}

const span = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}.${index + 1}`);

/** The items that a table must have, if its catalog numbers them. */
const CATALOGS: readonly [heading: string, items: readonly string[]][] = [
  ["OWASP Forgot Password Cheat Sheet", []],
  ...[12, 8, 6, 8, 4].map((count, nth): [string, string[]] => [`V6\\.${nth + 2}`, span(`6.${nth + 2}`, count)]),
  ["V7\\.4", span("7.4", 5)],
  [
    "V11",
    [
      ...["11.1.1", "11.1.4", ...span("11.2", 5), "11.3.1", "11.3.5", ...span("11.4", 4)],
      ...[5, 6, 7].flatMap((section) => span(`11.${section}`, 2)),
    ],
  ],
  ["3\\.1\\.1\\.2", Array.from("123456789")],
  ["4\\.2", ["4.2.1", ...span("4.2.1", 4), ...span("4.2.2", 3), "4.2.3"]],
];
const STATUSES = ["default", "http", "option", "application", "partly", "not met"];

describe.each(CATALOGS)("The table under %s", (heading, items) => {
  const rows = rowsUnder(heading);

  test("has every item of its catalog", () => {
    expect(rows.length).toBeGreaterThan(3);
    const numbers = rows.flatMap(
      ([item = ""]) => /^(?:[\d.]+\d|\d)(?:(?: to |, )[\d.]+\d)?/.exec(item)?.[0].split(/ to |, /) ?? [],
    );
    expect([...new Set(numbers)]).toEqual(items);
  });

  test("names the guard of each item, and a test of it, or its code", () => {
    for (const [item = "", status = "", by = "", tests = "", ...more] of rows) {
      expect(more, item).toEqual([]);
      const statuses = status.split(", ");
      expect(STATUSES, item).toEqual(expect.arrayContaining(statuses));
      if (statuses.join() === "application") continue;
      expect(by, item).not.toBe("");
      expect(referencesIn(tests).length, item).toBeGreaterThan(0);
    }
  });
});

test("Every threat has a guard with a test", () => {
  const [, heading = ""] = /^## (.*)\n\n\| .*threat/m.exec(markdown) ?? [];
  const rows = rowsUnder(heading);
  expect(rows.length).toBeGreaterThan(15);
  for (const [threat = "", guard = "", tests = ""] of rows) {
    expect(guard, threat).not.toBe("");
    expect(referencesIn(tests).length, threat).toBeGreaterThan(0);
  }
});
