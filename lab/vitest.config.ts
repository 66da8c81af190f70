import { defineConfig } from "vitest/config";

// The short forms. RELATCH_MODEL=long and RELATCH_FUZZ=long make them long.
export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: { include: ["{model,fuzz,timing,runtimes}/*.test.ts"] },
});
