import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

// docs/threat-model.md names the test of every claim. That the tests are there, and that nothing is left out.

const root = join(import.meta.dirname, "../..");
const PAGE = "docs/threat-model.md";
const markdown = readFileSync(join(root, PAGE), "utf8");

/** A link to a file of tests: its words are the title of a case in it, or the path of the file. */
interface Reference {
  words: string;
  path: string;
}

const referencesIn = (text: string): Reference[] =>
  [...text.matchAll(/\[((?:[^[\]\\]|\\.)+)\]\(\.\.\/([^)#\s]+\.ts)\)/g)].map(([, words = "", path = ""]) => ({
    words: words.replaceAll(/\\(.)/g, "$1"),
    path: posix.normalize(path),
  }));

const files = new Map<string, readonly string[]>();

/** Every text in a file, and the fixed parts of those that are put together. */
function textsIn(path: string): readonly string[] {
  const known = files.get(path);
  if (known) return known;
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest));
  files.set(path, texts);
  return texts;
}

function problemOf({ words, path }: Reference): string | undefined {
  if (!existsSync(join(root, path))) return `${path} is not there`;
  if (words === `\`${path}\`` || textsIn(path).includes(words)) return undefined;
  return `${path} has no case "${words}"`;
}

const references = referencesIn(markdown);

test("every test that the page names is there, by its title", () => {
  expect(references.length).toBeGreaterThan(100);
  expect(references.map(problemOf).filter(Boolean)).toEqual([]);
});

test("a file or a case that is not there is found", () => {
  const page = [
    "[`test/nowhere.test.ts`](../test/nowhere.test.ts)",
    "[nothing of that name](../test/security/threat-model.test.ts)",
    "[`test/security/uniform-answers.test.ts`](../test/security/threat-model.test.ts)",
    "[a file or a case that is not there is found](../test/security/threat-model.test.ts)",
    "[`src/types.ts`](../src/types.ts)",
  ];
  expect(referencesIn(page.join("\n")).map(problemOf).filter(Boolean)).toEqual([
    "test/nowhere.test.ts is not there",
    // These words are here, but as a part of a longer text.
    'test/security/threat-model.test.ts has no case "nothing of that name"',
    'test/security/threat-model.test.ts has no case "`test/security/uniform-answers.test.ts`"',
  ]);
});

/** The rows of the tables under a heading, as cells. */
function rowsUnder(heading: string): string[][] {
  const [, section = ""] = markdown.split(new RegExp(`^#{2,3} ${heading}.*$`, "m"));
  const [body = ""] = section.split(/^#{2,3} /m);
  const lines = body.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

const span = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}.${index + 1}`);

/** Which items a table has to have, where its catalogue numbers them. */
const CATALOGUES: readonly [heading: string, items: readonly string[]][] = [
  ["OWASP Forgot Password Cheat Sheet", []],
  ["V6\\.2", span("6.2", 12)],
  ["V6\\.3", span("6.3", 8)],
  ["V6\\.4", span("6.4", 6)],
  ["V6\\.5", span("6.5", 8)],
  ["V7\\.4", span("7.4", 5)],
  [
    "V11",
    [
      ...["11.1.1", "11.1.4"],
      ...span("11.2", 5),
      ...["11.3.1", "11.3.5"],
      ...span("11.4", 4),
      ...span("11.5", 2),
      ...span("11.6", 2),
      ...span("11.7", 2),
    ],
  ],
  ["3\\.1\\.1\\.2", span("", 9).map((item) => item.slice(1))],
  ["4\\.2", ["4.2.1", ...span("4.2.1", 4), ...span("4.2.2", 3), "4.2.3"]],
];

describe.each(CATALOGUES)("the table under %s", (heading, items) => {
  const rows = rowsUnder(heading);

  test("has every item", () => {
    expect(rows.length).toBeGreaterThan(4);
    const numbers = rows.flatMap(
      ([item = ""]) => /^(?:[\d.]+\d|\d)(?:(?: to |, )[\d.]+\d)?/.exec(item)?.[0] ?? [],
    );
    const named = numbers.flatMap((number) => number.split(/ to |, /));
    expect([...new Set(named)]).toEqual(items);
  });

  test("says of each by what it is met, and which test shows it", () => {
    for (const [item = "", status = "", by = "", tests = "", ...more] of rows) {
      expect(more, item).toEqual([]);
      const statuses = status.split(", ");
      for (const each of statuses)
        expect(["default", "adapters", "option", "application"], item).toContain(each);
      if (statuses.some((each) => each !== "application")) {
        expect(by, item).not.toBe("");
        expect(referencesIn(tests).length, item).toBeGreaterThan(0);
      }
    }
  });
});

test("every threat has a guard with a test", () => {
  const rows = rowsUnder("What stands against it");
  expect(rows.length).toBeGreaterThan(15);
  for (const [threat = "", guard = "", tests = ""] of rows) {
    expect(guard, threat).not.toBe("");
    expect(referencesIn(tests).length, threat).toBeGreaterThan(0);
  }
});
