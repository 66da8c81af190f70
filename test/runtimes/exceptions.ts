import { type CaseResult, keyOf } from "./results.ts";

/** Cases that one runtime does not hold, and why that says nothing about the package. */
export interface Exception {
  /** As in the tables: `node 24`, `bun`. */
  runtime: string;
  /** What their keys start with: a file, a group in it, or one case. */
  cases: readonly string[];
  reason: string;
}

const NO_PORT = "a Worker cannot be a server on a port; suites/services-outside.ts asks one outside";

/** Of the package's tests. */
export const ofTheSuite: readonly Exception[] = [
  {
    runtime: "bun",
    cases: ["test/mailers/fetch.test.ts > the key is in no error > though it is in the runtime's"],
    reason: "a control: Bun's own error does not hold the key",
  },
  {
    runtime: "bun",
    cases: ["test/mail/languages.test.ts > the choice among all of them > cmn: zh-CN"],
    reason: "Bun's Intl does not know cmn for another name of zh",
  },
  {
    runtime: "deno",
    cases: [
      "test/mailers/fetch.test.ts > no answer > but no service there at all: certainly nothing went out",
    ],
    reason: "Deno's fetch does not tell a refused connection from a broken one: the mail may have gone out",
  },
  {
    runtime: "workerd",
    cases: ["test/stores/sqlite.test.ts"],
    reason: "libsql is a native module; suites/own-sqlite.ts runs the same suites on D1",
  },
  {
    runtime: "workerd",
    cases: [
      "asking",
      "the verdict",
      "a service that",
      "an oversized answer",
      "a server that is not there",
    ].map((group) => `test/breached-password.test.ts > ${group}`),
    reason: NO_PORT,
  },
  {
    runtime: "workerd",
    cases: ["contract", "fetch", "services", "smtp"].map((name) => `test/mailers/${name}.test.ts`),
    reason: NO_PORT,
  },
  {
    runtime: "workerd",
    cases: ["test/dispatch.test.ts > background: the first start > is drawn from the platform's generator"],
    reason: "needs modules loaded afresh, and the Worker is one bundle",
  },
  {
    runtime: "workerd",
    cases: ["test/errors.test.ts > is an Error with a name and a stable code"],
    reason: "looks for its own file in a stack, and the Worker is one bundle",
  },
];

/** Of the contract of the pages, asked by URL. */
export const ofThePages: readonly Exception[] = [
  {
    runtime: "workerd",
    cases: [
      "at the door > CVE-2017-8295, CVE-2012-4520, CVE-2025-64101: no header gets into a link or a redirect",
      "at the socket > survives everything, tells nothing of the inside, and finds no fault of its own",
    ].map((title) => `test/e2e/by-url.test.ts > the application: ${title}`),
    reason: "a Host that is none, and CONNECT: workerd answers 500 itself, whatever the Worker is",
  },
];

export const covers = ({ cases }: Exception, result: Pick<CaseResult, "file" | "name">): boolean =>
  cases.some((start) => keyOf(result).startsWith(start));
