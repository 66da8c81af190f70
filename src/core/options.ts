import { TimeSpan } from "oslo";
import { background } from "../dispatchers/background.ts";
import { nameError, type RelatchError } from "../lib/errors.ts";
import { aKeyRing, type Keys } from "../lib/keys.ts";
import { parseResetUrl, type ResetUrl } from "../lib/reset-url.ts";
import {
  aBoolean,
  aFunction,
  anArrayOf,
  anInteger,
  anObject,
  anObjectWith,
  anOptionalObject,
  aTimeSpan,
  mustBe,
  oneOf,
  optional,
  optionError,
  type Reader,
  readOptions,
} from "../lib/shape.ts";
import { someTenants, type Tenants } from "../lib/tenants.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import { memoryRateLimiter } from "../limiters/memory.ts";
import { withLegacyTokens } from "../links/legacy.ts";
import type { LinkScheme } from "../links/scheme.ts";
import { type SignedTokens, signedLinks } from "../links/signed.ts";
import { storedLinks } from "../links/stored.ts";
import { parseSender } from "../mailers/sender.ts";
import type { Language } from "../messages/language.ts";
import { english } from "../messages/languages/en.ts";
import type { Messages } from "../messages/messages.ts";
import { cleanName, sanitizeAppName } from "../messages/sanitize.ts";
import { defaultPasswordRules, type PasswordRule } from "../passwords/rules.ts";
import type { Calls } from "../ports/calls.ts";
import type {
  Dispatcher,
  LegacyTokens,
  Mailer,
  PasswordHasher,
  RateLimiter,
  RateRule,
  RevokeSessions,
  SecondFactor,
  Site,
  TokenStore,
  UserStore,
} from "../ports/contract.ts";
import {
  type GuardedSecondFactor,
  type GuardedUserStore,
  guardSecondFactor,
  guardTokens,
  guardUsers,
} from "../ports/guarded.ts";
import type { PasswordResetOptions } from "./api.ts";
import type { ResetEvent } from "./events.ts";
import { createListeners, type Listeners } from "./listeners.ts";

/** The options, checked and complete. Times are in milliseconds. */
export interface Config {
  readonly users: GuardedUserStore;
  readonly links: LinkScheme;
  readonly mailer: Mailer;
  readonly hasher: PasswordHasher;
  /** Safe to print in emails. */
  readonly appName: (site: Site) => string;
  readonly from: ((site: Site) => string) | undefined;
  readonly resetUrl: (site: Site) => ResetUrl;
  /** The origin of all links of a tenant. */
  readonly originOf: (tenant: string | undefined) => string;
  readonly revokeSessions: RevokeSessions | "in_transaction" | false;
  readonly tenants: Tenants;
  readonly keys: readonly Uint8Array[];
  /** `undefined`: no request can ask for a code. */
  readonly codes: { readonly digits: number; readonly lifetime: number } | undefined;
  readonly secondFactor: GuardedSecondFactor | undefined;
  readonly tokenLifetime: number;
  readonly invitationLifetime: number;
  readonly passwordRules: readonly PasswordRule[];
  readonly rateLimiter: RateLimiter;
  readonly clientRules: readonly RateRule[];
  readonly addressRules: readonly RateRule[];
  readonly allowsWithoutLimiter: boolean;
  readonly dispatcher: Dispatcher;
  readonly mentionRequest: boolean;
  readonly callTimeout: number;
  readonly deliveryTimeout: number;
  readonly languages: readonly [Language, ...Language[]];
  readonly messages: Messages;
  readonly listeners: Listeners;
  readonly emit: Listeners["emit"];
  readonly calls: Calls;
  readonly now: () => Date;
}

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CLIENT_RULE: RateRule = { max: 30, window: new TimeSpan(15, "m") };
const MINUTE_RULE: RateRule = { max: 1, window: new TimeSpan(1, "m") };
const HOUR_RULE: RateRule = { max: 3, window: new TimeSpan(1, "h") };

const aRule: Reader<RateRule> = (value, path) => {
  const { max, window } = anObject({ max: anInteger(1), window: aTimeSpan() })(value, path);
  return { max, window: new TimeSpan(window, "ms") };
};

/** Reads an option that can be switched off by `false`. */
const orFalse =
  <T>(read: Reader<T>): Reader<T | false> =>
  (value, path) =>
    value === false ? false : read(value, path);

/** The value that a function of {@link Site} threw, by the error made of it. Kept outside the error, where no logger finds it. */
const causes = new WeakMap<object, unknown>();

/** Reports every failure of a function of {@link Site}. */
const withReports =
  <T>(read: (site: Site) => T, { report }: Calls): ((site: Site) => T) =>
  (site) => {
    try {
      return read(site);
    } catch (error) {
      report(error as RelatchError, causes.get(error as RelatchError), []);
      throw error;
    }
  };

