import { defaultPages } from "relatch/pages";
import { expect, test } from "vitest";
import { fuzzHandler } from "../../test/helpers/fuzz/handler.ts";
import { intact } from "./guarded.ts";
import { plan, timeout } from "./runs.ts";

// The handler and the default pages receive anything. The short form with its controls is test/unit/http/fuzz.test.ts.

test("whatever is sent, the handler responds in time and without a failure", { timeout }, async () => {
  const { numRuns, seed } = { seed: undefined, ...plan(500, 100_000) };
  const { statuses, completed, slowest } = await fuzzHandler(defaultPages(), numRuns, seed);
  intact();
  console.log(`${completed} resets, at most ${slowest} µs, ${JSON.stringify([...statuses].sort())}`);
  // It was not refused at the door each time.
  for (const status of [200, 303, 400, 413, 415]) expect(statuses.get(status)).toBeGreaterThan(0);
});
