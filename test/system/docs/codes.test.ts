import { readFileSync } from "node:fs";
import { TimeSpan } from "relatch";
import { memoryPorts } from "relatch/memory";
import { expect, test } from "vitest";
import { createCore } from "../../../src/core/core.ts";
import { CODE_ATTEMPTS } from "../../../src/core/redeem-code.ts";
import { KEYS } from "../../helpers/harness.ts";

const YEAR = 365 * 24 * 60 * 60_000;

/** Computes the probability of guessing a code of one account within a year of constant attack, in percent. */
function computeBound(codes: true | { digits: number }, tokenLifetime?: TimeSpan): number {
  const options = { ...memoryPorts(), appName: "Acme", resetUrl: "https://app.example.com/:token", keys: KEYS, codes };
  const { config } = createCore({ ...options, tokenLifetime, revokeSessions: false });
  const requests = Math.min(...config.addressRules.map(({ max, window }) => (max * YEAR) / window.milliseconds()));
  return (100 * requests * CODE_ATTEMPTS.max) / 10 ** (config.codes?.digits ?? 0);
}

test("The page on codes says what an attack on one account achieves in a year, as the defaults make it", () => {
  expect(computeBound(true).toFixed(2)).toBe("0.13");
  expect(computeBound({ digits: 10 }).toFixed(4)).toBe("0.0013");
  const page = readFileSync(new URL("../../../docs/codes-and-invitations.md", import.meta.url), "utf8");
  const sentence = page.split("\n").find((line) => line.includes("in a year of constant attack"));
  expect(sentence).toContain("**0.13 %**");
  expect(sentence).toContain("0.0013 %");
  expect(computeBound(true, new TimeSpan(15, "m")).toFixed(2)).toBe("0.53");
  expect(computeBound(true, new TimeSpan(1, "m")).toFixed(2)).toBe("2.63");
  expect(page).toContain("15 minutes make it 0.53 %, one minute 2.63 %");
});
