import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { blocksOf, scratchFolder } from "../../helpers/docs.ts";
import { problemsIn } from "./compiler.ts";

vi.setConfig({ testTimeout: 60_000 });

const file = join(scratchFolder("compiler-errors"), "mistakes.ts");

test("the compiler's messages in docs/compiler-errors.md are those of the compiler", () => {
  const [block] = blocksOf("docs/compiler-errors.md", "ts");
  const lines = (block?.code ?? "").split("\n");
  const isMark = (line: string | undefined) => line === "// @ts-expect-error";
  const promised = lines.filter((_, index) => isMark(lines[index + 1])).map((line) => line.replace("// ", ""));

  writeFileSync(file, lines.filter((line) => !isMark(line)).join("\n"));
  expect(promised).toHaveLength(10);
  expect(problemsIn([file]).map(({ message }) => message.split("\n")[0])).toEqual(promised);
});
