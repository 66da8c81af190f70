import "./timers.ts";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { planted } from "./planted.ts";
import { asTheModel } from "./property.ts";
import { SHORT } from "./runs.ts";

// The control: the model-based test finds each of these bugs within its short run.

afterAll(() => void vi.useRealTimers());

/** The bugs that do not need a token store. */
const OF_SIGNED = Object.keys(planted).filter((name) => /compare-and-set|bound|session|tenant/.test(name));

describe.each([
  ["stored", false, Object.keys(planted)],
  ["signed", true, OF_SIGNED],
])("%s tokens", (_, isSigned, names) => {
  test.each(names)("%s: found", { timeout: 60_000 }, async (name) => {
    const { failed } = await fc.check(asTheModel(isSigned, planted[name]), { ...SHORT, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
