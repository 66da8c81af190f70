import type { Language } from "./language.ts";

/** "1 hour", "30 minutes", "45 seconds": a duration in the largest unit that leaves no remainder, rounded down. */
export function durationInWords(milliseconds: number, language: Language): string {
  const known = durations.get(language) ?? new Map<number, string>();
  const before = known.get(milliseconds);
  if (before !== undefined) return before;
  const seconds = Math.floor(milliseconds / 1000);
  const [unit, size] =
    seconds < 60
      ? (["second", 1] as const)
      : seconds % 3600 === 0
        ? (["hour", 3600] as const)
        : (["minute", 60] as const);
  const { tag, formats } = language;
  const format = new Intl.NumberFormat(tag, { ...formats, style: "unit", unit, unitDisplay: "long" });
  const words = format.format(Math.max(1, Math.floor(seconds / size)));
  durations.set(language, known.set(milliseconds, words));
  return words;
}

/** In each language the few that an application has. */
const durations = new WeakMap<Language, Map<number, string>>();

/** An instant, in UTC: whose time zone the server happens to be in says nothing to the reader. */
export const instantInWords = (instant: Date, language: Language): string =>
  `${dateFormat(language).format(instant)} UTC`;

/** Making one takes longer than all the rest of a mail. */
const dateFormats = new WeakMap<Language, Intl.DateTimeFormat>();

function dateFormat(language: Language): Intl.DateTimeFormat {
  const { tag, formats } = language;
  const format =
    dateFormats.get(language) ??
    new Intl.DateTimeFormat(tag, { ...formats, dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  dateFormats.set(language, format);
  return format;
}
