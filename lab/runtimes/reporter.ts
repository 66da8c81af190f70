import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import type { CaseResult, Report } from "./results.ts";

/** Writes down what became of each case, for the comparison of the runtimes. */
export default class RuntimeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message?: string }[]): void {
    const cases: CaseResult[] = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => {
        const { state, errors: why = [] } = test.result();
        return {
          file: module.relativeModuleId,
          name: test.fullName,
          state: state === "pending" ? "skipped" : state,
          ...(state === "failed" && { message: why.map(({ message }) => message).join("; ") }),
        };
      }),
    );
    const faults = [...modules.flatMap((module) => module.errors()), ...errors].map(
      ({ message }) => message ?? "an error without a message",
    );
    writeFileSync(process.env["RELATCH_REPORT"] ?? "", JSON.stringify({ cases, faults } satisfies Report));
  }
}
