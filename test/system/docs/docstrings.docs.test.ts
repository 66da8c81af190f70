import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
import { describe, expect, test, vi } from "vitest";
import { entries } from "../../../entries.ts";
import { scratchFolder } from "../../helpers/docs.ts";
import { programOf } from "./compiler.ts";
import { type Documented, readDocstrings } from "./docstrings.ts";

// The compiler takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// Everything that the package exports has a docstring. Everything that an application calls, and every interface that it
// implements, has an example, and all examples compile. Names that an example takes for granted, such as `request`, are
// declared in docstring-names.ts.

const documented = readDocstrings();
const names = documented.map(({ name }) => name);

/** `TimeSpan` is a class of oslo, with its own documentation. */
const isOurs = ({ file }: Documented): boolean => file.startsWith("src/");
/** Interfaces whose methods the library implements, for applications to call. */
const CALLED =
  /^(?:PasswordReset|PasswordResetClient|PasswordResetRoutes|SqlTokenStore)\.|^MemoryHasher\.verify$|^(?:MemoryUsers|MemoryMailer|Messages|Pages|Language)$/;

const needsExample = ({ name, kind }: Documented): boolean => kind === "value" || kind === "port" || CALLED.test(name);

test("the docstrings of every entry are read", () => {
  expect(new Set(documented.map(({ entry }) => entry))).toEqual(new Set(entries.map(({ name }) => name)));
  expect(names).toEqual(
    expect.arrayContaining(["createPasswordReset", "PasswordReset.completeReset", "UserStore", "PasswordRule"]),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("everything that is exported has a docstring of at least one sentence", () => {
  const missing = documented.filter((each) => isOurs(each) && !/[.:!?]$/m.test(each.description));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test("every option that may be left out says what happens then", () => {
  const options = documented.filter(({ kind, isOptional }) => kind === "option" && isOptional);
  expect(options.length).toBeGreaterThan(50);
  const silent = options.filter(({ description }) => !/\b(?:default|optional|without)\b/i.test(description));
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test("everything that an application calls or implements has an example", () => {
  const missing = documented.filter((each) => isOurs(each) && needsExample(each) && each.examples.length === 0);
  expect(missing.map(({ name }) => name)).toEqual([]);
  // A misspelled name in CALLED would ask for nothing.
  const called = CALLED.source.match(/[A-Z]\w+/g) ?? [];
  expect(called.filter((name) => !names.includes(name))).toEqual([]);
});

test("an example has 1 to 12 lines, of at most 120 characters", () => {
  const lengths = documented.flatMap(({ name, examples }) =>
    examples.map((example) => ({ name, lines: example.split("\n") })),
  );
  const wrong = lengths.filter(({ lines }) => lines.length > 12 || lines.some((line) => line.length > 117));
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

describe("examples", () => {
  const scratch = scratchFolder("docstrings");
  const preamble = readFileSync(join(import.meta.dirname, "docstring-names.ts"), "utf8");
  writeFileSync(join(scratch, "docstring-names.ts"), preamble);
  const granted = [...preamble.matchAll(/^export (?:declare (?:const|function|class)|\{(?: default as)?) (\w+)/gm)].map(
    ([, name = ""]) => name,
  );

  /** Writes an example as a module that imports the names it does not declare. */
  function writeExample({ name, examples }: Documented, index: number): string {
    const code = examples.join("\n");
    const uses = (word: string) => new RegExp(`(?<![\\w$"']|(?<!\\.\\.)\\.)${word}\\b(?!:)`).test(code);
    const declares = (word: string) => new RegExp(`\\b(?:const|let|function) (?:\\{[^}]*)?\\b${word}\\b`).test(code);
    const isImported = (word: string) => uses(word) && !declares(word);
    const imports = documented
      .filter((each) => !["method", "option"].includes(each.kind) && isImported(each.name))
      .map((each) => `import { ${each.name} } from "${each.entry}";`);
    const fromPreamble = granted.filter((word) => isImported(word) && !names.includes(word));
    const lines = [
      ...imports.map((line) => line.replace(/import \{ ([A-Z]\w*) \}/, isType(line) ? "import type { $1 }" : "$&")),
      fromPreamble.length > 0 ? `import { ${fromPreamble.join(", ")} } from "./docstring-names.ts";` : "",
      "export async function example() {",
      code,
      "}",
    ];
    const file = join(scratch, `${index}-${name.replace(/\W/g, "-")}.ts`);
    writeFileSync(file, lines.join("\n"));
    return file;
  }

  /** Reports whether an import is that of a type. */
  function isType(line: string): boolean {
    const [, name] = /\{ (\w+) \}/.exec(line) ?? [];
    return documented.some((each) => each.name === name && each.kind !== "value");
  }

  test("every example compiles, and an example with a wrong option does not", () => {
    const withExamples = documented.filter((each) => isOurs(each) && each.examples.length > 0);
    expect(withExamples.length).toBeGreaterThan(70);
    const wrong = { ...withExamples[0], name: "wrong", examples: ["background({ concurency: 2 });"] } as Documented;
    const files = [...withExamples, wrong].map(writeExample);
    const program = programOf(files, { noUnusedLocals: false, noImplicitReturns: false });
    // Only the examples are checked here. The sources have their own check.
    const problems = files.flatMap((file) =>
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(file))
        .map(({ messageText }) => `${basename(file)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`),
    );
    expect(problems).toEqual([expect.stringMatching(/^\d+-wrong\.ts: .*concurency/)]);
  });

  test("every example uses what it is an example of", () => {
    const unrelated = documented.filter(
      ({ name, examples }) =>
        examples.length > 0 && !examples.some((example) => example.includes(name.split(".").at(-1) ?? name)),
    );
    expect(unrelated.map(({ name }) => name)).toEqual([]);
  });
});
