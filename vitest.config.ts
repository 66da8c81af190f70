import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LeftToCi } from "./test/helpers/groups.ts";

// `npm test` runs every test that needs only this repository. All other tests have a suffix that says what they need, and
// each suffix has a mode. `test/helpers/groups.ts` lists them.
const INCLUDE: Record<string, string[]> = {
  servers: ["test/**/*.server.test.ts"],
  browser: ["test/**/*.browser.test.ts"],
  exim: ["test/**/*.exim.test.ts"],
  docs: ["test/**/*.docs.test.ts"],
  types: [],
};
const LEFT_OUT = ["**/node_modules/**", "test/.docs/**", "**/*.{server,browser,exim,docs}.test.ts"];

export default defineConfig(({ mode }) => ({
  // Tests and examples import the package by its name, as its users do. tsconfig.json leads these names to `src`.
  resolve: { tsconfigPaths: true },
  test: {
    include: INCLUDE[mode] ?? ["test/**/*.test.ts"],
    exclude: mode in INCLUDE ? [] : LEFT_OUT,
    // A third of the time went into loading the same modules for each file. Tests put back what they replace.
    isolate: false,
    // One more than there are cores, because many tests wait for timers and processes.
    maxWorkers: availableParallelism() + 1,
    // Most tests take milliseconds. On a busy machine, those that wait for timers or processes take many times as long.
    testTimeout: mode === "browser" ? 300_000 : 60_000,
    hookTimeout: 60_000,
    // Tests that run side by side mostly wait for timers.
    maxConcurrency: 20,
    reporters: ["default", ...(mode === "test" ? [new LeftToCi()] : [])],
    typecheck: {
      enabled: mode === "types",
      only: true,
      include: ["test/**/*.test-d.ts"],
      tsconfig: "./tsconfig.json",
    },
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/index.ts", "src/messages/languages.ts", "src/ports/contract.ts", "src/links/scheme.ts"],
      // Judged once, over the tests with and without servers together.
      ...(mode === "coverage" && { thresholds: { lines: 95, branches: 95, functions: 95, statements: 95 } }),
    },
  },
}));
