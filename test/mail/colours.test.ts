import { expect, test } from "vitest";
import { buttonColours, CARD, contrast, parseColour } from "../../src/mail/colours.ts";

test.each([
  // The examples of WCAG 2.2 and of the contrast checkers: #767676 is the lightest grey that passes on white.
  ["#000000", "#ffffff", 21],
  ["#ffffff", "#ffffff", 1],
  ["#767676", "#ffffff", 4.54],
  ["#777777", "#ffffff", 4.48],
  ["#ff0000", "#ffffff", 4],
  ["#0000ff", "#ffffff", 8.59],
])("the contrast of %s and %s is %d", (one, other, ratio) => {
  expect(contrast(one, other)).toBeCloseTo(ratio, 2);
  expect(contrast(other, one)).toBeCloseTo(ratio, 2);
});

test.each([
  ["#14b", "#1144bb"],
  ["#ABCDEF", "#abcdef"],
  ["#1d4ed8", "#1d4ed8"],
  ["1d4ed8", undefined],
  ["#1d4ed", undefined],
  ["#1d4ed8ff", undefined],
  ["rgb(1,2,3)", undefined],
  ["", undefined],
  [undefined, undefined],
  [["#fff"], undefined],
])("%j is read as %j", (value, colour) => {
  expect(parseColour(value)).toBe(colour);
});

test("whatever the accent: its words can be read, and it stands out, in light and in dark", () => {
  const steps = Array.from({ length: 16 }, (_, index) => (index * 17).toString(16).padStart(2, "0"));
  for (const red of steps) {
    for (const green of steps) {
      for (const blue of steps) {
        const accent = `#${red}${green}${blue}`;
        const { light, dark } = buttonColours(accent);
        expect(light.background).toBe(accent);
        for (const [scheme, button] of Object.entries({ light, dark })) {
          const card = scheme === "dark" ? CARD.dark : CARD.light;
          const name = `${accent}, ${scheme}: ${JSON.stringify(button)}`;
          expect(Object.values(button).join(""), name).toMatch(/^(#[\da-f]{6}){3}$/);
          expect(contrast(button.text, button.background), name).toBeGreaterThanOrEqual(4.5);
          expect(contrast(button.edge, card), name).toBeGreaterThanOrEqual(3);
        }
      }
    }
  }
});

test("an accent that stands out in the dark is left as it is", () => {
  expect(buttonColours("#93c5fd").dark).toEqual({ background: "#93c5fd", text: "#111827", edge: "#93c5fd" });
});
