import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ClassName, FLAWS } from "../flaws.ts";
import { LONG } from "./runs.ts";

// None of them takes long; a busy machine does.
vi.setConfig({ testTimeout: LONG ? 3_600_000 : 60_000 });

const declared = new Set<string>();
const passed = new Set<string>();

/** The cases of one flaw, under its name. Each of them has to assert something. */
export function flaw(id: string, define: () => void): void {
  const row = FLAWS.find((each) => each.id === id);
  if (!row) throw new Error(`${id} is in no table`);
  if (declared.has(id)) throw new Error(`${id} is there already`);
  declared.add(id);
  describe(`${[id, row.product].filter(Boolean).join(" ")}: ${row.flaw}`, () => {
    beforeEach(() => expect.hasAssertions());
    afterEach(({ task }) => {
      if (task.result?.state === "pass") passed.add(id);
    });
    define();
  });
}

/** Several flaws that have the same cases, each with something of its own. */
export function flaws<Own>(own: Record<string, Own>, define: (own: Own, id: string) => void): void {
  for (const [id, its] of Object.entries(own)) flaw(id, () => define(its, id));
}

/** Stands at the end of the file of a class: nothing of its table is left out, nothing else is there. */
export function flawsOf(name: ClassName): void {
  const ids = FLAWS.filter((row) => row.class === name).map(({ id }) => id);
  test(`class ${name}: each of its ${ids.length} flaws has a case that ran`, () => {
    expect([...declared].sort()).toEqual([...ids].sort());
    expect(ids.filter((id) => !passed.has(id))).toEqual([]);
  });
}
