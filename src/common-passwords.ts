import { dictionary } from "@zxcvbn-ts/language-common";

// The build replaces this module by its value (see tsup.config.ts), so that the published package holds the
// list and not the package it comes from. It is loaded when the first password is judged.

/** The commonest 10,000 passwords that have 8 characters or more, in lower case (NIST SP 800-63B-4 §3.1.1.2). */
export const commonPasswords: ReadonlySet<string> = new Set(
  dictionary["passwords-common"].filter((password) => [...password].length >= 8).slice(0, 10_000),
);
