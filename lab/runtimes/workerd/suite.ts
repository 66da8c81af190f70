import { files } from "relatch-runtimes:files";
import { type Suite, startTests, type Task, type VitestRunner } from "@vitest/runner";
import { setSafeTimers } from "@vitest/utils/timers";
import { createExpect, expect, vi } from "vitest";
import type { CaseResult, Report } from "../results.ts";
import { whoAmI } from "../who-am-i.ts";
import { config } from "./state.ts";

// Vitest's runner, matchers, spies and clocks as they are; only its main process, which no Worker has, is left out.

setSafeTimers();

const runner: VitestRunner = {
  config: config as unknown as VitestRunner["config"],
  importFile: (path) => files[path]?.(),
  onBeforeTryTask(test) {
    expect.setState({ assertionCalls: 0, currentTestName: test.name });
  },
  extendTaskContext(context) {
    Object.defineProperty(context, "expect", { get: () => createExpect(context.task as never) });
    return context;
  },
};

/** Runs one file of the suite. */
export async function runFile(path: string): Promise<Report> {
  if (whoAmI() !== "workerd") throw new Error(`this is ${whoAmI()}`);
  vi.resetConfig();
  const ran = await startTests([path], runner);
  return {
    cases: ran.flatMap((file) => casesOf(file, path, [])),
    faults: ran.flatMap((file) => file.result?.errors?.map(({ message }) => message) ?? []),
  };
}

function casesOf(suite: Suite, file: string, titles: string[]): CaseResult[] {
  return suite.tasks.flatMap((task: Task) => {
    const names = [...titles, task.name];
    if (task.type === "suite") return casesOf(task, file, names);
    const { state, errors } = task.result ?? {};
    return {
      file,
      name: names.join(" > "),
      state: state === "pass" ? "passed" : state === "fail" ? "failed" : "skipped",
      ...(state === "fail" && { message: errors?.map(({ message }) => message).join("; ") ?? "" }),
    };
  });
}
