import type { Language } from "./language.ts";

// A Latin name in an Arabic sentence, or the other way round, takes full stops and digits beside it along into its
// own direction, unless it is isolated (UAX #9 §2.4.2).

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_DIRECTIONAL_ISOLATE = "\u2069";
const ISOLATE = /\u2068([^\u2068\u2069]*)\u2069/g;

/** The blocks that are read from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name as it goes into a sentence: isolated where the two might differ in direction, otherwise as it is. */
export const isolated = (name: string, { direction }: Language): string =>
  direction === "rtl" || RIGHT_TO_LEFT.test(name)
    ? `${FIRST_STRONG_ISOLATE}${name}${POP_DIRECTIONAL_ISOLATE}`
    : name;

/** The same in HTML. A span, since Gmail and Outlook know `dir` but leave `<bdi>` out. */
export const isolatesAsSpans = (html: string): string =>
  html.includes(FIRST_STRONG_ISOLATE)
    ? html.replace(ISOLATE, (_, name: string) => `<span dir="${directionOf(name)}">${name}</span>`)
    : html;

const directionOf = (name: string): "ltr" | "rtl" =>
  RIGHT_TO_LEFT.test(/\p{L}/u.exec(name)?.[0] ?? "") ? "rtl" : "ltr";
