import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CODE_ATTEMPTS, CODE_REQUESTS } from "../../../src/core/attempts.ts";

const YEAR = 365 * 24 * 60 * 60_000;

/** Computes the probability of guessing a code of one account within a year of constant attack, in percent. */
function computeBound(digits: number): number {
  const requests = (CODE_REQUESTS.max * YEAR) / CODE_REQUESTS.window.milliseconds();
  return (100 * requests * CODE_ATTEMPTS.max) / 10 ** digits;
}

test("The page on codes says what an attack on one account achieves in a year", () => {
  expect(computeBound(8).toFixed(2)).toBe("0.13");
  expect(computeBound(10).toFixed(4)).toBe("0.0013");
  const page = readFileSync(new URL("../../../docs/codes-and-invitations.md", import.meta.url), "utf8");
  const sentence = page.split("\n").find((line) => line.includes("in a year of constant attack"));
  expect(sentence).toContain(
    `${CODE_REQUESTS.max} requests per hour × ${CODE_ATTEMPTS.max} attempts × 8,760 hours ÷ 10⁸`,
  );
  expect(sentence).toContain("**0.13 %**");
  expect(sentence).toContain("0.0013 %");
  expect(Math.round(computeBound(8) * 100) / 100).toBe(0.13); // percent, so 130 of 100,000 accounts
  expect(sentence).toContain("100,000 of them under attack at once, about 130 in a year");
});
