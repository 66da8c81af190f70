import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { readAliases, root, work } from "./built-package.ts";

// The contract of the reset pages, asked of an application by its URL.
export default defineConfig({
  root,
  cacheDir: join(work, "cache"),
  resolve: { alias: readAliases() },
  test: {
    include: ["test/system/http/by-url.test.ts"],
    reporters: [join(import.meta.dirname, "reporter.ts")],
    pool: "forks",
  },
});
