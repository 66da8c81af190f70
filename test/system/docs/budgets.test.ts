import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { MENU } from "../../../docs/site/pages.ts";
import manifest from "../../../package.json" with { type: "json" };
import { pages, read } from "../../helpers/docs.ts";

// The pages stay short: each has a budget of words, code included, and all of them together have one. A page that needs
// more is cut or split.

/** The words that a page should have. It may have a tenth more. */
const BUDGETS: Readonly<Record<string, number>> = {
  "codes-and-invitations": 1200,
  comparison: 600,
  "design-decisions": 450,
  email: 1300,
  "events-and-errors": 1200,
  "existing-system": 1600,
  "go-live": 450,
  "how-it-works": 1000,
  limits: 750,
  "new-application": 1100,
  performance: 350,
  production: 1300,
  queues: 800,
  "routes-and-pages": 1300,
  "security-review": 1600,
  tenants: 500,
  "testing-your-code": 600,
  "token-stores": 750,
  "users-and-sessions": 1300,
};
/** Pages that a program writes, or compares in full with the source. They have no budget. */
const GENERATED = ["benchmarks", "checklists", "compiler-errors", "known-flaws", "scale", "timing"];
const README = 1300;
const SUM = 20_000;

const PATHS = ["New application", "Existing system", "Security review"];

const guides = pages.filter((page) => page.startsWith("docs/"));
const nameOf = (page: string) => basename(page, ".md");

/** Counts words as `wc -w` does. */
const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** Reports whether a text is longer than its budget, with this share of room. */
const isOver = (text: string, budget: number, room: number): boolean => countWords(text) > budget * (1 + room);

test("every page has a budget or is generated", () => {
  expect(guides.map(nameOf).sort()).toEqual([...Object.keys(BUDGETS), ...GENERATED].sort());
});

test("words are counted as wc does, and a word too many is found", () => {
  expect(countWords("# One two\n\n| three | `four` |\n")).toBe(8);
  expect(isOver("word ".repeat(110), 100, 0.1)).toBe(false);
  expect(isOver("word ".repeat(111), 100, 0.1)).toBe(true);
});

test("the README is within its budget", () => {
  expect(isOver(read("README.md"), README, 0), `${countWords(read("README.md"))} words`).toBe(false);
});

test.each(Object.entries(BUDGETS))("%s.md is within its budget of %i words and a tenth", (name, budget) => {
  const text = read(`docs/${name}.md`);
  expect(isOver(text, budget, 0.1), `${countWords(text)} words`).toBe(false);
});

test("all pages that are written by hand have 20,000 words at most", () => {
  const texts = ["README.md", ...Object.keys(BUDGETS).map((name) => `docs/${name}.md`)].map(read);
  expect(texts.reduce((sum, text) => sum + countWords(text), 0)).toBeLessThanOrEqual(SUM);
});

describe("The way through the pages", () => {
  const written = guides.filter((page) => Object.hasOwn(BUDGETS, nameOf(page)));

  test.each(written)("%s starts with what it is for, and ends with one or two links to the next page", (page) => {
    const text = read(page);
    expect(text).toMatch(/^# .+\n\n(?:After|With|This) /);
    const last = text.trimEnd().split("\n").at(-1) ?? "";
    expect(last).toMatch(/^Next: \[[^\]]+\]\([^)]+\.md(?:#[^)]+)?\)(?: · \[[^\]]+\]\([^)]+\.md(?:#[^)]+)?\))?$/);
  });

  test("the three paths have the same names in the README and at the top of the site's menu", () => {
    const named = [...read("README.md").matchAll(/^- \*\*\[([^\]]+)\]\(docs\/.+?\.md\)\*\*/gm)].map(([, name]) => name);
    expect(named).toEqual(PATHS);
    expect(Object.keys(MENU).slice(0, 3)).toEqual(PATHS);
    expect(manifest.typedocOptions.groupOrder).toEqual([...Object.keys(MENU), "Modules"]);
  });

  test("every page is in the menu once", () => {
    const inMenu = Object.values(MENU).flat();
    const roots: string[] = ["SECURITY", "CONTRIBUTING", "CHANGELOG"];
    expect(inMenu.filter((name) => !roots.includes(name)).sort()).toEqual(guides.map(nameOf).sort());
  });
});

test("performance.md has the budgets of the package's size check", () => {
  const check = read("test/system/package/size.mjs");
  const core = /^ {2}relatch: (\d+) \* KB,$/m.exec(check)?.[1];
  const client = /^ {2}"relatch\/client": (\d+),$/m.exec(check)?.[1];
  const page = read("docs/performance.md");
  expect(page).toContain(`The bundle** is at most ${core} KB`);
  expect(page).toContain(`\`relatch/client\` at most ${Number(client) / 1000} KB`);
});
