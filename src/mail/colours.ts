/** The card that the text stands on. Neither is quite white or black: clients turn pure ones round. */
export const CARD = { light: "#fdfdfd", dark: "#1f2937" } as const;

/** Of the button unless an accent is given. */
export const DEFAULT_ACCENT = "#1d4ed8";

/** A button on a card: its colour, that of the words on it, and that of its border. */
export interface ButtonColours {
  background: string;
  text: string;
  edge: string;
}

/** WCAG 2.2, 1.4.3: words on the button. */
const TEXT_CONTRAST = 4.5;
/** WCAG 2.2, 1.4.11: the button on the card. */
const EDGE_CONTRAST = 3;
/** More than is asked for: black words on a dark button are hard to read at any contrast. */
const DARK_CARD_CONTRAST = 4.5;

/** `#rgb` or `#rrggbb` as six digits in lower case, or nothing. */
export function parseColour(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^#(?:[\da-f]{3}){1,2}$/i.test(value)) return undefined;
  return (value.length === 4 ? value.replace(/[\da-f]/gi, "$&$&") : value).toLowerCase();
}

/** The button for an accent of six digits, on the light card and on the dark one. */
export const buttonColours = (accent: string): Record<keyof typeof CARD, ButtonColours> => ({
  light: buttonOn(CARD.light, accent),
  dark: buttonOn(CARD.dark, lightenedFor(CARD.dark, accent)),
});

/** The first that can be read: one of black and white always can. */
function buttonOn(card: string, background: string): ButtonColours {
  const inks = ["#ffffff", "#111827", "#000000"];
  const text = inks.find((ink) => contrast(ink, background) >= TEXT_CONTRAST) ?? "#000000";
  return { background, text, edge: contrast(background, card) >= EDGE_CONTRAST ? background : text };
}

/** The least of white mixed in that lets it stand out. */
function lightenedFor(card: string, colour: string): string {
  let lightened = colour;
  for (let share = 0.05; contrast(lightened, card) < DARK_CARD_CONTRAST; share += 0.05) {
    lightened = hex(channels(colour).map((channel) => channel + (255 - channel) * share));
  }
  return lightened;
}

/** WCAG 2.2, "contrast ratio": from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const channels = (colour: string): number[] =>
  [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));

const hex = (rgb: number[]): string =>
  `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
