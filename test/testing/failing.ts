import type { ContractCase } from "relatch/testing";

/** Runs all cases at once, as a runner may, and answers the names of those that fail. */
export async function failing(cases: ContractCase[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return cases.filter((_, index) => outcomes[index]?.status === "rejected").map(({ name }) => name);
}

/** What a case says when it fails. */
export async function complaint(cases: ContractCase[], name: string): Promise<string> {
  const found = cases.find((each) => each.name === name);
  return found ? found.run().then(() => "nothing", String) : "there is no such case";
}
