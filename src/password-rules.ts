import { listOf, section, wholeNumber, wrong } from "./checks.ts";
import { attempt } from "./fields.ts";
import type { Language } from "./mail/language.ts";
import { english } from "./mail/languages/en.ts";
import { call, reading } from "./ports.ts";

/** Why a password was refused: `code` for programs, `message` for people. Never holds the password. */
export interface PasswordViolation {
  /** `required`, `invalid_characters`, `too_short`, `too_long`, `common`, `personal`, `breached`, … or your own. */
  code: string;
  /** One sentence, in the language of the form. */
  message: string;
  /** The numbers in the sentence, e.g. `{ min: 8 }`. */
  params: Readonly<Record<string, number>>;
}

/** What a rule may know of the account. All of it is optional: a sign-up form knows less. */
export interface PasswordContext {
  email?: string | null | undefined;
  name?: string | null | undefined;
  appName?: string | null | undefined;
  /** Told when a rule could not ask its service, and what it did instead. */
  onUnavailable?: ((outcome: "allowed" | "refused") => void) | undefined;
}

/** A refusal by a rule. Without a `message` the language's own sentence for the code is used. */
export interface RuleRefusal {
  code: string;
  params?: Readonly<Record<string, number>> | undefined;
  message?: string | undefined;
}

/** Judges a password: nothing when it will do, a refusal when it will not. A plain function, also async. */
export type PasswordRule = (
  password: string,
  context: PasswordContext,
) => RuleRefusal | undefined | Promise<RuleRefusal | undefined>;

/**
 * Judges a password by every rule, in order; for sign-up and change forms, so that they ask the same as the
 * reset does. An over-long password is judged no further. Answers an empty list for one that will do.
 *
 * @throws RelatchError `ERR_OPTIONS` for a rule that throws, or answers what is no refusal.
 */
export async function checkPassword(
  password: unknown,
  rules: readonly PasswordRule[] = defaultPasswordRules,
  context: PasswordContext = {},
  language: Language = english,
): Promise<PasswordViolation[]> {
  const asked = listOf<PasswordRule>("rules", rules, "function");
  const sentences = attempt(() => language.violations);
  if (typeof context !== "object" || context === null) throw wrong("context is an object");
  if (typeof sentences !== "object") throw wrong("language is one of relatch/languages");
  const sentence = (code: string) => (Object.hasOwn(sentences, code) ? sentences[code] : undefined);
  const violation = ({ code, params = {}, message }: RuleRefusal): PasswordViolation => ({
    code,
    params,
    message: message ?? (sentence(code) ?? sentence("unacceptable"))?.(params) ?? code,
  });
  if (typeof password !== "string" || password === "") return [violation({ code: "required" })];
  // First, and whatever the rules: neither they nor a hasher are to be fed megabytes (CVE-2013-1443).
  if (lengthOf(password, MAX_LENGTH) > MAX_LENGTH)
    return [violation({ code: "too_long", params: { max: MAX_LENGTH } })];

  // Two passwords that differ in lone surrogates alone would hash alike, and so they may behind a NUL.
  if (!password.isWellFormed() || password.includes("\0")) return [violation({ code: "invalid_characters" })];

  const violations: PasswordViolation[] = [];
  for (const rule of asked) {
    const refusal = await call("ERR_OPTIONS", "A password rule", () => rule(password, context));
    if (refusal === undefined || refusal === null) continue;
    const refused = reading("ERR_OPTIONS", "A password rule", () => violation({ ...refusal }));
    if (typeof refused.code !== "string")
      throw wrong("A password rule answers { code: string, … } or nothing");
    violations.push(refused);
    if (refused.code === "too_long") break;
  }
  return violations;
}

/** Code points that no password may exceed, whatever the rules say. */
const MAX_LENGTH = 4096;

/** In code points. Each is one or two units: what is longer than twice `max` need not be counted. */
const lengthOf = (password: string, max: number): number =>
  password.length > 2 * max ? password.length : [...password].length;

/** Options of {@link passwordLength}, in code points. */
export interface PasswordLengthOptions {
  min?: number | undefined;
  max?: number | undefined;
}

/**
 * Counts code points, so that an emoji is one character. Default: 8 to 1024. Where the password is the only
 * factor, ask for 15 (NIST SP 800-63B-4 §3.1.1.2). The upper bound keeps a hasher from being fed megabytes
 * (CVE-2013-1443, CVE-2014-9034).
 *
 * @throws RelatchError `ERR_OPTIONS` for bounds that are none.
 */
export function passwordLength(options: PasswordLengthOptions = {}): PasswordRule {
  const given = section("options of passwordLength", options, ["min", "max"]);
  const min = wholeNumber("min", given.min, 8, 1);
  const max = wholeNumber("max", given.max, 1024, min, MAX_LENGTH);
  if (max < min) throw wrong("max is not below min");
  return (password) => {
    const length = lengthOf(password, max);
    if (length < min) return { code: "too_short", params: { min } };
    return length > max ? { code: "too_long", params: { max } } : undefined;
  };
}

let common: Promise<ReadonlySet<string>> | undefined;

/** Refuses the commonest 10,000 passwords, in any case. The list is loaded on first use. */
export const notCommon: PasswordRule = async (password) => {
  common ??= import("./common-passwords.ts").then(({ commonPasswords }) => commonPasswords);
  return (await common).has(password.toLowerCase()) ? { code: "common" } : undefined;
};

/**
 * Refuses a password that is little more than a word everybody could guess: the address or its local part, the
 * person's name, the application's name. Such words count for nothing: without them eight characters must
 * remain. Words of less than four characters are not looked for.
 */
export const notPersonal: PasswordRule = (password, { email, name, appName }) => {
  // In one text, for one folding; NUL is in no password.
  const parts = [email, email?.split("@")[0], name, appName].map((text) => text?.slice(0, 256));
  const given = fold(parts.join("\0"));
  const whole = fold(password);
  const rest = [...given.split("\0"), ...given.split(/[\0\s]+/)]
    .filter((word) => whole.includes(word) && [...word].length >= 4)
    .sort((a, b) => b.length - a.length)
    .reduce((left, word) => left.replaceAll(word, ""), whole);
  return rest !== whole && [...rest].length < 8 ? { code: "personal" } : undefined;
};

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Length, the commonest passwords, personal words. Add `breachedPassword()` where the server may call out. */
export const defaultPasswordRules: readonly PasswordRule[] = Object.freeze([
  passwordLength(),
  notCommon,
  notPersonal,
]);
