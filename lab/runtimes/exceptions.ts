import { type CaseResult, keyOf } from "./results.ts";

/** Cases that fail on one runtime for a reason outside the package. */
export interface Exception {
  /** As in the tables: `node 24`, `bun`. */
  runtime: string;
  /** Matches their keys: a file, or `file > titles`. */
  cases: RegExp;
  reason: string;
}

/** Exceptions of the package's tests. */
export const ofTheSuite: readonly Exception[] = [
  {
    runtime: "bun",
    cases: /\/fetch\.test\.ts > .*fetch itself puts a key/,
    reason: "a control: Bun's own error does not contain the key",
  },
  {
    runtime: "bun",
    cases: /\/language\.test\.ts > .*\bcmn\b/,
    reason: "Bun's Intl does not know that cmn means zh",
  },
  {
    runtime: "deno",
    cases: /\/fetch\.test\.ts > .*refused connection/,
    reason: "Deno's fetch does not tell a refused connection from a broken one: the email may have been sent",
  },
  {
    runtime: "deno",
    cases: /\/fetch\.test\.ts > .*dropped connection/,
    reason: "Deno's fetch gives the error of a dropped connection no code",
  },
  {
    runtime: "workerd",
    cases: /\/(stores|users)\/sqlite\.test\.ts|\/sessions\/examples\.test\.ts/,
    reason: "libsql is a native module; suites/own-sqlite.ts runs the same suites on D1",
  },
  {
    runtime: "workerd",
    cases: /\/(breached-password|mailers|fetch|services|smtp)\.test\.ts/,
    reason: "a Worker cannot listen on a port; suites/services-outside.ts asks a server outside",
  },
  {
    runtime: "workerd",
    cases: /\/http\/(time|fuzz)\.test\.ts|\/cookies\.test\.ts > .*takes linear time/,
    reason: "workerd does not measure processor time",
  },
  {
    runtime: "workerd",
    cases: /\/http\/client\.test\.ts > .*with the fetch of Node\.js/,
    reason: "a Worker cannot listen on a port; the Hono example is asked from outside",
  },
  {
    runtime: "workerd",
    cases: /\/texts\.test\.ts > there is one file for each language/,
    reason: "reads a folder of the source, and the Worker is one bundle",
  },
  {
    runtime: "workerd",
    cases: /\/errors\.test\.ts > .*is an Error with a name/,
    reason: "looks for its own file in a stack, and the Worker is one bundle",
  },
];

/** Exceptions of the contract of the pages, by URL. */
export const ofThePages: readonly Exception[] = [
  {
    runtime: "workerd",
    cases: /at the socket > malformed requests/,
    reason: "workerd itself responds 500 to CONNECT",
  },
  {
    runtime: "workerd",
    cases: /an Origin header without a value/,
    reason: "workerd drops header fields without a value",
  },
];

export const covers = ({ cases }: Exception, result: Pick<CaseResult, "file" | "name">): boolean =>
  cases.test(keyOf(result));
