import type { TimeSpan } from "oslo";
import { aTimeSpan } from "../lib/shape.ts";
import type { Language } from "./language.ts";

/** The parts of a language that decide how numbers are written. */
export type NumberStyle = Pick<Language, "tag" | "formats">;

/** The units of durations from large to small, in seconds. */
const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

const MAX_DURATION = 1000 * 86_400_000;

/**
 * Returns a duration in the words of a language, as emails have it: in the largest unit that leaves no remainder, so "1 day",
 * "36 hours", "90 minutes". Minutes are rounded down, and less than one is given in seconds.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `duration` is not a `TimeSpan` of at most 1,000 days.
 * @example
 * durationInWords(new TimeSpan(3, "d"), en); // "3 days"
 */
export function durationInWords(duration: TimeSpan, language: NumberStyle): string {
  const { tag, formats } = language;
  const seconds = Math.floor(aTimeSpan({ max: MAX_DURATION })(duration, "duration") / 1000);
  const [unit, size] =
    seconds < 60 ? ["second", 1] : (UNITS.find(([, length]) => seconds % length === 0) ?? ["minute", 60]);
  const style = { ...formats, style: "unit", unit, unitDisplay: "long" } as const;
  const format = createOnce(language, unit, () => new Intl.NumberFormat(tag, style));
  return format.format(Math.max(1, Math.floor(seconds / size)));
}

/** Returns a point in time in UTC, because the server's own time zone tells the reader nothing. */
export function instantInWords(instant: Date, language: Language): string {
  const { tag, formats } = language;
  const style = { ...formats, dateStyle: "long", timeStyle: "short", timeZone: "UTC" } as const;
  return `${createOnce(language, "instant", () => new Intl.DateTimeFormat(tag, style)).format(instant)} UTC`;
}

const created = new WeakMap<object, Map<string, unknown>>();

/** Creates a format once for each language, because that takes 27 to 68 µs (Node.js 20), longer than the rest of an email. */
function createOnce<Format>(language: object, name: string, create: () => Format): Format {
  const known = created.get(language) ?? new Map<string, unknown>();
  created.set(language, known);
  if (!known.has(name)) known.set(name, create());
  return known.get(name) as Format;
}

/**
 * The forms of a phrase by CLDR plural category, with `#` in place of the number:
 * `{ one: "# znak", few: "# znaki", other: "# znaków" }`.
 */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Formats a number with its noun, in the form and the digits that go with it. */
export function formatCount(count = 0, forms: PluralForms, { tag, formats }: NumberStyle): string {
  const number = new Intl.NumberFormat(tag, { ...formats, useGrouping: false }).format(count);
  return (forms[new Intl.PluralRules(tag).select(count)] ?? forms.other).replace("#", number);
}
