import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const lab = join(here, "..");

/** Types, texts, lists and exports. They contain no decision that a test could check. */
const WITHOUT_DECISIONS = [
  "!src/{index,password-reset}.ts",
  "!src/{core/api,ports/contract,ports/account,links/scheme}.ts",
  "!src/messages/{languages.ts,languages/**}",
  "!src/http/texts/{languages/**,texts.ts}",
  "!src/messages/{colors,layout,messages}.ts",
  "!src/passwords/common-passwords.ts",
  "!src/testing/**",
];

/** The files to change, by the value of RELATCH_MUTATION. */
const PARTS = {
  core: "src/{core,links,limiters}/**/*.ts",
  http: "src/http/**/*.ts",
  rest: "src/{dispatchers,lib,mailers,messages,passwords,ports,stores}/**/*.ts",
};

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: [PARTS[process.env.RELATCH_MUTATION ?? "core"], ...WITHOUT_DECISIONS],
  testRunner: "vitest",
  plugins: [join(lab, "node_modules/@stryker-mutator/vitest-runner/dist/src/index.js")],
  vitest: { configFile: "lab/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  // Files that the unit tests do not read.
  ignorePatterns: ["/coverage", "/dist", "/site", "/examples", "/lab/node_modules", "/lab/runtimes"],
  // Outside the repository, because Vitest would find the copied tests too.
  tempDirName: join(tmpdir(), "relatch-mutation"),
  incremental: true,
  incrementalFile: join(here, "reports/incremental.json"),
  reporters: ["clear-text", "progress", "json"],
  jsonReporter: { fileName: join(here, "reports/mutation.json") },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  timeoutMS: 10_000,
  thresholds: { high: 100, low: 95, break: 95 },
};
