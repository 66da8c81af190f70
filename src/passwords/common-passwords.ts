import { dictionary } from "@zxcvbn-ts/language-common";
import { isCommon, toSkeleton } from "./common.ts";

// The build replaces this module by the list it computes (tsup.config.ts), so the package above is not published.

const byFrequency = dictionary["passwords-common"];
const passwords = byFrequency.filter((password) => password.length >= 8).slice(0, 10_000);
/** Passwords without digits and signs at their ends: monkey for monkey1. */
const words = byFrequency
  .map((password) => password.replace(/^[^a-z]+|[^a-z]+$/g, ""))
  .filter((word) => word.length >= 4);
const commonWords: ReadonlySet<string> = new Set([...new Set(words)].slice(0, 5_000).map(toSkeleton));

/** Also with signs around it, since around a short word with a number there may be few. */
const isDecoratedWord = (password: string) =>
  [password, `(${password}!)`].every((decorated) => isCommon(decorated, commonWords));

/**
 * The skeletons of the 5,000 most common words in passwords, and of those among the 10,000 most common passwords of 8
 * characters or more (NIST SP 800-63B-4 §3.1.1.2) that are not decorated words, repetitions or runs.
 */
export const commonPasswords: ReadonlySet<string> = new Set([
  ...commonWords,
  ...passwords.filter((password) => !isDecoratedWord(password)).map(toSkeleton),
]);