/** Reads an option that is one value, or a function of the tenant and the language. What it returns may come from data. */
const perSite =
  <T>(read: Reader<T>, readReturned = read): Reader<(site: Site) => T> =>
  (value, path) => {
    if (typeof value !== "function") {
      const fixed = read(value, path);
      return () => fixed;
    }
    return (site) => {
      const call = `${path}(${describeSite(site)})`;
      let returned: unknown;
      try {
        returned = value(Object.freeze({ ...site }));
      } catch (cause) {
        const error = optionError(`${call} must not throw, received ${nameError(cause)}.`);
        causes.set(error, cause);
        throw error;
      }
      // A promise is refused, and its own rejection must not end the process.
      readSafely(() => returned instanceof Promise && returned.catch(() => {}));
      return readReturned(returned, call);
    };
  };

const describeSite = ({ tenant, locale }: Site): string =>
  `{ tenant: ${tenant === undefined ? tenant : JSON.stringify(tenant)}, locale: "${locale}" }`;

const anAppName =
  (print: (name: string) => string): Reader<string> =>
  (value, path) => {
    const name = typeof value === "string" ? print(value) : "";
    if (name === "") throw mustBe(path, "a name or a function that returns one", value, '"Acme"');
    return name;
  };

const aLanguage: Reader<Language> = (value, path) => {
  const { tag, greeting } = Object(value) as Partial<Language>;
  const isLanguage =
    typeof tag === "string" &&
    tag.length <= 64 &&
    readSafely(() => new Intl.Locale(tag)) !== undefined &&
    typeof greeting === "function";
  if (!isLanguage) throw mustBe(path, "a language of relatch/languages", value, "languages: [en, ru]");
  return value as Language;
};

const aRevocation: Reader<Config["revokeSessions"]> = (value, path) => {
  if (typeof value === "function") return value as RevokeSessions;
  if (value === "in_transaction" || value === false) return value;
  throw mustBe(
    path,
    'a function, "in_transaction", or false, which leaves old sessions valid',
    value,
    "(userId, { except }) => deleteSessions(userId, except)",
  );
};

const aDate: Reader<Date> = (value, path) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value);
  throw mustBe(path, "a valid Date", value, 'new Date("2027-03-01")');
};

const aLegacyFlow: Reader<LegacyTokens> = (value, path) => {
  const flow = anObjectWith<LegacyTokens>(["find", "spend", "revoke"])(value, path);
  aDate(flow.until, `${path}.until`);
  return flow;
};

const aTokenStore: Reader<TokenStore | SignedTokens> = (value, path) =>
  isSigned(value) ? value : anObjectWith<TokenStore>(["save", "find", "deleteByUser", "deleteExpired"])(value, path);

const isSigned = (tokens: unknown): tokens is SignedTokens =>
  (tokens as Partial<SignedTokens> | null | undefined)?.kind === "signed";

const someRules: Reader<readonly RateRule[]> = (value, path) => {
  const rules = anArrayOf(aRule)(value, path);
  if (rules.length === 0) throw mustBe(path, "an array of at least one rule, or false", value);
  return rules;
};

const someLimits = anOptionalObject({
  rateLimiter: optional(anObjectWith<RateLimiter>(["consume"], ["refund"])),
  client: optional(orFalse(aRule), CLIENT_RULE),
  address: optional(orFalse(someRules)),
  onUnavailable: optional(oneOf("refuse", "allow"), "refuse"),
});

const someCodes = anOptionalObject({
  digits: optional(anInteger(8, 10), 8),
  lifetime: optional(aTimeSpan({ min: MINUTE, max: 15 * MINUTE })),
});

/** Reads an option that `true` switches on with its defaults. */
const orBoolean =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (value, path) =>
    value === undefined || value === false ? undefined : read(value === true ? undefined : value, path);

