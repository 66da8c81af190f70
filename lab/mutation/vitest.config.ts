import { defineConfig } from "vitest/config";

// Stryker runs these tests in a copy of the repository, whose tsconfig.json leads to the copied sources.
export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/unit/**/*.test.ts", "test/contract/stores/memory.test.ts"],
  },
});
