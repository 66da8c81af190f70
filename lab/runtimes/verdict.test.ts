import { expect, test } from "vitest";
import { type CaseResult, keyOf } from "./results.ts";
import { judge } from "./verdict.ts";

const passing = (name: string, file = "a.test.ts"): CaseResult => ({ file, name, state: "passed" });
const failing = (name: string): CaseResult => ({ ...passing(name), state: "failed", message: "1 is not 2" });
const report = (...cases: CaseResult[]) => ({ cases, faults: [] });
const reference = report(passing("one"), passing("two"), passing("two"), passing("three > four"));

test("a runtime that passes what the first passed has no problems, whatever else it runs", () => {
  const verdict = judge(report(passing("more"), ...reference.cases), reference, []);
  expect(verdict).toEqual({ passed: 5, excused: [], problems: [] });
});

test.each([
  ["a case that failed", report(failing("more"), ...reference.cases), "failed: a.test.ts > more: 1 is not 2"],
  ["a fault outside of the cases", { ...reference, faults: ["it ended"] }, "fault: it ended"],
  ["a case that is gone", report(...reference.cases.slice(1)), "not run, or not passed: a.test.ts > one"],
  [
    "one of two alike that is gone",
    report(...reference.cases.toSpliced(1, 1)),
    "not run, or not passed: a.test.ts > two",
  ],
  [
    "a case that was skipped",
    report({ ...passing("one"), state: "skipped" }, ...reference.cases.slice(1)),
    "not run, or not passed: a.test.ts > one",
  ],
])("%s is a problem", (_, seen, problem) => {
  expect(judge(seen, reference, []).problems).toEqual([problem]);
});

test("an exception covers a group, and is a problem when there is no such group or when all of it passes", () => {
  const exception = { runtime: "bun", cases: /a\.test\.ts > three/, reason: "no four there" };
  const without = report(...reference.cases.slice(0, 3));
  const excused = [{ reason: "no four there", count: 1 }];
  expect(judge(without, reference, [exception])).toEqual({ passed: 3, excused, problems: [] });
  expect(judge(report(failing("three > four"), ...without.cases), reference, [exception]).problems).toEqual([]);
  expect(judge(reference, reference, [exception]).problems).toEqual(["an exception for what passes: no four there"]);
  expect(judge(reference, reference, [{ ...exception, cases: /b\.test\.ts/ }]).problems).toEqual([
    "an exception for no case at all: no four there",
  ]);
});

test("a case has one key, however a runtime shows the objects and functions in its title", () => {
  const keys = ["takes Console{ a: 1 }", "takes console{ b: [Function] }"].map((name) => keyOf(passing(name)));
  expect(new Set(keys).size).toBe(1);
  const functions = ["nothing: () => undefined", "nothing: () => void 0"].map((name) => keyOf(passing(name)));
  expect(new Set(functions).size).toBe(1);
  expect(keyOf(passing("one"))).not.toBe(keyOf(passing("two")));
});
