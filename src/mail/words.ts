import type { Language } from "./language.ts";

/** "1 hour", "30 minutes", "45 seconds": a duration in the largest unit that leaves no remainder, rounded down. */
export function durationInWords(milliseconds: number, language: Language): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [unit, size] =
    seconds < 60
      ? (["second", 1] as const)
      : seconds % 3600 === 0
        ? (["hour", 3600] as const)
        : (["minute", 60] as const);
  return numberFormat(language, unit).format(Math.max(1, Math.floor(seconds / size)));
}

/** An instant, in UTC: whose time zone the server happens to be in says nothing to the reader. */
export const instantInWords = (instant: Date, language: Language): string =>
  `${dateFormat(language).format(instant)} UTC`;

/** Formatters by language: making one takes longer than all the rest of a mail. */
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat({ tag, formats }: Language, unit: string): Intl.NumberFormat {
  const key = JSON.stringify([tag, formats, unit]);
  const format =
    numberFormats.get(key) ??
    new Intl.NumberFormat(tag, { ...formats, style: "unit", unit, unitDisplay: "long" });
  numberFormats.set(key, format);
  return format;
}

function dateFormat({ tag, formats }: Language): Intl.DateTimeFormat {
  const key = JSON.stringify([tag, formats]);
  const format =
    dateFormats.get(key) ??
    new Intl.DateTimeFormat(tag, { ...formats, dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  dateFormats.set(key, format);
  return format;
}
