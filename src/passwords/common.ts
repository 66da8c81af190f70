/** As many characters, none of them expected, make a password hard to guess, whatever else is in it. */
const ENOUGH = 8;
/** The shortest word that decorations are taken from. Three letters would be in many random passwords. */
const MIN_WORD = 4;
/** Words are compared up to this length. The longest common password has 20 characters, and separators do not count. */
const MAX_WORD = 40;
/** A longer password is compared with its accents and forms, because one character may stand for 18 others. */
const MAX_NORMALIZED = 256;

/**
 * Reports whether a password is easy to guess: blank, a common password or word, also with digits and punctuation around
 * it, the same few characters again and again, or runs along the alphabet, the digits or a row of keys. Takes linear time.
 *
 * @param common Common passwords and words, each as {@link toSkeleton} writes it.
 */
export function isCommon(password: string, common: ReadonlySet<string>): boolean {
  const text = fold(password);
  if (text.trim() === "" || isPredictable(text, common) || isWord(text, common)) return true;
  return CORES.some((pattern) => {
    const [core = ""] = pattern.exec(text) ?? [];
    const start = text.indexOf(core);
    const before = text.slice(0, start);
    const after = text.slice(start + core.length);
    const added = countNew(before + after);
    if (added >= ENOUGH) return false;
    if (core.length >= 6 && isPredictable(core, common)) return true;
    // Substitutes next to a word may be a part of it: hell0, $ummer, princ3$$.
    const [first = ""] = /[@€!|$+\d]{0,3}$/.exec(before) ?? [];
    const [last = ""] = /^[@€!|$+\d]{0,3}/.exec(after) ?? [];
    const words = listSuffixes(first).flatMap((head) => listPrefixes(last).map((tail) => head + core + tail));
    // Four letters and five digits may be a word and a year. With more digits, the word is probably one by chance.
    return words.some((word) => added <= word.length + 1 && isWord(word, common));
  });
}

/** A password without punctuation at its ends, and without digits there as well. Both patterns take linear time. */
const CORES = [/[\p{L}\p{N}](?:.*[\p{L}\p{N}])?/su, /\p{L}(?:.*\p{L})?/su];

const listPrefixes = (text: string): string[] => ["", ...Array.from(text, (_, at) => text.slice(0, at + 1))];
const listSuffixes = (text: string): string[] => ["", ...Array.from(text, (_, at) => text.slice(at))];

function isWord(text: string, common: ReadonlySet<string>): boolean {
  if (text.length < MIN_WORD || text.length > MAX_WORD) return false;
  const skeleton = replaceSubstitutes(text);
  if (!common.has(skeleton)) return false;
  // In a short one, most of the letters must be letters, because signs alone would often be a word by chance.
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return skeleton.length >= ENOUGH || letters * 2 >= skeleton.length;
}

/** Reports whether a text is one unit again and again, or made of runs. */
function isPredictable(text: string, common: ReadonlySet<string>): boolean {
  const unit = findUnit(text);
  if (unit !== undefined) return [...unit].length < ENOUGH || isCommon(unit, common);
  const count = countNew(text);
  return count < ENOUGH && count * 3 <= [...text].length;
}

/** Returns the shortest unit that a text repeats. The last time, its end may be missing. */
function findUnit(text: string): string | undefined {
  for (let size = 1; size <= MAX_WORD && size * 2 <= text.length + 1; size++) {
    if (text.slice(size) === text.slice(0, -size)) return text.slice(0, size);
  }
  return undefined;
}

/** Returns a text without letter case, accents and invisible characters, and with plain letters for their other forms. */
const fold = (text: string): string =>
  (text.length > MAX_NORMALIZED ? text : foldForms(text))
    .toLowerCase()
    // Blank Braille and the null notehead are symbols, and invisible all the same.
    .replace(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu, "");

// Composed again, since й without its mark would be another key.
const foldForms = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/([a-z])\p{M}+/giu, "$1")
    .normalize("NFC");

/** The usual substitutes. A 1 may be an i or an l, so both are an i. */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  ...{ "4": "a", "@": "a", "8": "b", "3": "e", "€": "e", "9": "g", "1": "i", "!": "i", "|": "i", l: "i" },
  ...{ "0": "o", "5": "s", $: "s", "7": "t", "+": "t" },
};

const replaceSubstitutes = (folded: string): string =>
  folded.replace(/[\s._-]/g, "").replace(/[@€!|$+l\d]/g, (sign) => SUBSTITUTES[sign] ?? sign);

/** Returns what the usual spellings of a password have in common. */
export const toSkeleton = (text: string): string => replaceSubstitutes(fold(text));

const KEYS = [
  ...["12345678901234567890", "!@#$%^&*()_+", '!"§$%&/()=', "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"],
  ...["qwertzuiop", "yxcvbnm,.-", "azertyuiop", "qsdfghjklm", "wxcvbn", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"],
  ...["1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm"],
];

/** Three keys next to each other, in both directions. */
const KEY_RUNS: ReadonlySet<string> = new Set(
  KEYS.flatMap((row) => [row, [...row].reverse().join("")]).flatMap((row) =>
    Array.from({ length: row.length - 2 }, (_, at) => row.slice(at, at + 3)),
  ),
);

/** Counts the characters that do not continue a run, up to {@link ENOUGH}. */
function countNew(text: string): number {
  const letters = [...text];
  const continuesRun = (at: number) =>
    [1, 2, 3, 4].some(
      (step) =>
        isRun(letters[at - step], letters[at], letters[at + step]) ||
        isRun(letters[at - 2 * step], letters[at - step], letters[at]),
    );
  let count = 0;
  for (let at = 0; at < letters.length && count < ENOUGH; at++) if (!continuesRun(at)) count += 1;
  return count;
}

/** Reports whether three letters are the same, or one after the other in the alphabet or on the keyboard. */
function isRun(a: string | undefined, b: string | undefined, c: string | undefined): boolean {
  if (a === undefined || b === undefined || c === undefined) return false;
  if (a === b || a === c) return b === c;
  const step = codeOf(b) - codeOf(a);
  return (Math.abs(step) === 1 && codeOf(c) - codeOf(b) === step) || KEY_RUNS.has(a + b + c);
}

const codeOf = (letter: string): number => letter.codePointAt(0) ?? 0;
