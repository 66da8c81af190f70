import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import tsconfig from "../../tsconfig.json" with { type: "json" };

export default defineConfig({
  resolve: {
    // The names that tsconfig.json gives the package's sources: the files import it as an application does.
    alias: Object.entries(tsconfig.compilerOptions.paths).map(([name, [path = ""]]) => ({
      find: new RegExp(`^${name}$`),
      replacement: fileURLToPath(new URL(`../../${path}`, import.meta.url)),
    })),
  },
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
