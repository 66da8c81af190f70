import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answers } from "./answers.ts";
import { flow } from "./flow.ts";
import type { Guard } from "./guard.ts";
import { input } from "./input.ts";
import { tokens } from "./tokens.ts";

// Takes one guard after the other out of a copy of the source, and runs the tests that have to notice. Fails if one
// does not, if a guard is no longer where it was, or if the tests fail with all guards in place.
//
//     npm run test:guards             all of them
//     npm run test:guards -- tenant   those with this word in the reason, the file or the line

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKERS = 2;
/** Milliseconds for the tests of one guard: where one waits for ever, something has been noticed, too. */
const PATIENCE = 120_000;
const COPIED = [
  "src",
  "test",
  "examples",
  "docs",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
  "README.md",
];
const LEFT_OUT = /node_modules|test\/(bench|e2e|guards|mutation|package|processes|recipes)\b/;

type Verdict = "killed" | "hangs" | "SURVIVED" | "NOT ONCE" | "BROKEN";

const [word = ""] = process.argv.slice(2);
const all: Guard[] = [...flow, ...tokens, ...answers, ...input];
const guards = all.filter(({ why, file, find }) => `${why} ${file} ${find}`.includes(word));
const copies = await Promise.all(Array.from({ length: WORKERS }, copy));

try {
  const started = Date.now();
  const control = await run(copies[0]!, [...new Set(guards.flatMap(({ tests }) => tests))]);
  if (control !== "SURVIVED") throw new Error(`With all guards in place: ${control}`);

  const verdicts = new Map<Guard, Verdict>();
  const waiting = guards.values();
  await Promise.all(
    copies.map(async (directory) => {
      for (const guard of waiting) {
        const verdict = await without(directory, guard);
        verdicts.set(guard, verdict);
        const line = guard.find.trim().split("\n")[0]!.slice(0, 60);
        console.log(`${verdict.padEnd(9)} ${guard.file.padEnd(18)} ${guard.why.padEnd(52)} ${line}`);
      }
    }),
  );
  const failed = [...verdicts.values()].filter((verdict) => verdict !== "killed" && verdict !== "hangs");
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    `${guards.length - failed.length} of ${guards.length} guards are missed when they are gone; ${seconds} s`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  await Promise.all(copies.map((directory) => rm(directory, { recursive: true })));
}

async function copy(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "relatch-guards-"));
  const filter = (source: string) => !LEFT_OUT.test(source.slice(root.length));
  for (const name of COPIED) await cp(join(root, name), join(directory, name), { recursive: true, filter });
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

async function without(directory: string, { file, find, replace, tests }: Guard): Promise<Verdict> {
  const path = join(directory, "src", file);
  const source = await readFile(path, "utf8");
  if (source.split(find).length !== 2) return "NOT ONCE";
  await writeFile(
    path,
    source.replace(find, () => replace),
  );
  try {
    return await run(directory, tests);
  } finally {
    await writeFile(path, source);
  }
}

/**
 * Whether some test failed. A file that could not even be loaded is no test that failed. Without `--bail`: Vitest then
 * ends before the failure is in its report.
 */
async function run(directory: string, tests: readonly string[]): Promise<Verdict> {
  const report = join(directory, "report.json");
  const files = tests.map((test) => join("test", test));
  const options = ["--typecheck.enabled=false", "--reporter=json", `--outputFile=${report}`];
  const child = spawn(join(root, "node_modules/.bin/vitest"), ["run", ...files, ...options], {
    cwd: directory,
    stdio: "ignore",
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  const signal = await new Promise<string | null>((resolve) => child.once("exit", (_, by) => resolve(by)));
  if (signal) return "hangs";
  const { success, numFailedTests, numTotalTests } = JSON.parse(await readFile(report, "utf8"));
  await rm(report);
  if (numFailedTests > 0) return "killed";
  return success && numTotalTests > 0 ? "SURVIVED" : "BROKEN";
}
