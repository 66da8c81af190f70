import { expect, test } from "vitest";
import { CARD, chooseButtonColors, measureContrast, parseColor } from "../../../src/messages/colors.ts";

test.each([
  // The examples of WCAG 2.2 and of contrast checkers: #767676 is the lightest gray that passes on white.
  ["#000000", "#ffffff", 21],
  ["#ffffff", "#ffffff", 1],
  ["#767676", "#ffffff", 4.54],
  ["#777777", "#ffffff", 4.48],
  ["#ff0000", "#ffffff", 4],
  ["#0000ff", "#ffffff", 8.59],
])("measureContrast returns the ratio of %s and %s in either order: %d", (one, other, ratio) => {
  expect(measureContrast(one, other)).toBeCloseTo(ratio, 2);
  expect(measureContrast(other, one)).toBeCloseTo(ratio, 2);
});

test.each([
  ["#14b", "#1144bb"],
  ["#ABCDEF", "#abcdef"],
  ["#1d4ed8", "#1d4ed8"],
  ...["1d4ed8", "#1d4ed", "#1d4ed8ff", "rgb(1,2,3)", "", undefined, ["#fff"]].map((value) => [value, undefined]),
])("parseColor reads %j as %j", (value, color) => {
  expect(parseColor(value)).toBe(color);
});

test("chooseButtonColors makes any accent legible and visible, on the light card and on the dark one", () => {
  const steps = Array.from({ length: 16 }, (_, index) => (index * 17).toString(16).padStart(2, "0"));
  const accents = steps.flatMap((red) => steps.flatMap((green) => steps.map((blue) => `#${red}${green}${blue}`)));
  for (const accent of accents) {
    const { light, dark } = chooseButtonColors(accent);
    expect(light.background).toBe(accent);
    for (const [card, button] of [[CARD.light, light] as const, [CARD.dark, dark] as const]) {
      const name = `${accent} on ${card}: ${JSON.stringify(button)}`;
      expect(Object.values(button).join(""), name).toMatch(/^(#[\da-f]{6}){3}$/);
      expect(measureContrast(button.text, button.background), name).toBeGreaterThanOrEqual(4.5);
      expect(measureContrast(button.edge, card), name).toBeGreaterThanOrEqual(3);
    }
  }
});

test("chooseButtonColors leaves an accent that stands out in the dark unchanged", () => {
  const accent = "#93c5fd";
  expect(chooseButtonColors(accent).dark).toEqual({ background: accent, text: "#111827", edge: accent });
});
