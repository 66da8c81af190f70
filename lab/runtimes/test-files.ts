import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./built-package.ts";

/** Unit and contract tests that run on the developer's Node.js only. */
export const onNodeOnly: readonly { files: RegExp; reason: string }[] = [
  { files: /\.server\.test\.ts$/, reason: "they need a database server" },
  {
    files: /\/stores\/(options|postgres|redis|round-trips)\.test\.ts$/,
    reason: "they test PGlite and ioredis, which are not part of the package",
  },
  {
    files: /\/http\/node\.test\.ts$/,
    reason: "it tests the bridge to node:http at the socket, with Express and HTTP/2",
  },
  {
    files: /\/ports\/guarded\.test\.ts$/,
    reason: "it throws the RelatchError of the package into the source, which has its own class",
  },
];

/** The tests that run on every runtime. */
export const testFiles: readonly string[] = [
  ...["test/unit", "test/contract"]
    .flatMap(testsIn)
    .filter((file) => !onNodeOnly.some(({ files }) => files.test(file))),
  "test/system/email/smtp.test.ts",
  "lab/runtimes/suites/every-letter.ts",
  "lab/runtimes/suites/own-sqlite.ts",
  "lab/runtimes/suites/services-outside.ts",
];

function testsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `${folder}/${path}`)
    .sort();
}
