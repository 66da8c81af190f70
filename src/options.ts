import type { PasswordResetOptions, RevokeSessions } from "./api.ts";
import { listOf, milliseconds, oneOf, optionalFunction, port, section, wrong } from "./checks.ts";
import { background } from "./dispatch.ts";
import { RelatchError } from "./errors.ts";
import { emitter, type Happening } from "./events.ts";
import { attempt, ownFields } from "./fields.ts";
import { inertAppName } from "./mail/inert.ts";
import type { Language } from "./mail/language.ts";
import { english } from "./mail/languages/en.ts";
import type { Messages } from "./mail/messages.ts";
import { defaultPasswordRules, type PasswordRule } from "./password-rules.ts";
import { type CheckedUserStore, call, checkedTokens, checkedUsers } from "./ports.ts";
import { memoryRateLimiter } from "./rate-limit.ts";
import { storedTokens } from "./reset-token.ts";
import { parseResetUrl, type ResetUrl } from "./reset-url.ts";
import type { Tokens } from "./tokens.ts";
import type { Dispatcher, Mailer, PasswordHasher, RateLimiter, RateRule, Recipient } from "./types.ts";

/** The options, checked and complete. */
export interface Config {
  readonly users: CheckedUserStore;
  readonly tokens: Tokens;
  readonly mailer: Mailer;
  readonly hasher: PasswordHasher;
  /** Inert, as mails print it. */
  readonly appName: (to: Recipient) => Promise<string>;
  readonly resetUrl: (to: Recipient) => Promise<ResetUrl>;
  readonly revokeSessions: RevokeSessions | "in_transaction" | false;
  /** Milliseconds. */
  readonly tokenLifetime: number;
  readonly passwordRules: readonly PasswordRule[];
  readonly rateLimiter: RateLimiter;
  readonly clientRules: readonly RateRule[];
  readonly addressRules: readonly RateRule[];
  readonly unlimitedWhenDown: boolean;
  readonly dispatcher: Dispatcher;
  /** Milliseconds. */
  readonly callTimeout: number;
  /** Milliseconds. */
  readonly deliveryTimeout: number;
  readonly languages: readonly [Language, ...Language[]];
  readonly messages: Messages;
  readonly emit: (happening: Happening) => void;
  readonly now: () => Date;
}

const MINUTE_RULE = { max: 1, windowSeconds: 60 };
const HOUR_RULE = { max: 3, windowSeconds: 3600 };
const CLIENT_RULE = { max: 30, windowSeconds: 15 * 60 };

/**
 * Checks the options once, copies them, and fills in the defaults.
 *
 * @throws RelatchError `ERR_OPTIONS`, with what to write instead.
 */
export function checkedOptions(input: PasswordResetOptions): Config {
  try {
    return read(input);
  } catch (cause) {
    throw cause instanceof RelatchError ? cause : wrong("The options cannot be read", { cause });
  }
}

function read(input: PasswordResetOptions): Config {
  const options = section("options", input, OPTIONS);

  const now = options.now === undefined ? () => new Date() : checkedClock(options.now);
  const callTimeout = milliseconds("callTimeout", options.callTimeout, 10_000);
  const tokenLifetime = milliseconds("tokenLifetime", options.tokenLifetime, 60 * 60 * 1000);
  const limits = section("limits", options.limits ?? {}, [
    "rateLimiter",
    "client",
    "address",
    "onUnavailable",
  ]);
  return Object.freeze({
    now,
    tokenLifetime,
    callTimeout,
    users: checkedUsers(
      port(
        "users",
        options.users,
        ["findByEmail", "findById", "replacePasswordHash"],
        ["setFirstPasswordHash"],
      ),
      callTimeout,
    ),
    tokens: tokensOf(options.tokens, callTimeout),
    mailer: port<Mailer>("mailer", options.mailer, ["send"]),
    hasher: port<PasswordHasher>("hasher", options.hasher, ["hash"]),
    appName: appNameOf(options.appName, callTimeout),
    resetUrl: resetUrlOf(options.resetUrl, callTimeout),
    revokeSessions: revocation(options.revokeSessions),
    passwordRules: listOf<PasswordRule>(
      "passwordRules",
      options.passwordRules ?? defaultPasswordRules,
      "function",
    ),
    rateLimiter:
      limits.rateLimiter === undefined
        ? memoryRateLimiter({ now: () => now().getTime() })
        : port<RateLimiter>("limits.rateLimiter", limits.rateLimiter, ["consume"], ["refund"]),
    clientRules: limits.client === false ? [] : [rule("limits.client", limits.client ?? CLIENT_RULE)],
    addressRules: addressRules(limits.address, tokenLifetime),
    unlimitedWhenDown: oneOf("limits.onUnavailable", limits.onUnavailable, ["refuse", "allow"]) === "allow",
    dispatcher: dispatcherOf(options.dispatcher, options.waitUntil),
    deliveryTimeout: milliseconds("deliveryTimeout", options.deliveryTimeout, 30_000),
    languages: languagesOf(options.languages),
    messages: messagesOf(options.messages),
    emit: emitter(optionalFunction("onEvent", options.onEvent), now),
  });
}

