import { readdirSync } from "node:fs";
import type { Reporter } from "vitest/node";

/** Tests that `npm test` leaves to CI: the command, the folders, the suffix of the files, and what they need. */
const groups: readonly (readonly [command: string, folders: readonly string[], suffix: string, needs: string])[] = [
  ["npm run test:servers", ["test"], ".server.test.ts", "PostgreSQL, MariaDB and Redis"],
  ["npm run test:browser", ["test"], ".browser.test.ts", "Chromium"],
  ["npm run test:exim", ["test"], ".exim.test.ts", "Exim, and root"],
  ["npm run test:docs", ["test"], ".docs.test.ts", "the TypeScript compiler and TypeDoc"],
  ["npm run test:types", ["test"], ".test-d.ts", "the TypeScript compiler"],
  ["npm run test:recipes", ["examples/recipes/test"], ".test.ts", "more packages and servers"],
  ["npm run test:frameworks", ["examples/frameworks/test"], ".test.ts", "more packages"],
  ["npm run --prefix lab short", ["lab/fuzz", "lab/model", "lab/timing"], ".test.ts", "more packages and minutes"],
];

/** Ends a complete run with one line for each group that was left out. */
export class LeftToCi implements Reporter {
  onTestRunEnd(): void {
    // `vitest run test/unit` and `vitest run -t name` run only a part.
    if (process.argv.slice(3).some((argument) => !argument.startsWith("-"))) return;
    console.log("Left to CI, which runs everything with .ci/run:");
    for (const [command, folders, suffix, needs] of groups) {
      const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }));
      const count = files.filter((file) => file.endsWith(suffix)).length;
      console.log(`  ${command.padEnd(27)} ${count} ${count === 1 ? "file" : "files"}: needs ${needs}`);
    }
    console.log();
  }
}
