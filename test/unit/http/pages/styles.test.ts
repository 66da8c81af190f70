import { describe, expect, test } from "vitest";
import { writeStyles } from "../../../../src/http/pages/styles.ts";
import { measureContrast } from "../../../../src/messages/colors.ts";

/** Reads the colors of the light scheme and of the dark one. */
function readColors(styles: string): Record<"light" | "dark", Record<string, string>> {
  const [light = "", dark = ""] = styles.split("@media (prefers-color-scheme: dark)");
  const read = (part: string) =>
    Object.fromEntries(
      [...part.matchAll(/--([a-z-]+): (#[\da-f]{6})(?=;)/g)].map(([, name = "", color = ""]) => [name, color]),
    );
  return { light: read(light), dark: read(dark) };
}

/** What is drawn on what, and the contrast that WCAG 2.2 AA demands: 1.4.3 for text, 1.4.11 for edges. */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...(["text", "quiet", "bad", "link"] as const).map((ink) => [ink, "card", 4.5] as const),
  ["text", "page", 4.5],
  ["text", "bad-soft", 4.5],
  ["bad", "bad-soft", 4.5],
  ["ink", "accent", 4.5],
  ["edge", "card", 3],
  ["rim", "card", 3],
  // The outline of what has the focus, on the card and on the page.
  ["link", "page", 3],
];

const ACCENTS = ["#1d4ed8", "#000000", "#ffffff", "#facc15", "#777777", "#ff0000", "#00ff00", "#0f766e", "#93c5fd"];

describe.each(ACCENTS)("with the accent %s", (accent) => {
  test.each(["light", "dark"] as const)("everything can be read in the %s scheme", (scheme) => {
    const colors = readColors(writeStyles(accent))[scheme];
    for (const [ink, ground, contrast] of PAIRS) {
      expect(colors[ink], ink).toMatch(/^#/);
      expect(measureContrast(colors[ink] ?? "", colors[ground] ?? ""), `${ink} on ${ground}`).toBeGreaterThanOrEqual(
        contrast,
      );
    }
  });
});

test("low contrast is found (control)", () => {
  const { light } = readColors(writeStyles("#1d4ed8").replace("--quiet: #515c6d", "--quiet: #9aa5b5"));
  expect(measureContrast(light["quiet"] ?? "", light["card"] ?? "")).toBeLessThan(4.5);
});

test("the style sheet has no left and no right, so that it fits scripts of either direction", () => {
  const styles = writeStyles("#1d4ed8");
  expect(styles).not.toMatch(/\b(?:left|right)\b/);
  expect(styles).toMatch(/margin-block-start/);
});

test("the style sheet is plain text that no HTML parser takes for more, and moves nothing", () => {
  const styles = writeStyles("#1d4ed8");
  expect(styles).not.toMatch(/[<>&]|undefined|\$\{|url\(|@import/);
  expect(styles).not.toMatch(/animation|transition|scroll-behavior/);
});
