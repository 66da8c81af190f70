import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Of the core: texts, lists and exports, in which there is nothing to decide. */
const NOTHING_TO_DECIDE = [
  "!src/index.ts",
  "!src/languages.ts",
  "!src/{api,types,tokens}.ts",
  "!src/{common-passwords,memory,testing}.ts",
  "!src/mail/{colours,layout,messages,plural,standard,words,bidi}.ts",
];

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: ["src/*.ts", "src/mail/*.ts", ...NOTHING_TO_DECIDE],
  testRunner: "vitest",
  plugins: [join(here, "node_modules/@stryker-mutator/vitest-runner/dist/src/index.js")],
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  // What no test depends on is left out of the copy.
  ignorePatterns: [
    "/coverage",
    "/dist",
    "/mail-preview",
    "/site",
    "/examples/frameworks",
    "/examples/recipes",
  ],
  // Outside the project: Vitest would find the tests in there, too.
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
