import { defineConfig } from "vitest/config";

export default defineConfig({
  // The tests import the package by its name, as an application does. tsconfig.json leads it to the sources.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
