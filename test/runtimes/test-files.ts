import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./built-package.ts";

/** Tests that stay on the Node of the developer, by what their path starts with, and why. */
export const elsewhere: readonly { path: string; reason: string }[] = [
  { path: "test/docs", reason: "the pages of docs/, from files and by the compiler" },
  { path: "test/getting-started.test.ts", reason: "database servers" },
  { path: "test/migrating.test.ts", reason: "a page of docs/, and database servers" },
  { path: "test/big-endian.test.ts", reason: "a part of the build, beside what it replaces" },
  { path: "test/e2e/", reason: "browsers, and the examples on Node; by URL they are asked here too" },
  { path: "test/security/", reason: "the examples on Node" },
  { path: "test/model/", reason: "long, and nothing in it is the runtime's" },
  { path: "test/fuzz/", reason: "long, and nothing in it is the runtime's" },
  { path: "test/timing/", reason: "measurements" },
  { path: "test/mailers/mta.test.ts", reason: "a mail server" },
  { path: "test/processes/", reason: "processes that are killed" },
  ...["bundle", "chromium", "preview"].map((name) => ({
    path: `test/mail/${name}.test.ts`,
    reason: "a bundler, a browser, files",
  })),
  ...["mysql", "pglite", "postgres", "redis", "redis-cluster", "round-trips"].map((name) => ({
    path: `test/stores/${name}.test.ts`,
    reason: "clients of database servers, which are not ours",
  })),
  { path: "test/limiters/", reason: "clients of database servers, which are not ours" },
];

/** All other tests of the repository, and the suites of this folder. */
export const testFiles: readonly string[] = [
  ...testsIn("test").filter((file) => !elsewhere.some(({ path }) => file.startsWith(path))),
  "test/runtimes/suites/own-sqlite.ts",
  "test/runtimes/suites/services-outside.ts",
];

function testsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.name === "node_modules" || path === "test/runtimes") return [];
      if (entry.isDirectory()) return testsIn(path);
      return path.endsWith(".test.ts") ? [path] : [];
    })
    .sort();
}