const OPTIONS = [
  ...(["users", "tokens", "mailer", "hasher", "appName", "resetUrl", "revokeSessions"] as const),
  ...(["tokenLifetime", "passwordRules", "limits", "dispatcher", "waitUntil", "callTimeout"] as const),
  ...(["deliveryTimeout", "languages", "messages", "onEvent", "now"] as const),
];

function tokensOf(value: unknown, timeout: number): Tokens {
  const signed = value as { kind?: unknown; tokens?: Tokens } | null | undefined;
  if (signed?.kind === "signed" && signed.tokens) return signed.tokens;
  return storedTokens(
    checkedTokens(port("tokens", value, ["save", "find", "deleteByUser", "deleteExpired"]), timeout),
  );
}

function appNameOf(value: unknown, timeout: number): Config["appName"] {
  const usable = (name: unknown): string => {
    const inert = typeof name === "string" ? inertAppName(name) : "";
    if (inert === "") throw wrong('appName is a name like "Acme", or a function');
    return inert;
  };
  if (typeof value === "function")
    return async (to) => usable(await call("ERR_OPTIONS", "appName", () => value(to), timeout));
  const name = usable(value);
  return async () => name;
}

function resetUrlOf(value: unknown, timeout: number): Config["resetUrl"] {
  if (typeof value === "function") {
    return async (to) => parseResetUrl(await call("ERR_OPTIONS", "resetUrl", () => value(to), timeout));
  }
  const url = parseResetUrl(value);
  return async () => url;
}

function revocation(value: unknown): Config["revokeSessions"] {
  if (typeof value === "function" || value === "in_transaction" || value === false) {
    return value as Config["revokeSessions"];
  }
  throw wrong('revokeSessions is (userId) => …, "in_transaction", or false to leave old sessions alive');
}

function addressRules(value: unknown, tokenLifetime: number): readonly RateRule[] {
  if (value === false) return [];
  const longest = Math.ceil(tokenLifetime / 1000);
  if (value === undefined) {
    return [MINUTE_RULE, HOUR_RULE].map((each) => ({
      ...each,
      windowSeconds: Math.min(each.windowSeconds, longest),
    }));
  }
  const rules = listOf<unknown>("limits.address", value, "object").map((each) =>
    rule("limits.address", each),
  );
  // Or other people's requests could leave the owner without a live link.
  if (rules.some((each) => each.windowSeconds > longest)) {
    throw wrong("limits.address: a window must not be longer than tokenLifetime");
  }
  return rules;
}

function rule(name: string, value: unknown): RateRule {
  const { max, windowSeconds, ...more } = ownFields(value);
  const isCount = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) > 0;
  if (isCount(max) && isCount(windowSeconds) && Object.keys(more).length === 0) return { max, windowSeconds };
  throw wrong(`${name} is { max: 3, windowSeconds: 3600 }, or false`);
}

function dispatcherOf(dispatcher: unknown, waitUntil: unknown): Dispatcher {
  const wait = optionalFunction<(work: Promise<unknown>) => void>("waitUntil", waitUntil);
  if (dispatcher === undefined) return background({ waitUntil: wait });
  if (wait) throw wrong("give waitUntil to the dispatcher: background({ waitUntil })");
  return port<Dispatcher>("dispatcher", dispatcher, ["dispatch"], ["drain"]);
}

function languagesOf(value: unknown): Config["languages"] {
  if (value === undefined) return [english];
  const languages = listOf<Language>("languages", value, "object");
  const [first, ...others] = languages;
  if (!first || !languages.every(isLanguage)) {
    throw wrong("languages is a list like [en, ru], from relatch/languages");
  }
  return [first, ...others];
}

const isLanguage = ({ tag, greeting }: Language): boolean =>
  attempt(() => new Intl.Locale(tag)) !== undefined && tag.length <= 64 && typeof greeting === "function";

const MESSAGES = ["resetLink", "passwordChanged", "noAccount", "noPassword"] as const;

function messagesOf(value: unknown): Messages {
  const given = section("messages", value ?? {}, MESSAGES) as Partial<Messages>;
  for (const name of MESSAGES) optionalFunction(`messages.${name}`, given[name]);
  // The standard mails are loaded with the first one that is composed: never, where all are replaced.
  let loaded: Promise<Messages> | undefined;
  const standard = () => {
    loaded ??= import("./mail/standard.ts").then((mails) => mails.standard());
    return loaded;
  };
  return {
    ...given,
    resetLink: given.resetLink ?? (async (input) => (await standard()).resetLink(input)),
    passwordChanged: given.passwordChanged ?? (async (input) => (await standard()).passwordChanged(input)),
  };
}

function checkedClock(value: unknown): () => Date {
  if (typeof value !== "function") throw wrong("now is a function that answers a Date");
  return () => {
    const instant: unknown = value();
    if (instant instanceof Date && !Number.isNaN(instant.getTime())) return instant;
    throw wrong("now must answer a valid Date");
  };
}
