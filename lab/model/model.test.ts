import "./timers.ts";
import fc from "fast-check";
import { afterAll, test, vi } from "vitest";
import { asTheModel } from "./property.ts";
import { isLong, LONG, SHORT } from "./runs.ts";

// Sequences of what can happen to links and accounts, with faults, crashes, two things at once and a clock that
// jumps, against a small model of the promises.

afterAll(() => void vi.useRealTimers());

const timeout = isLong ? 6 * 60 * 60 * 1000 : 60_000;

test.each([
  ["stored", false],
  ["signed", true],
])("%s tokens: whatever happens, the real thing does as the model does", { timeout }, (_, isSigned) =>
  fc.assert(asTheModel(isSigned), isLong ? LONG : SHORT),
);
