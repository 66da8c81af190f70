import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { readAliases, root, work } from "./built-package.ts";
import { testFiles } from "./test-files.ts";

// For Node, Bun and Deno: Vitest itself runs there, on the built package.
export default defineConfig({
  root,
  cacheDir: join(work, "cache"),
  resolve: { alias: readAliases() },
  test: {
    include: [...testFiles],
    setupFiles: [join(import.meta.dirname, "setup.ts")],
    reporters: [join(import.meta.dirname, "reporter.ts")],
    pool: "forks",
    // As for `npm test`: files share the modules.
    isolate: false,
    testTimeout: 60_000,
    // Tests that run side by side mostly wait for timers.
    maxConcurrency: 20,
  },
});
