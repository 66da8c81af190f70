import * as aToG from "./table-a-g.ts";
import * as hToN from "./table-h-n.ts";

// What went wrong elsewhere, and must not happen here with the defaults: published flaws of password resets, and
// some that have no number (X). Each is a named case of its own, in the file of its class.
//
// - The tables are in table-a-g.ts and table-h-n.ts; docs/security.md is written from them by
//   `npx tsx test/security/write-docs.ts`.
// - A class file says `flaw("CVE-…", () => { test(…); overRoutes(…); })` for every id of its class, and at its end
//   `flawsOf("b-link")`, which fails for an id without a case that ran and passed (helpers/flaw.ts).
//   What is too long for one file is in a folder of the same name, as in e-validation/.
// - The core alone is tested over ../harness.ts. overRoutes puts the routes of each example adapter in front of it,
//   overHttp starts each example application as a whole (helpers/adapters.ts).
// - completeness.test.ts holds the files against the tables. A class whose file is still to come is named in
//   PENDING below, and nowhere else.
// - A case that cannot apply proves that: no such parser, a parameter that is not read, no such export.

/** One published flaw. */
export interface Flaw {
  /** The number it is best known by, or X and a number for one that has none. */
  id: string;
  /** Its other numbers. */
  aliases: readonly string[];
  /** Where it was; absent where many had it. */
  product: string | undefined;
  /** What went wrong. */
  flaw: string;
  class: ClassName;
  /** What stands against it here. */
  guard: string;
}

/** The classes, which are also the names of their test files. */
export const CLASSES = {
  "a-recipient": ["A", "Recipient confusion", aToG.A],
  "b-link": ["B", "Link poisoning and redirects", aToG.B],
  "c-generation": ["C", "Token generation", aToG.C],
  "d-storage": ["D", "Token storage and leaks", aToG.D],
  "e-validation": ["E", "Validation, binding, workflow", aToG.E],
  "f-life-cycle": ["F", "Life cycle of a token", aToG.F],
  "g-race": ["G", "Races and crashes", aToG.G],
  "h-enumeration": ["H", "User enumeration", hToN.H],
  "i-abuse": ["I", "Brute force and mail bombing", hToN.I],
  "j-mail": ["J", "Content and headers of mails", hToN.J],
  "k-page": ["K", "The reset page", hToN.K],
  "l-password": ["L", "The password", hToN.L],
  "m-sessions": ["M", "After the reset: sessions, second factor", hToN.M],
  "n-eligibility": ["N", "Who may reset", hToN.N],
} as const;

export type ClassName = keyof typeof CLASSES;

/** Classes whose test file is still to come. */
export const PENDING: readonly ClassName[] = [];

export const CLASS_NAMES = Object.keys(CLASSES) as ClassName[];

export const testFile = (name: ClassName): string => `test/security/${name}.test.ts`;

const ROW =
  /^(?<ids>(?:CVE-\d{4}-\d{4,}|GHSA(?:-\w{4}){3}|X\d+)(?: GHSA(?:-\w{4}){3})?)(?:, (?<product>[^:]+))?: (?<flaw>.+)$/;

function rowsOf(name: ClassName): Flaw[] {
  const lines = CLASSES[name][2].trim().split("\n");
  return lines.flatMap((line, index) => {
    if (line.startsWith("→ ")) return [];
    const { ids, product, flaw } = ROW.exec(line)?.groups ?? {};
    const guard = lines[index + 1]?.match(/^→ (.+)$/)?.[1];
    if (!ids || !flaw || !guard) throw new Error(`not a row of a table: ${line}`);
    const [id = "", ...aliases] = ids.split(" ");
    return [{ id, aliases, product, flaw, class: name, guard }];
  });
}

/** All of them, by class. */
export const FLAWS: readonly Flaw[] = CLASS_NAMES.flatMap(rowsOf);
