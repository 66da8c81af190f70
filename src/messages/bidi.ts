import type { Language } from "./language.ts";

// A Latin name in an Arabic sentence, or the other way round, pulls the full stops and digits next to it into its own
// direction, unless it is isolated (UAX #9 §2.4.2).

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_DIRECTIONAL_ISOLATE = "\u2069";
const ISOLATE = /\u2068([^\u2068\u2069]*)\u2069/g;

/** The Unicode blocks of scripts that are read from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Isolates a name or an IP address for a sentence of this language, if the two might differ in direction. */
export const isolate = (text: string, { direction }: Language): string =>
  direction === "rtl" || RIGHT_TO_LEFT.test(text) ? `${FIRST_STRONG_ISOLATE}${text}${POP_DIRECTIONAL_ISOLATE}` : text;

/** Turns isolates into HTML: spans with `dir`, because Gmail and Outlook remove `<bdi>`. */
export const renderIsolates = (html: string): string =>
  html.replace(ISOLATE, (_, name: string) => `<span dir="${detectDirection(name)}">${name}</span>`);

const detectDirection = (name: string): "ltr" | "rtl" =>
  RIGHT_TO_LEFT.test(/\p{L}/u.exec(name)?.[0] ?? "") ? "rtl" : "ltr";