const SHAPE = {
  users: anObjectWith<UserStore>(["findByEmail", "findById", "replacePasswordHash"], ["setFirstPasswordHash"]),
  tokens: aTokenStore,
  mailer: anObjectWith<Mailer>(["send"]),
  hasher: anObjectWith<PasswordHasher>(["hash"]),
  appName: perSite(anAppName(cleanName), anAppName(sanitizeAppName)),
  from: optional(perSite((value, path) => parseSender(value, path).header)),
  resetUrl: perSite(parseResetUrl),
  revokeSessions: aRevocation,
  tenants: optional(someTenants),
  keys: optional(aKeyRing),
  codes: orBoolean(someCodes),
  secondFactor: optional(anObjectWith<SecondFactor>(["methods", "verify"])),
  tokenLifetime: optional(aTimeSpan({ min: 1000 }), HOUR),
  invitationLifetime: optional(aTimeSpan({ min: 1000, max: 7 * DAY }), 3 * DAY),
  onlyNewestLink: optional(aBoolean, false),
  passwordRules: optional(anArrayOf(aFunction<PasswordRule>()), defaultPasswordRules),
  limits: orFalse(someLimits),
  dispatcher: optional(anObjectWith<Dispatcher>(["dispatch"], ["drain"])),
  callTimeout: optional(aTimeSpan(), 10_000),
  deliveryTimeout: optional(aTimeSpan(), 30_000),
  languages: optional(anArrayOf(aLanguage)),
  messages: anOptionalObject({
    resetLink: optional(aFunction<Messages["resetLink"]>()),
    resetCode: optional(aFunction<Messages["resetCode"]>()),
    invitation: optional(aFunction<Messages["invitation"]>()),
    passwordChanged: optional(aFunction<Messages["passwordChanged"]>()),
    noAccount: optional(aFunction<NonNullable<Messages["noAccount"]>>()),
    noPassword: optional(aFunction<NonNullable<Messages["noPassword"]>>()),
  }),
  mentionRequest: optional(aBoolean, false),
  legacyTokens: optional(aLegacyFlow),
  onEvent: optional(aFunction<(event: ResetEvent) => unknown>()),
  onError: optional(aFunction<(error: RelatchError, cause: unknown) => unknown>()),
  now: optional(aFunction<() => unknown>()),
};

/**
 * Reads the options once, copies them, and fills in the defaults.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid, with what to write instead.
 */
export function readConfig(options: unknown): Config {
  const given = readOptions("createPasswordReset", options, SHAPE, "");
  const { tokens, mailer, tenants, resetUrl, tokenLifetime, callTimeout } = given;
  const now = given.now === undefined ? () => new Date() : readClock(given.now);
  const languages = readLanguages(given.languages);
  const dispatcher = given.dispatcher ?? background();
  const limits = readLimits(given.limits, tokenLifetime);
  if (mailer.needsFrom && !given.from) {
    throw optionError('from is required by this mailer. Example: from: "Acme <noreply@example.com>".');
  }
  if (dispatcher.needsKeys && !given.keys) throw keysRequired("a dispatcher that leaves this process");
  const listeners = createListeners(given.onEvent, given.onError, now);
  const calls: Calls = { report: listeners.report, timeout: callTimeout };
  const issuing = { now, onlyNewest: given.onlyNewestLink };
  const links = readLinks(calls, given, issuing);
  const originOf = readOrigin(resetUrl, languages, isSigned(tokens));
  judgeSites(tenants, languages, (site) => [given.appName(site), given.from?.(site), resetUrl(site)]);
  if (tenants !== "dynamic") for (const tenant of tenants ?? [undefined]) originOf(tenant);
  return Object.freeze({
    ...given,
    appName: withReports(given.appName, calls),
    from: given.from && withReports(given.from, calls),
    resetUrl: withReports(resetUrl, calls),
    tenants,
    users: guardUsers(calls, given.users, tenants),
    links: given.legacyTokens ? withLegacyTokens(calls, links, given.legacyTokens, issuing) : links,
    originOf,
    keys: given.keys ?? [],
    codes: given.codes && readCodes(given.codes, given.keys, links, limits, tokenLifetime),
    secondFactor: given.secondFactor && guardSecondFactor(calls, given.secondFactor),
    rateLimiter: limits.rateLimiter ?? memoryRateLimiter({ now: () => now().getTime() }),
    clientRules: limits.clientRules,
    addressRules: limits.addressRules,
    allowsWithoutLimiter: limits.allowsWithoutLimiter,
    dispatcher,
    languages,
    messages: withStandardMessages(given.messages),
    listeners,
    emit: listeners.emit,
    calls,
    now,
  });
}

/**
 * Calls the functions of {@link Site} for every tenant and language, so that a mistake in one of them stops the start of
 * the server and not an email. Tenants that come and go are judged with their first email.
 */
function judgeSites(tenants: Tenants, languages: Config["languages"], judge: (site: Site) => unknown): void {
  if (tenants === "dynamic") return;
  for (const tenant of tenants ?? [undefined]) for (const { tag } of languages) judge({ tenant, locale: tag });
}

const keysRequired = (by: string) =>
  optionError(
    `keys is required by ${by}: 1 to 5 keys of 32 random bytes, the same in all processes. ` +
      'Example: keys: [Buffer.from(process.env.RESET_KEY, "base64")].',
  );

