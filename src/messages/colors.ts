/** The card behind the text. Neither is pure white or black, because clients invert those. */
export const CARD = { light: "#fdfdfd", dark: "#1f2937" } as const;

/** The colors of a button, on the light card and on the dark one. */
export type ButtonColors = Record<keyof typeof CARD, { background: string; text: string; edge: string }>;

/** Contrast of the words on the button (WCAG 2.2, 1.4.3). */
const TEXT_CONTRAST = 4.5;
/** Contrast of the button on the card (WCAG 2.2, 1.4.11). */
const EDGE_CONTRAST = 3;
/** More than WCAG demands, because black words on a dark button are hard to read at any contrast. */
const DARK_CARD_CONTRAST = 4.5;

/** Returns `#rgb` or `#rrggbb` as six digits in lower case, or `undefined` for anything else. */
export function parseColor(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^#(?:[\da-f]{3}){1,2}$/i.test(value)) return undefined;
  return (value.length === 4 ? value.replace(/[\da-f]/gi, "$&$&") : value).toLowerCase();
}

/** Chooses the colors of the button for an accent of six digits. */
export const chooseButtonColors = (accent: string): ButtonColors => ({
  light: placeButton(CARD.light, accent),
  dark: placeButton(CARD.dark, lightenFor(CARD.dark, accent)),
});

/** Takes the first ink that can be read. Either black or white always can. */
function placeButton(card: string, background: string): ButtonColors["light"] {
  const inks = ["#ffffff", "#111827", "#000000"];
  const text = inks.find((ink) => measureContrast(ink, background) >= TEXT_CONTRAST) ?? "#000000";
  return { background, text, edge: measureContrast(background, card) >= EDGE_CONTRAST ? background : text };
}

/** Mixes in as little white as lets the color stand out on the card. */
function lightenFor(card: string, color: string): string {
  let lightened = color;
  for (let share = 0.05; measureContrast(lightened, card) < DARK_CARD_CONTRAST; share += 0.05) {
    const channels = readChannels(color).map((channel) => Math.round(channel + (255 - channel) * share));
    lightened = `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
  }
  return lightened;
}

/** Returns the contrast ratio of WCAG 2.2, from 1 to 21. */
export function measureContrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [measureLuminance(one), measureLuminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Returns the relative luminance of WCAG 2.2. */
function measureLuminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = readChannels(color).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const readChannels = (color: string): number[] =>
  [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
