import type { Language } from "./language.ts";

/** "1 hour", "30 minutes", "45 seconds": a duration in the largest unit that leaves no remainder, rounded down. */
export function durationInWords(milliseconds: number, { tag }: Language): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [unit, size] =
    seconds < 60
      ? (["second", 1] as const)
      : seconds % 3600 === 0
        ? (["hour", 3600] as const)
        : (["minute", 60] as const);
  return numberFormat(tag, unit).format(Math.max(1, Math.floor(seconds / size)));
}

/** Formatters by language: making one takes longer than all the rest of a mail. */
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(tag: string, unit: string): Intl.NumberFormat {
  const key = `${tag} ${unit}`;
  const format =
    numberFormats.get(key) ?? new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "long" });
  numberFormats.set(key, format);
  return format;
}

function dateFormat(tag: string): Intl.DateTimeFormat {
  const format =
    dateFormats.get(tag) ??
    new Intl.DateTimeFormat(tag, { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  dateFormats.set(tag, format);
  return format;
}

/** An instant, in UTC: whose time zone the server happens to be in says nothing to the reader. */
export const instantInWords = (instant: Date, { tag }: Language): string =>
  `${dateFormat(tag).format(instant)} UTC`;
