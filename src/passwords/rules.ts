import {
  aFunction,
  anArrayOf,
  anInteger,
  describeType,
  mustBe,
  optional,
  optionError,
  readOptions,
} from "../lib/shape.ts";
import type { Language } from "../messages/language.ts";
import { english } from "../messages/languages/en.ts";
import { type Calls, callPort, mustReturn, type Port } from "../ports/calls.ts";
import { isCommon } from "./common.ts";

/** Why a password was refused: `code` for programs, `message` for people. Never contains the password. */
export interface PasswordViolation {
  /** `required`, `invalid_characters`, `too_short`, `too_long`, `common`, `personal`, `breached`, … or your own. */
  code: string;
  /** One sentence, in the language of the form. */
  message: string;
  /** The numbers in the sentence, for example `{ min: 8 }`. */
  params: Readonly<Record<string, number>>;
}

/**
 * Facts about the account, for a rule. All of them are optional, because a sign-up form knows fewer. `checkPassword` passes
 * them on as they are.
 */
export interface PasswordContext {
  /** The id of the account, for example to look up its previous passwords. */
  userId?: string | undefined;
  /** The tenant of the account, if the application has tenants. */
  tenant?: string | undefined;
  /** The email address of the account. */
  email?: string | null | undefined;
  /** The name of the person. */
  name?: string | null | undefined;
  /** The name of the application. */
  appName?: string | null | undefined;
  /** The language of the form, as a tag like `pt-BR`, for a rule that writes its own message. */
  locale?: string | undefined;
  /** Called if a rule could not reach its service, with the verdict that it returned instead. */
  onUnavailable?: ((outcome: "allowed" | "refused") => void) | undefined;
}

/** A refusal by a rule. Without a `message` the sentence that the language has for the code is used. */
export interface RuleRefusal {
  /** For programs, such as `too_short`. */
  code: string;
  /** Numbers for the sentence, such as `{ min: 8 }`. */
  params?: Readonly<Record<string, number>> | undefined;
  /** The sentence for the person, in the language of the form. */
  message?: string | undefined;
}

/**
 * Judges a password: returns nothing to accept it and a refusal to reject it. A plain function, which may be asynchronous.
 *
 * @example
 * const notOnlyDigits: PasswordRule = (password) => (/^\d+$/.test(password) ? { code: "only_digits" } : undefined);
 */
export interface PasswordRule {
  (password: string, context: PasswordContext): RuleRefusal | undefined | Promise<RuleRefusal | undefined>;
  /** Optional: how many characters the rule demands, in code points, for the hint in a form. */
  readonly minLength?: number | undefined;
}

/** The longest password that any rule may accept, in code points. */
const MAX_LENGTH = 4096;

/**
 * Judges a password by every rule, in order. Use it for sign-up and change forms, so that they demand the same as a reset.
 * Rules after `too_long` are not asked. Returns an empty array if the password is acceptable.
 *
 * @param language The language of the messages. Default: English.
 * @throws {RelatchError} `ERR_OPTIONS` if an argument is wrong, or if a rule throws or returns something else.
 * @example
 * const violations = await checkPassword("short", defaultPasswordRules, { email: "mike@example.org" });
 * violations.map(({ message }) => message); // ["Use at least 8 characters."]
 */
export async function checkPassword(
  password: unknown,
  rules: readonly PasswordRule[] = defaultPasswordRules,
  context: PasswordContext = {},
  language: Language = english,
): Promise<PasswordViolation[]> {
  const checks = anArrayOf<PasswordRule>(aFunction())(rules, "checkPassword.rules");
  if (typeof context !== "object" || context === null) throw mustBe("checkPassword.context", "an object", context);
  if (typeof language?.violations !== "object")
    throw mustBe("checkPassword.language", "a language of relatch/languages", language);
  return judgePassword(UNLIMITED, password, checks, context, language);
}

const UNLIMITED: Calls = { report: () => {}, timeout: Number.POSITIVE_INFINITY };

/** Applies the rules to a password. `calls` limits each rule, and hears of one that fails. */
export async function judgePassword(
  calls: Calls,
  password: unknown,
  rules: readonly PasswordRule[],
  context: PasswordContext,
  { violations: sentences }: Language,
): Promise<PasswordViolation[]> {
  const toViolation = ({ code, params = {}, message }: RuleRefusal): PasswordViolation => {
    const keys = "maxBytes" in params ? [`${code}_in_bytes`, code] : [code];
    const key = keys.find((each) => Object.hasOwn(sentences, each)) ?? "unacceptable";
    return { code, params, message: message ?? sentences[key]?.(params) ?? code };
  };
  if (typeof password !== "string" || password === "") return [toViolation({ code: "required" })];
  // Comes first, so that neither a rule nor a hasher gets megabytes (CVE-2013-1443).
  if (countCharacters(password, MAX_LENGTH) > MAX_LENGTH) {
    return [toViolation({ code: "too_long", params: { max: MAX_LENGTH } })];
  }
  // Passwords that differ only in lone surrogates, or only after a NUL, might have the same hash.
  if (!password.isWellFormed() || password.includes("\0")) return [toViolation({ code: "invalid_characters" })];

  const violations: PasswordViolation[] = [];
  for (const [index, rule] of rules.entries()) {
    const port: Port = { code: "ERR_OPTIONS", name: `passwordRules[${index}]` };
    const violation = await callPort(
      calls,
      port,
      async () => rule(password, context),
      (refusal: unknown) => {
        if (refusal === undefined || refusal === null) return undefined;
        if (typeof (refusal as RuleRefusal).code === "string") return toViolation(refusal as RuleRefusal);
        throw mustReturn(port, "{ code: string, … } to refuse, or nothing to accept", describeType(refusal));
      },
    );
    if (violation) violations.push(violation);
    if (violation?.code === "too_long") break;
  }
  return violations;
}

