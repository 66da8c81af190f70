/** One case of the suite, as a runtime saw it. */
export interface CaseResult {
  /** Path from the repository's root. */
  file: string;
  /** The titles, from the outermost on. */
  name: string;
  state: "passed" | "failed" | "skipped";
  message?: string;
}

/** What a runtime answers: its cases, and what went wrong outside of them. */
export interface Report {
  cases: CaseResult[];
  faults: string[];
}

export interface RuntimeRun {
  runtime: string;
  version: string;
  /** The SQLite that was used. */
  database: string;
  report: Report;
}

/** The case's name on every runtime: an object, a function or the time of day in a title is shown otherwise. */
export function keyOf({ file, name }: Pick<CaseResult, "file" | "name">): string {
  const timeless = name.replace(/\d\d:\d\d:\d\d/g, "00:00:00");
  const code = timeless.search(/\{|=>/);
  return `${file} > ${code < 0 ? timeless : `${timeless.slice(0, timeless.lastIndexOf(" ", code))} …`}`;
}
