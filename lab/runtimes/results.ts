/** One case of the suite, as a runtime saw it. */
export interface CaseResult {
  /** Path from the repository's root. */
  file: string;
  /** The titles, from the outermost on. */
  name: string;
  state: "passed" | "failed" | "skipped";
  message?: string;
}

/** The report of a runtime: its cases, and errors outside of them. */
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

/** The case's name on every runtime: an object or a function in a title is shown otherwise. */
export function keyOf({ file, name }: Pick<CaseResult, "file" | "name">): string {
  const code = name.search(/\{|=>/);
  return `${file} > ${code < 0 ? name : `${name.slice(0, name.lastIndexOf(" ", code))} …`}`;
}
