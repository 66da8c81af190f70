import type { NumberStyle } from "../../messages/in-words.ts";

/** The units of a wait: their lengths, and the longest wait that is told in each, in seconds. */
const UNITS = [
  ["second", 1, 59],
  ["minute", 60, 90 * 60],
  ["hour", 60 * 60, Number.POSITIVE_INFINITY],
] as const;

/** Returns a wait in the words of a language, rounded up: "in 45 seconds", "in 15 minutes", "in 24 hours". */
export function waitInWords(seconds: number, { tag, formats }: NumberStyle): string {
  const [unit, length] = UNITS.find(([, , longest]) => seconds <= longest) ?? UNITS[2];
  const format = new Intl.RelativeTimeFormat(tag, { numeric: "always", ...formats });
  return format.format(Math.max(1, Math.ceil(seconds / length)), unit);
}

/** Joins two sentences. The full stop of Chinese and Japanese brings its own blank. */
export const joinSentences = (first: string, second: string): string =>
  first.endsWith("。") ? first + second : `${first} ${second}`;
