import { defineConfig } from "vitest/config";

export default defineConfig({
  // The tests import the package by its name, as an application does. tsconfig.json leads it to the sources.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/**/*.test.ts"],
    // Most of the time they wait, for servers and processes.
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
