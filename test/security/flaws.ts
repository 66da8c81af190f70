import { TABLE } from "./table.ts";

// Published flaws of password resets, and some that have no number (X). None of them may happen here with the
// defaults. Each has a test in the file of its class, with a control (helpers/flaw.ts).

export interface Flaw {
  /** The number it is best known by, or X and a number. */
  id: string;
  /** Its other numbers. */
  aliases: readonly string[];
  /** Absent if many had it. */
  product: string | undefined;
  flaw: string;
  /** The class, which is also the name of the test file. */
  class: string;
  /** The code that prevents it here. */
  guard: string;
}

export type ClassName = Flaw["class"];

const ID = String.raw`(?:CVE-\d{4}-\d{4,}|GHSA(?:-\w{4}){3}|X\d+)`;
const ROW = new RegExp(`^(?<ids>${ID}(?: ${ID})?)(?:, (?<product>[^:]+))?: (?<flaw>.+) → (?<guard>.+)$`);

/** The classes, with their titles and their flaws. */
export const CLASSES: readonly { name: ClassName; title: string; flaws: readonly Flaw[] }[] = TABLE.trim()
  .split(/^# /m)
  .slice(1)
  .map((section) => {
    const [heading = "", ...lines] = section.trim().split("\n");
    const [name = "", title = ""] = heading.split(": ");
    const flaws = lines.map((line) => {
      const { ids = "", product, flaw = "", guard = "" } = ROW.exec(line)?.groups ?? {};
      if (!ids) throw new Error(`This is not a row of the table: ${line}`);
      const [id = "", ...aliases] = ids.split(" ");
      return { id, aliases, product, flaw, class: name, guard };
    });
    return { name, title, flaws };
  });

export const FLAWS: readonly Flaw[] = CLASSES.flatMap(({ flaws }) => flaws);

export const testFile = (name: ClassName): string => `test/security/${name}.test.ts`;
