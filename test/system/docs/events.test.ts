import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test, vi } from "vitest";
import { read, root } from "../../helpers/docs.ts";
import { programOf } from "./compiler.ts";

vi.setConfig({ testTimeout: 60_000 });

// docs/events-and-errors.md lists every event with its fields and reasons, and every error code of the source, in the
// rows of tables or as the items of a list: "- `name`: what it means".

const page = read("docs/events-and-errors.md");

interface Row {
  section: string;
  cells: string[];
}
const rows: Row[] = page.split(/^#+ /m).flatMap((text) => {
  const [section = "", ...lines] = text.split("\n");
  const cells = lines.flatMap((line) => {
    if (line.startsWith("| `")) return [line.split(" | ")];
    return line.startsWith("- `") ? [line.split(": ")] : [];
  });
  return cells.map(([first = "", ...rest]) => ({ section, cells: [first.slice(2), ...rest] }));
});
const words = (text = ""): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
const firstWords = (section: string) =>
  rows
    .filter((row) => row.section === section)
    .flatMap(({ cells }) => words(cells[0]))
    .filter((word) => word !== "type" && word !== "reason" && word !== "code");

const entry = join(root, "src", "index.ts");
const program = programOf([entry]);
const checker = program.getTypeChecker();

function declared(name: string): ts.Type {
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find((each) => each.name === name);
  if (!symbol) throw new Error(`${name} is not exported.`);
  return checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
}

const parts = (type: ts.Type): ts.Type[] => (type.isUnion() ? type.types : [type]);
const literals = (type: ts.Type): string[] =>
  parts(type).flatMap((part) => (part.isStringLiteral() ? [part.value] : []));

const codes = literals(declared("RelatchErrorCode")).sort();
const events = parts(declared("ResetEvent")).map((event) => {
  const properties = checker.getPropertiesOfType(event);
  const typeOf = (name: string) => {
    const property = properties.find((each) => each.name === name);
    return property ? checker.getTypeOfSymbol(property) : checker.getUndefinedType();
  };
  return {
    type: literals(typeOf("type"))[0] ?? "",
    fields: properties
      .filter(({ name }) => !["type", "at", "tenant", "correlationId"].includes(name))
      .map(({ name, flags }) => (flags & ts.SymbolFlags.Optional ? `${name}?` : name)),
    values: ["reason", "kind", "jobType"].map((name) => literals(typeOf(name)).sort()),
  };
});

const eventRows = rows.filter(({ section }) => ["A request", "A job", "A link"].includes(section));
const rowOf = (type: string) => eventRows.filter(({ cells }) => words(cells[0])[0] === type);

test("the source has events and codes to compare with", () => {
  expect(events.length).toBeGreaterThan(15);
  expect(codes).toContain("ERR_OPTIONS");
});

test("the page lists every event once and nothing else", () => {
  const named = ["A request", "A job", "A link"].flatMap(firstWords);
  expect(named.sort()).toEqual(events.map(({ type }) => type).sort());
});

describe.each(events)("$type", ({ type, fields, values: [reasons = [], ...others] }) => {
  const cell = rowOf(type)[0]?.cells[2] ?? "";

  test("the page lists the fields of the event and nothing else", () => {
    expect(words(cell)).toEqual(expect.arrayContaining(fields));
    const known = [...fields, ...reasons, ...others.flat(), "too_short"];
    expect(words(cell).filter((word) => !known.includes(word))).toEqual([]);
  });

  test("the page lists the reasons of the event, in the row or in a separate table", () => {
    const own = firstWords(`\`${type}\``).sort();
    if (own.length > 0) expect(own).toEqual(reasons);
    else if (reasons.some((reason) => codes.includes(reason))) expect(reasons).toEqual(codes);
    else expect(words(cell)).toEqual(expect.arrayContaining(reasons));
  });
});

test("the page names every kind of email and of job", () => {
  const all = events.flatMap(({ values: [, ...others] }) => others.flat());
  expect(rows.flatMap(({ cells }) => cells.flatMap(words))).toEqual(expect.arrayContaining(all));
  expect(all).toContain("reset_link");
});

test("the page lists every error code once and nothing else", () => {
  expect(firstWords("Errors").sort()).toEqual(codes);
});
