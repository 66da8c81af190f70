import type { Pages } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { expect, it } from "vitest";
import { fuzzHandler } from "../../helpers/fuzz/handler.ts";
import { plainPages } from "../../helpers/pages.ts";

// The same requests every time. The long form, with others each time, is in lab/fuzz.

it("no request of 2,000 hostile ones is slow, fails, comes back as markup, or consumes a link", {
  timeout: 120_000,
}, async () => {
  const { statuses, completed, redeemed } = await fuzzHandler(defaultPages(), 2000, 1);
  // Not everything was refused at the door.
  for (const status of [200, 303, 400, 403, 404, 405, 413, 415, 422])
    expect(statuses.get(status), `${status}`).toBeGreaterThan(0);
  expect(completed).toBeGreaterThan(0);
  expect(redeemed).toBeGreaterThan(0);
});

const spin = () => {
  for (const start = process.cpuUsage(); process.cpuUsage(start).user < 40_000; );
};
it.each([
  ["a page that forgets to escape", { request: ({ email }: { email: string }) => `<p>${email}</p>` }],
  [
    "a page that is slow for a long header",
    {
      problem: ({ request }: { request: Request }) => {
        if ([...request.headers.values()].some(({ length }) => length > 1000)) spin();
        return "";
      },
    },
  ],
  ["a page that throws for some visitors", { problem: () => Promise.reject(new Error("x")) }],
])("the control: the fuzzing finds %s", { timeout: 120_000 }, async (_, planted) => {
  await expect(fuzzHandler({ ...plainPages, ...(planted as Partial<Pages>) }, 2000, 1)).rejects.toThrow();
});