/** Counts code points. A code point takes at most two units, so a string of more than `2 * max` units is not counted. */
const countCharacters = (password: string, max: number): number =>
  password.length > 2 * max ? password.length : [...password].length;

/** Options of {@link passwordLength}, in code points. */
export interface PasswordLengthOptions {
  /** Default: 8. */
  min?: number | undefined;
  /** Default: 1024, at most 4096. */
  max?: number | undefined;
}

/**
 * Returns a rule for the length. It counts code points, so an emoji is one character. If the password is the only factor,
 * demand 15 (NIST SP 800-63B-4 §3.1.1.2). The upper bound keeps megabytes away from a hasher (CVE-2014-9034).
 *
 * @throws {RelatchError} `ERR_OPTIONS` if a bound is not a whole number from 1 to 4096, or if `max` is less than `min`.
 * @example
 * const passwordRules = [passwordLength({ min: 15 }), notCommon, notPersonal];
 */
export function passwordLength(options: PasswordLengthOptions = {}): PasswordRule {
  const { min, max } = readOptions("passwordLength", options, {
    min: optional(anInteger(1, MAX_LENGTH), 8),
    max: optional(anInteger(1, MAX_LENGTH), 1024),
  });
  if (max < min) throw optionError(`passwordLength.max must be at least min, which is ${min}, received ${max}.`);
  const rule = (password: string): RuleRefusal | undefined => {
    const length = countCharacters(password, max);
    if (length < min) return { code: "too_short", params: { min } };
    return length > max ? { code: "too_long", params: { max } } : undefined;
  };
  return Object.assign(rule, { minLength: min });
}

/**
 * Refuses what is guessed first, with the code `common`:
 * - the 10,000 most common passwords of 8 characters or more, and the 5,000 most common words in passwords;
 * - the same with digits and punctuation around them (`password123456`, `Summer2026!`), up to seven that no run explains,
 *   and fewer around a short word;
 * - the same with accents, spaces, dots, dashes and underscores, and with the usual substitutes (`P@$$w0rd!`): 4 and @ for
 *   a, 8 for b, 3 and € for e, 9 for g, 1, ! and | for i or l, 0 for o, 5 and $ for s, 7 and + for t;
 * - repetitions of up to seven characters, or of one of these passwords (`abababab`, `passwordpassword`);
 * - runs along the alphabet, the digits or a row of keys, if they make up two thirds (`abcd1234!`, `qwertyuiop`);
 * - white space and invisible characters alone.
 *
 * Letter case never counts. Of random passwords of 10 letters and digits, at most three in 100,000 are refused.
 *
 * Accepts other words of a dictionary, two common words in a row, most names, and words of other languages. Many of them
 * are known to `breachedPassword`. The list is loaded when the first password is judged.
 *
 * @example
 * await notCommon("P@ssw0rd2026!", {}); // { code: "common" }
 */
export const notCommon: PasswordRule = async (password) => {
  const { commonPasswords } = await import("./common-passwords.ts");
  return isCommon(password, commonPasswords) ? { code: "common" } : undefined;
};

/**
 * Refuses a password that is little more than a word anyone could guess: the email address or its local part, the person's
 * name, or the application's name. Such words do not count, so eight other characters must remain. Words of less than four
 * characters are ignored.
 *
 * @example
 * await notPersonal("mike2026", { email: "mike@example.org" }); // { code: "personal" }
 */
export const notPersonal: PasswordRule = (password, { email, name, appName }) => {
  const known = [email, email?.split("@")[0], name, appName].map((text) => fold(text?.slice(0, 256) ?? ""));
  const whole = fold(password);
  const rest = known
    .flatMap((text) => [text, ...text.split(/\s+/)])
    .filter((word) => [...word].length >= 4)
    .sort((a, b) => b.length - a.length)
    .reduce((left, word) => left.replaceAll(word, ""), whole);
  return rest !== whole && [...rest].length < 8 ? { code: "personal" } : undefined;
};

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

/**
 * Length, common passwords, personal words. Add `breachedPassword()` if the server may call another service.
 *
 * @example
 * const passwordRules = [...defaultPasswordRules, breachedPassword()];
 */
export const defaultPasswordRules: readonly PasswordRule[] = Object.freeze([passwordLength(), notCommon, notPersonal]);
