import { defineConfig } from "vitest/config";

// Stryker runs these tests in a copy of the repository, whose tsconfig.json leads to the copied sources. The tests of
// the pages run the core as well, but tell little about it.
const isForHttp = process.env["RELATCH_MUTATION"] === "http";

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: isForHttp
      ? ["test/unit/http/**/*.test.ts"]
      : ["test/unit/**/*.test.ts", "test/contract/stores/memory.test.ts"],
    exclude: isForHttp ? ["test/unit/http/fuzz.test.ts"] : ["test/unit/{http,testing}/**"],
    // Its nesting is too deep for the longer stack of changed code.
    ...(isForHttp && { testNamePattern: /^(?!.*readJson refuses 27)/ }),
    testTimeout: 30_000,
  },
});
