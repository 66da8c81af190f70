import { covers, type Exception } from "./exceptions.ts";
import { type CaseResult, keyOf, type Report } from "./results.ts";

export interface Verdict {
  passed: number;
  /** Why cases were not held to account, and how many. */
  excused: { reason: string; count: number }[];
  /** Anything here fails the whole. */
  problems: string[];
}

/** Judges a runtime by the cases that passed on another one, so that none can get lost without a word. */
export function judge(report: Report, reference: Report, exceptions: readonly Exception[]): Verdict {
  const problems = report.faults.map((fault) => `fault: ${fault}`);
  const excuseOf = (result: CaseResult) => exceptions.find((exception) => covers(exception, result));

  for (const failed of report.cases.filter(({ state }) => state === "failed")) {
    if (!excuseOf(failed)) problems.push(`failed: ${keyOf(failed)}: ${failed.message}`);
  }

  const passed = passedOf(report);
  const expected = passedOf(reference).filter((due) => !excuseOf(due));
  const left = new Map<string, number>();
  for (const each of passed) left.set(keyOf(each), (left.get(keyOf(each)) ?? 0) + 1);
  const missing = expected.filter((due) => {
    const count = left.get(keyOf(due)) ?? 0;
    left.set(keyOf(due), count - 1);
    return count <= 0;
  });
  problems.push(...missing.slice(0, 10).map((due) => `not run, or not passed: ${keyOf(due)}`));
  if (missing.length > 10) problems.push(`and ${missing.length - 10} more that were not run or did not pass`);

  const excused = exceptions.map((exception) => {
    const { reason } = exception;
    const countOf = (of: Report) => passedOf(of).filter((due) => covers(exception, due)).length;
    const count = countOf(reference);
    if (count === 0) problems.push(`an exception for no case at all: ${reason}`);
    else if (countOf(report) >= count) problems.push(`an exception for what passes: ${reason}`);
    return { reason, count };
  });
  return { passed: passed.filter((each) => !excuseOf(each)).length, excused: byReason(excused), problems };
}

const passedOf = ({ cases }: Report): CaseResult[] => cases.filter(({ state }) => state === "passed");

function byReason(excused: Verdict["excused"]): Verdict["excused"] {
  const counts = new Map<string, number>();
  for (const { reason, count } of excused) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].map(([reason, count]) => ({ reason, count }));
}
