import type { ContractCase } from "relatch/testing";
import { expect, test } from "vitest";

/** Runs all cases at the same time, as a runner may, and returns the names of those that fail. */
export async function findFailing(cases: ContractCase[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return cases.filter((_, index) => outcomes[index]?.status === "rejected").map(({ name }) => name);
}

/** Runs one case and returns the error it fails with. */
export async function findError(cases: ContractCase[], name: string | undefined): Promise<string> {
  const found = cases.find((each) => each.name === name);
  return found ? found.run().then(() => "no error", String) : "no such case";
}

type Planted<Flaw> = readonly [title: string, fails: string, flaw: Flaw];
export type Flaws<Flaw> = readonly Planted<Flaw>[];

/** Names something that people get wrong. `fails` contains the words of the cases that fail because of it. */
export const flaw = <Flaw>(title: string, fails: string, flaw: Flaw): Planted<Flaw> => [title, fails, flaw];

/** Matches as LIKE does. */
export const like = (pattern: string, flags: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[*+?.()']/g, "\\$&")
      .replaceAll("%", ".*")
      .replaceAll("_", ".")}$`,
    flags,
  );

/**
 * Tests that every flaw fails exactly its cases, and that every case fails because of a flaw. `names` contains a word for
 * each case of the contract, in its order.
 */
export function testFlaws<Flaw>(
  suite: string,
  names: Readonly<Record<string, string>>,
  contract: (flaw: Flaw) => ContractCase[],
  flaws: Flaws<Flaw>,
): void {
  test(`${suite} has a flaw for each of its cases`, () => {
    const cases = contract(flaws[0]?.[2] as Flaw);
    expect(cases.map(({ name }) => name)).toEqual(Object.values(names));
    const failed = new Set(flaws.flatMap(([, fails]) => fails.split(" ")));
    expect([...failed].toSorted()).toEqual(Object.keys(names).toSorted());
  });

  test.concurrent.each(flaws)(
    `${suite} finds this flaw: %s`,
    async (_, fails, flaw) => {
      const expected = fails.split(" ").toSorted();
      let words: string[] = [];
      // Up to three times, because a busy machine may hide a flaw that depends on timing.
      for (let attempt = 1; attempt <= 3 && String(words) !== String(expected); attempt++) {
        const failing = await findFailing(contract(flaw));
        words = Object.keys(names)
          .filter((word) => failing.includes(names[word] ?? ""))
          .toSorted();
      }
      expect(words).toEqual(expected);
    },
    60_000,
  );
}
