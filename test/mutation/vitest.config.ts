import { join } from "node:path";
import { defineConfig } from "vitest/config";
import tsconfig from "../../tsconfig.json" with { type: "json" };

// The unit tests of the core: what needs no server, no browser and no other process. Stryker reads this file where it
// is, and runs the tests in a copy: the package's names have to lead into that one.
export default defineConfig({
  resolve: {
    alias: Object.entries(tsconfig.compilerOptions.paths).map(([name, [path = ""]]) => ({
      find: new RegExp(`^${name}$`),
      replacement: join(process.cwd(), path),
    })),
  },
  test: {
    include: ["test/*.test.ts", "test/stores/memory.test.ts", "test/mail/options.test.ts"],
    exclude: [
      "test/docs*.test.ts",
      "test/every-letter.test.ts",
      "test/queue.test.ts",
      "test/getting-started.test.ts",
      "test/migrating.test.ts",
    ],
  },
});