function readLinks(
  calls: Calls,
  { tokens, keys, users }: { tokens: TokenStore | SignedTokens; keys?: Keys | undefined; users: UserStore },
  { now, onlyNewest }: { now: () => Date; onlyNewest: boolean },
): LinkScheme {
  if (!isSigned(tokens)) return storedLinks(guardTokens(calls, tokens), { keys: keys ?? [], onlyNewest, now });
  if (onlyNewest) {
    throw optionError(
      "onlyNewestLink must have a token store, because signed tokens cannot be revoked. Leave one of them out.",
    );
  }
  // Such a link is bound to no secret. If it could not be deleted, it would work again once the password was removed.
  if (users.setFirstPasswordHash) {
    throw optionError(
      "users.setFirstPasswordHash must have a token store, because links for a first password have to be deleted before " +
        "the commit. Leave it or signedTokens() out.",
    );
  }
  if (!keys) throw keysRequired("signedTokens()");
  return signedLinks(keys);
}

/** Codes can be guessed, unlike links, so they need every protection that there is. */
function readCodes(
  { digits, lifetime }: ReturnType<typeof someCodes>,
  keys: Keys | undefined,
  links: LinkScheme,
  limits: ReturnType<typeof readLimits>,
  tokenLifetime: number,
): NonNullable<Config["codes"]> {
  if (!keys) throw keysRequired("codes");
  if (!links.codes)
    throw optionError(
      "codes must have a token store, because a code stands for a link in it. Leave codes or signedTokens() out.",
    );
  if (limits.addressRules.length === 0) {
    throw optionError(
      "limits.address must not be false with codes, because every request is a chance to guess. Leave limits.address out.",
    );
  }
  if (lifetime !== undefined && lifetime > tokenLifetime) {
    throw optionError(
      `codes.lifetime must be at most tokenLifetime, which is ${tokenLifetime} ms, received ${lifetime} ms.`,
    );
  }
  return Object.freeze({ digits, lifetime: lifetime ?? Math.min(10 * MINUTE, tokenLifetime) });
}

/** Signed tokens name the origin of `resetUrl`, so it must not depend on the language. */
function readOrigin(resetUrl: Config["resetUrl"], languages: Config["languages"], isUsed: boolean): Config["originOf"] {
  if (!isUsed) return () => "";
  return (tenant) => {
    const [origin = "", other] = new Set(languages.map(({ tag }) => resetUrl({ tenant, locale: tag }).origin));
    if (other !== undefined) {
      throw optionError(
        `resetUrl must have the same origin in every language, because tokens are signed, received ${origin} and ${other}.`,
      );
    }
    return origin;
  };
}

function readLimits(limits: ReturnType<typeof someLimits> | false, tokenLifetime: number) {
  const { client, address, rateLimiter, onUnavailable } =
    limits === false ? { client: false as const, address: false as const } : { ...limits };
  if (address === false && tokenLifetime > HOUR) {
    throw optionError(
      "limits.address must not be false if tokenLifetime is over an hour, because links add up. Leave limits.address out.",
    );
  }
  return {
    rateLimiter,
    clientRules: client === false ? [] : [client],
    addressRules: address === false ? [] : readAddressRules(address, tokenLifetime),
    allowsWithoutLimiter: onUnavailable === "allow",
  };
}

/** No window is longer than a link is valid: otherwise other people's requests could leave the owner without one. */
function readAddressRules(rules: readonly RateRule[] | undefined, tokenLifetime: number): readonly RateRule[] {
  const shorten = (rule: RateRule): RateRule =>
    rule.window.milliseconds() <= tokenLifetime ? rule : { ...rule, window: new TimeSpan(tokenLifetime, "ms") };
  if (rules === undefined) return [MINUTE_RULE, HOUR_RULE].map(shorten);
  const longest = Math.max(...rules.map(({ window }) => window.milliseconds()));
  if (longest > tokenLifetime) {
    throw optionError(
      `limits.address must have windows of at most tokenLifetime, which is ${tokenLifetime} ms, received ${longest} ms.`,
    );
  }
  return rules;
}

function readLanguages(languages: readonly Language[] | undefined): Config["languages"] {
  const [first, ...others] = languages ?? [english];
  if (!first) throw mustBe("languages", "an array of at least one language", languages, "languages: [en, ru]");
  return [first, ...others];
}

/** The standard emails are loaded with the first email, and never if all of them are replaced. */
function withStandardMessages(given: NonNullable<PasswordResetOptions["messages"]>): Messages {
  const load = () => import("../messages/messages.ts").then((emails) => emails.standardMessages());
  return {
    ...given,
    resetLink: given.resetLink ?? (async (input) => (await load()).resetLink(input)),
    resetCode: given.resetCode ?? (async (input) => (await load()).resetCode(input)),
    invitation: given.invitation ?? (async (input) => (await load()).invitation(input)),
    passwordChanged: given.passwordChanged ?? (async (input) => (await load()).passwordChanged(input)),
  };
}

function readClock(clock: () => unknown): () => Date {
  return () => {
    const instant = clock();
    if (instant instanceof Date && !Number.isNaN(instant.getTime())) return instant;
    throw mustBe("The return value of now", "a valid Date", instant);
  };
}
