import {
  background,
  breachedPassword,
  createPasswordReset,
  memoryRateLimiter,
  type PasswordResetOptions,
  passwordLength,
  queueDispatcher,
  type Site,
  sessionStamp,
  signedTokens,
  TimeSpan,
} from "relatch";
import { combine } from "relatch/combine";
import { fetchMailer, mailgun, resend } from "relatch/fetch";
import { passwordResetRoutes } from "relatch/http";
import { en } from "relatch/languages";
import { memoryPorts, memoryUsers } from "relatch/memory";
import { standardMessages, standardNotices } from "relatch/messages";
import { mysqlTokens } from "relatch/mysql";
import { nodemailerMailer } from "relatch/nodemailer";
import { defaultPages } from "relatch/pages";
import { postgresTokens } from "relatch/postgres";
import { rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { redisTokens } from "relatch/redis";
import { sqliteTokens } from "relatch/sqlite";
import { expect, test, vi } from "vitest";
import { signJob } from "../../src/core/jobs.ts";
import { GOOD_PASSWORD, harness, KEYS, MIKE, queuedHarness } from "../helpers/harness.ts";

// The whole sentences of error messages, by which developers find their mistake. All other tests assert the code and a
// keyword.

const good: PasswordResetOptions = {
  ...memoryPorts(),
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
};
const KEY = new Uint8Array(32).fill(7);
const DAY = new TimeSpan(24, "h");
const RULE = { max: 3, window: new TimeSpan(1, "m") };
const TWO_TENANTS = { tenants: ["acme", "globex"] };
const none = (async () => undefined) as never;

const fails = (code: string, message: string): unknown =>
  expect.objectContaining({ name: "RelatchError", code, message });

const mustBeKey = (path: string, received: string): string =>
  `${path} must be a Uint8Array of 32 random bytes, received ${received}. ` +
  'Example: Buffer.from(process.env.RESET_KEY, "base64"), with the output of openssl rand -base64 32.';

/** Changes of good options, by their message. */
const OPTIONS: Record<string, object> = {
  'Unknown option "tokenLifeTime". Did you mean "tokenLifetime"?': { tokenLifeTime: new TimeSpan(1, "h") },
  'Unknown option "perUser". Known options: users, tokens, mailer, hasher, appName, from, resetUrl, revokeSessions, tenants, keys, codes, secondFactor, tokenLifetime, invitationLifetime, onlyNewestLink, passwordRules, limits, dispatcher, callTimeout, deliveryTimeout, languages, messages, mentionRequest, legacyTokens, onEvent, onError, now.':
    { perUser: 3 },
  "users must be an object with findByEmail(), findById(), replacePasswordHash(), received undefined.": {
    users: undefined,
  },
  "users.replacePasswordHash must be a function, received undefined.": {
    users: { findByEmail() {}, findById() {} },
  },
  "users.setFirstPasswordHash must be a function, received a string.": {
    users: { ...good.users, setFirstPasswordHash: "yes" },
  },
  "tokens must be an object with save(), find(), deleteByUser(), deleteExpired(), received null.": {
    tokens: null,
  },
  "tokens.deleteByUser must be a function, received undefined.": { tokens: { save() {}, find() {} } },
  "mailer.send must be a function, received undefined.": { mailer: {} },
  "hasher.hash must be a function, received undefined.": { hasher: async () => "x" },
  'appName must be a name or a function that returns one, received an empty string. Example: "Acme".': {
    appName: "",
  },
  'resetUrl must be an absolute URL, received undefined. Example: "https://app.example.com/password_reset/:token".': {
    resetUrl: undefined,
  },
  'resetUrl must be an absolute URL, received "/password_reset/:token". Example: "https://app.example.com/password_reset/:token".':
    { resetUrl: "/password_reset/:token" },
  'resetUrl must use https (http is allowed on localhost only), received "http://app.example.com/:token". Example: "https://app.example.com/password_reset/:token".':
    { resetUrl: "http://app.example.com/:token" },
  'resetUrl must contain :token exactly once, received "https://app.example.com/". Example: "https://app.example.com/password_reset/:token".':
    { resetUrl: "https://app.example.com/" },
  'resetUrl must contain no user name or password. Example: "https://app.example.com/password_reset/:token".': {
    resetUrl: "https://user:secret@app.example.com/:token",
  },
  'revokeSessions must be a function, "in_transaction", or false, which leaves old sessions valid, received undefined. Example: (userId, { except }) => deleteSessions(userId, except).':
    { revokeSessions: undefined },
  'tokenLifetime must be a TimeSpan from 1000 ms to 24 hours, received 3600. Example: new TimeSpan(30, "m").': {
    tokenLifetime: 3600,
  },
  'tokenLifetime must be a TimeSpan from 1000 ms to 24 hours, received 90000000 ms. Example: new TimeSpan(30, "m").': {
    tokenLifetime: new TimeSpan(25, "h"),
  },
  'callTimeout must be a TimeSpan from 1 ms to 24 hours, received a string. Example: new TimeSpan(30, "m").': {
    callTimeout: "10s",
  },
  'deliveryTimeout must be a TimeSpan from 1 ms to 24 hours, received null. Example: new TimeSpan(30, "m").': {
    deliveryTimeout: null,
  },
  "passwordRules must be an array, received a string.": { passwordRules: "strict" },
  "passwordRules[0] must be a function, received an object.": { passwordRules: [{}] },
  "limits must be an object, received a string.": { limits: "none" },
  'Unknown option "limits.clients". Did you mean "client"?': { limits: { clients: false } },
  'Unknown option "limits.perUser". Known options: rateLimiter, client, address, onUnavailable.': {
    limits: { perUser: 3 },
  },
  "limits.rateLimiter.consume must be a function, received undefined.": { limits: { rateLimiter: {} } },
  "limits.rateLimiter.refund must be a function, received true.": {
    limits: { rateLimiter: { consume() {}, refund: true } },
  },
  "limits.client must be an object, received true.": { limits: { client: true } },
  "limits.client.max must be a whole number from 1 to 2147483647, received 0.": {
    limits: { client: { ...RULE, max: 0 } },
  },
  'Unknown option "limits.client.burst". Known options: max, window.': {
    limits: { client: { ...RULE, burst: 9 } },
  },
  "limits.address must be an array, received an object.": {
    limits: { address: RULE },
  },
  "limits.address[0].max must be a whole number from 1 to 2147483647, received 3.5.": {
    limits: { address: [{ ...RULE, max: 3.5 }] },
  },
  "limits.address must be an array of at least one rule, or false, received an empty array.": {
    limits: { address: [] },
  },
  'limits.client.window must be a TimeSpan from 1 ms to 24 hours, received 60. Example: new TimeSpan(30, "m").': {
    limits: { client: { max: 3, window: 60 } },
  },
  'Unknown option "limits.client.windowSeconds". Known options: max, window.': {
    limits: { client: { max: 3, windowSeconds: 60 } },
  },
  "limits.address must have windows of at most tokenLifetime, which is 3600000 ms, received 7200000 ms.": {
    limits: { address: [{ max: 3, window: new TimeSpan(2, "h") }] },
  },
  "limits.address must not be false if tokenLifetime is over an hour, because links add up. Leave limits.address out.":
    {
      limits: { address: false },
      tokenLifetime: DAY,
    },
  'limits.onUnavailable must be "refuse" or "allow", received a string.': {
    limits: { onUnavailable: "ignore" },
  },
  "dispatcher.dispatch must be a function, received undefined.": { dispatcher: {} },
  "dispatcher.drain must be a function, received true.": { dispatcher: { dispatch() {}, drain: true } },
  'Unknown option "waitUntil". Known options: users, tokens, mailer, hasher, appName, from, resetUrl, revokeSessions, tenants, keys, codes, secondFactor, tokenLifetime, invitationLifetime, onlyNewestLink, passwordRules, limits, dispatcher, callTimeout, deliveryTimeout, languages, messages, mentionRequest, legacyTokens, onEvent, onError, now.':
    { waitUntil() {} },
  'from must be a sender like "Acme <noreply@example.com>", received a string.': { from: "Acme" },
  'from is required by this mailer. Example: from: "Acme <noreply@example.com>".': {
    mailer: { send: none, needsFrom: true },
  },
  "keys must be an array, received bytes.": { keys: KEY },
  "keys must contain 1 to 5 keys, the signing one first, received none.": { keys: [] },
  [mustBeKey("keys[1]", "31 bytes")]: { keys: [KEY, KEY.subarray(1)] },
  [mustBeKey("keys[0]", "0 bytes")]: { keys: [Buffer.from("", "base64")] },
  [mustBeKey("keys[0]", "48 bytes")]: { keys: [Buffer.from("0".repeat(64), "base64")] },
  [mustBeKey("keys[0]", "only zeros")]: { keys: [new Uint8Array(32)] },
  [mustBeKey("keys[0]", "a string")]: { keys: ["0".repeat(64)] },
  [mustBeKey("keys[0]", "undefined")]: { keys: [undefined] },
  "keys must contain different keys, received the same key twice. Remove one of the two.": {
    keys: [KEY, Uint8Array.from(KEY)],
  },
  'keys is required by signedTokens(): 1 to 5 keys of 32 random bytes, the same in all processes. Example: keys: [Buffer.from(process.env.RESET_KEY, "base64")].':
    { tokens: signedTokens() },
  'keys is required by a dispatcher that leaves this process: 1 to 5 keys of 32 random bytes, the same in all processes. Example: keys: [Buffer.from(process.env.RESET_KEY, "base64")].':
    { dispatcher: queueDispatcher(none) },
  'keys is required by codes: 1 to 5 keys of 32 random bytes, the same in all processes. Example: keys: [Buffer.from(process.env.RESET_KEY, "base64")].':
    { codes: true },
  "codes must be an object, received a string.": { codes: "yes" },
  'Unknown option "codes.length". Known options: digits, lifetime.': { codes: { length: 8 } },
  "codes.digits must be a whole number from 8 to 10, received 7.": { codes: { digits: 7 } },
  'codes.lifetime must be a TimeSpan from 60000 ms to 15 minutes, received 960000 ms. Example: new TimeSpan(10, "m").':
    { codes: { lifetime: new TimeSpan(16, "m") } },
  "codes.lifetime must be at most tokenLifetime, which is 600000 ms, received 900000 ms.": {
    ...{ codes: { lifetime: new TimeSpan(15, "m") }, keys: [KEY], tokenLifetime: new TimeSpan(10, "m") },
  },
  "codes must have a token store, because a code stands for a link in it. Leave codes or signedTokens() out.": {
    codes: true,
    keys: [KEY],
    tokens: signedTokens(),
  },
  "limits.address must not be false with codes, because every request is a chance to guess. Leave limits.address out.":
    {
      ...{ codes: true, keys: [KEY], limits: false },
    },
  "secondFactor must be an object with methods(), verify(), received true.": { secondFactor: true },
  "secondFactor.verify must be a function, received undefined.": { secondFactor: { methods() {} } },
  "onlyNewestLink must be true or false, received a string.": { onlyNewestLink: "yes" },
  "onlyNewestLink must have a token store, because signed tokens cannot be revoked. Leave one of them out.": {
    tokens: signedTokens(),
    keys: [KEY],
    onlyNewestLink: true,
  },
  "users.setFirstPasswordHash must have a token store, because links for a first password have to be deleted before the commit. Leave it or signedTokens() out.":
    { tokens: signedTokens(), keys: [KEY], users: memoryUsers([], { firstPasswords: true }) },
  "languages must be an array of at least one language, received an empty array. Example: languages: [en, ru].": {
    languages: [],
  },
  "languages must be an array, received an object.": { languages: en },
  "languages[0] must be a language of relatch/languages, received a string. Example: languages: [en, ru].": {
    languages: ["en"],
  },
  "messages must be an object, received 3.": { messages: 3 },
  'Unknown option "messages.reset". Known options: resetLink, resetCode, invitation, passwordChanged, noAccount, noPassword.':
    {
      messages: { reset: () => ({}) },
    },
  "messages.resetLink must be a function, received a string.": { messages: { resetLink: "hello" } },
  'Unknown option "messages.noaccount". Did you mean "noAccount"?': { messages: { noaccount: () => ({}) } },
  'tenants must be an array of different names, or "dynamic", received an empty array. Example: tenants: ["acme", "globex"].':
    { tenants: [] },
  'tenants must be an array of different names, or "dynamic", received a string. Example: tenants: ["acme", "globex"].':
    { tenants: "acme" },
  'tenants must be an array of different names, or "dynamic", received an array. Example: tenants: ["acme", "globex"].':
    { tenants: ["acme", "acme"] },
  "tenants[1] must be a string of 1 to 256 characters, received an empty string.": { tenants: ["acme", ""] },
  'appName({ tenant: "globex", locale: "en" }) must be a name or a function that returns one, received an empty string. Example: "Acme".':
    { ...TWO_TENANTS, appName: ({ tenant }: Site) => (tenant === "acme" ? "Acme" : "") },
  'from({ tenant: "acme", locale: "en" }) must be a sender like "Acme <noreply@example.com>", received a string.': {
    ...TWO_TENANTS,
    from: () => "Acme",
  },
  'resetUrl({ tenant: "acme", locale: "en" }) must not throw, received a TypeError.': {
    ...TWO_TENANTS,
    resetUrl: () => Object(undefined).origin.href,
  },
  'resetUrl({ tenant: undefined, locale: "en" }) must be an absolute URL, received "/reset". Example: "https://app.example.com/password_reset/:token".':
    { resetUrl: () => "/reset" },
  "resetUrl must have the same origin in every language, because tokens are signed, received https://en.example.com and https://en-gb.example.com.":
    {
      ...{ tokens: signedTokens(), keys: [KEY], languages: [en, { ...en, tag: "en-GB" }] },
      resetUrl: ({ locale }: Site) => `https://${locale}.example.com/:token`,
    },
  'invitationLifetime must be a TimeSpan from 1000 ms to 168 hours, received 691200000 ms. Example: new TimeSpan(30, "m").':
    { invitationLifetime: new TimeSpan(8, "d") },
  "mentionRequest must be true or false, received a string.": { mentionRequest: "yes" },
  "legacyTokens must be an object with find(), spend(), revoke(), received true.": { legacyTokens: true },
  "legacyTokens.revoke must be a function, received undefined.": { legacyTokens: { find() {}, spend() {} } },
  'legacyTokens.until must be a valid Date, received a string. Example: new Date("2027-03-01").': {
    legacyTokens: { until: "2027-03-01", find() {}, spend() {}, revoke() {} },
  },
  "onEvent must be a function, received an object.": { onEvent: console },
  "onError must be a function, received an object.": { onError: console },
  "now must be a function, received 7.": { now: 7 },
};

test.each(Object.entries(OPTIONS))("createPasswordReset throws ERR_OPTIONS: %s", (message, changes) => {
  expect(() => createPasswordReset({ ...good, ...changes } as never)).toThrow(fails("ERR_OPTIONS", message));
});

test.each([
  [undefined, "undefined"],
  [null, "null"],
  ["options", "a string"],
  [[], "an empty array"],
])("createPasswordReset throws ERR_OPTIONS for %o in place of options", (options, received) => {
  const message = `The options of createPasswordReset must be an object, received ${received}.`;
  expect(() => createPasswordReset(options as never)).toThrow(fails("ERR_OPTIONS", message));
});

const createRoutes = (options: object, changes: object = {}) =>
  passwordResetRoutes({
    passwordReset: createPasswordReset({ ...good, ...changes }),
    pages: defaultPages(),
    ...options,
  } as never);

/** Calls of the other functions that take options, by their message. */
const CALLS: Record<string, () => unknown> = {
  "The options of background must be an object, received null.": () => background(null as never),
  "background.concurrency must be a whole number from 1 to 2147483647, received 0.": () =>
    background({ concurrency: 0 }),
  "background.maxWaiting must be a whole number from 1 to 2147483647, received 1.5.": () =>
    background({ maxWaiting: 1.5 }),
  "background.maxAttempts must be a whole number from 1 to 2147483647, received Infinity.": () =>
    background({ maxAttempts: Number.POSITIVE_INFINITY }),
  "background.waitUntil must be a function, received true.": () => background({ waitUntil: true as never }),
  'Unknown option "background.maxAttemps". Did you mean "maxAttempts"?': () => background({ maxAttemps: 3 } as never),
  "The argument of queueDispatcher must be a function, received undefined.": () => queueDispatcher(undefined as never),
  "memoryRateLimiter.maxKeys must be a whole number from 1 to 2147483647, received 0.": () =>
    memoryRateLimiter({ maxKeys: 0 }),
  "memoryRateLimiter.now must be a function, received an object.": () =>
    memoryRateLimiter({ now: new Date() as never }),
  "rateLimiterFlexible.create must be a function, received an object. Example: (rule) => new RateLimiterRedis({ … }).":
    () => rateLimiterFlexible({} as never),
  "postgresTokens.db must be an object with query(text, params), received an object. Example: new Pool() of pg.": () =>
    postgresTokens({} as never),
  'postgresTokens.table must be a name of 1 to 52 bytes without NUL, received a string. Example: "password_reset_tokens".':
    () => postgresTokens({ query: none }, { table: "x".repeat(53) }),
  'Unknown option "postgresTokens.tabel". Known options: table, schema.': () =>
    postgresTokens({ query: none }, { tabel: "x" } as never),
  "mysqlTokens.db must be a pool or connection of mysql2/promise, received an object. Example: pool.promise() of mysql2.":
    () => mysqlTokens({ query: none } as never),
  'mysqlTokens.schema must be a name of 1 to 63 bytes without NUL, received an empty string. Example: "password_reset_tokens".':
    () => mysqlTokens({ execute: none }, { schema: "" }),
  'sqliteTokens.db must be an open database of libsql, better-sqlite3, node:sqlite, bun:sqlite, D1 or @libsql/client, received a string. Example: new Database("app.db").':
    () => sqliteTokens("app.db" as never),
  'sqliteTokens.table must be a name of 1 to 52 bytes without NUL, received a string. Example: "password_reset_tokens".':
    () => sqliteTokens({ execute: none }, { table: "a\0b" }),
  "redisTokens.command must be a function, received an object. Example: (args) => client.sendCommand(args).": () =>
    redisTokens({} as never),
  'redisTokens.prefix must be a string, received null. Example: "relatch:".': () =>
    redisTokens(none, { prefix: null as never }),
  "nodemailerMailer.transport.sendMail must be a function, received undefined.": () => nodemailerMailer({} as never),
  "fetchMailer.service must be a function, received an object. Example: resend({ apiKey }).": () =>
    fetchMailer({} as never),
  'fetchMailer.timeout must be a TimeSpan from 1 ms to 24 hours, received 15. Example: new TimeSpan(30, "m").': () =>
    fetchMailer(none, { timeout: 15 as never }),
  'Unknown option "fetchMailer.from". Known options: timeout, fetch.': () =>
    fetchMailer(none, { from: "a@b.c" } as never),
  "fetchMailer.fetch must be a function, received an object.": () => fetchMailer(none, { fetch: {} as never }),
  "resend.apiKey must be a string of visible ASCII characters, received an empty string.": () => resend({ apiKey: "" }),
  'resend.url must be an absolute URL, received a string. Example: "https://api.resend.com".': () =>
    resend({ apiKey: "key", url: "api.resend.com" }),
  'mailgun.domain must be the domain that sends, received undefined. Example: "mg.example.com".': () =>
    mailgun({ apiKey: "key" } as never),
  'mailgun.domain must be the domain that sends, received a string. Example: "mg.example.com".': () =>
    mailgun({ apiKey: "key", domain: "mg example" }),
  "combine must be given at least one mailer, received none. Example: combine(mailer).": () =>
    combine(...([] as unknown as [never])),
  "combine[1].send must be a function, received undefined.": () => combine({ send: none }, {} as never),
  "passwordLength.min must be a whole number from 1 to 4096, received 0.": () => passwordLength({ min: 0 }),
  "passwordLength.max must be a whole number from 1 to 4096, received 5000.": () => passwordLength({ max: 5000 }),
  "passwordLength.max must be at least min, which is 12, received 8.": () => passwordLength({ min: 12, max: 8 }),
  'Unknown option "passwordLength.minimum". Known options: min, max.': () => passwordLength({ minimum: 8 } as never),
  'breachedPassword.onUnavailable must be "allow" or "refuse", received a string.': () =>
    breachedPassword({ onUnavailable: "ignore" as never }),
  "breachedPassword.timeoutMs must be a whole number from 1 to 2147483647, received 0.": () =>
    breachedPassword({ timeoutMs: 0 }),
  'breachedPassword.endpoint must be an http or https URL, received a string. Example: "https://pwned.example.com/range/".':
    () => breachedPassword({ endpoint: "pwned.example.com" }),
  'standardMessages.supportAddress must be one plain email address, received a string. Example: "help@example.com".':
    () => standardMessages({ supportAddress: "help" }),
  'standardMessages.logoUrl must be an https URL without a password, of at most 512 characters, received a string. Example: "https://example.com/logo.png".':
    () => standardMessages({ logoUrl: "http://example.com/logo.png" }),
  'standardMessages.accent must be a color with three or six digits, received a string. Example: "#1d4ed8".': () =>
    standardMessages({ accent: "blue" }),
  'Unknown option "standardMessages.accentColor". Known options: supportAddress, logoUrl, accent.': () =>
    standardMessages({ accentColor: "#000" } as never),
  'defaultPages.accent must be a color with three or six digits, received a string. Example: "#1d4ed8".': () =>
    defaultPages({ accent: "blue" }),
  'defaultPages.logoUrl must be a path that starts with one slash, or an https URL, received a string. Example: "/logo.svg".':
    () => defaultPages({ logoUrl: "//example.com/logo.png" }),
  'defaultPages.stylesheet must be a path that starts with one slash, or an https URL, received null. Example: "/password-reset.css".':
    () => defaultPages({ stylesheet: null } as never),
  "defaultPages.texts must be an object of texts by their tags, received a string. Example: texts: { nl: dutch }.":
    () => defaultPages({ texts: "nl" } as never),
  'defaultPages.texts: the tag of a language must be a BCP 47 tag, received a string. Example: "nl" or "pt-PT".': () =>
    defaultPages({ texts: { "not a tag": {} } } as never),
  "defaultPages.texts.nl.request must be an object, received undefined.": () =>
    defaultPages({ texts: { nl: {} } } as never),
  "passwordResetRoutes.passwordReset must be an object with requestReset(), verifyToken(), completeReset(), settings(), received undefined.":
    () => passwordResetRoutes({} as never),
  "passwordResetRoutes.pages must be an object with request(), sent(), newPassword(), signedIn(), problem(), received true.":
    () => createRoutes({ pages: true }),
  'Unknown option "passwordResetRoutes.loginpath". Did you mean "loginPath"?': () => createRoutes({ loginpath: "/" }),
  'passwordResetRoutes.homePath must be a path that starts with one slash, received a string. Example: "/login".': () =>
    createRoutes({ homePath: "//example.com" }),
  'passwordResetRoutes.loginPath must be a path that starts with one slash, or an https URL, received a string. Example: "/login".':
    () => createRoutes({ loginPath: "http://example.com" }),
  'passwordResetRoutes.basePath must be a path without a slash at its end, received a string. Example: "/password_reset".':
    () => createRoutes({ basePath: "/" }),
  'passwordResetRoutes.basePath must be a path if tenants are dynamic, because they are not known yet, received undefined. Example: "/password_reset".':
    () => createRoutes({}, { tenants: "dynamic" }),
  'passwordResetRoutes.allowedOrigins[0] must be an origin: https, a host, and nothing behind it, received a string. Example: "https://spa.example.com".':
    () => createRoutes({ allowedOrigins: ["*"] }),
  'passwordResetRoutes.pages.contentSecurityPolicy["style-src"] must be the value of a directive, without a comma or a semicolon, received a string. Example: "\'self\'".':
    () => createRoutes({ pages: { ...defaultPages(), contentSecurityPolicy: { "style-src": "'self'; x" } } }),
  'resetUrl must end with /:token, below a path, because passwordResetRoutes serves the pages there, received "https://app.example.com/#:token". Example: "https://app.example.com/password_reset/:token". Or give pages: false and basePath.':
    () => createRoutes({}, { resetUrl: "https://app.example.com/#:token" }),
  'standardNotices.signInWith must be a visible name, or a function that returns one, received an empty string. Example: "Google".':
    () => standardNotices({ signInWith: "" }),
  "sessionStamp must be given an account with id (a string) and passwordHash (a string or null), received a string and undefined. Example: sessionStamp({ id: String(row.id), passwordHash: row.password_hash }).":
    () => sessionStamp({ id: "42" } as never),
};

test.each(Object.entries(CALLS))("A function with options throws ERR_OPTIONS: %s", (message, call) => {
  expect(call).toThrow(fails("ERR_OPTIONS", message));
});

/** Wrong return values of `users.findById`, by the rest of their message. */
const ACCOUNTS: Record<string, unknown> = {
  "one account or null, received an array. Return one row, for example rows[0].": [MIKE],
  "one account or null, received an empty array. Return one row, for example rows[0].": [],
  "one account or null, received true. Return one row, for example rows[0].": true,
  "one account or null, received an array. Return the account that the sign-in finds.": [MIKE, MIKE],
  "an account whose id is a string, received 42. Select id::text, or use String(row.id).": { ...MIKE, id: 42 },
  "an account whose id is a string, received 9007199254740992. The driver has rounded it. Select id::text, in MySQL CAST(id AS CHAR).":
    { ...MIKE, id: 2 ** 53 },
  "an account whose id is a string, received bytes. Use a hex or UUID string, and read it back in findById.": {
    ...MIKE,
    id: Buffer.alloc(16),
  },
  "an account whose id is a string, received an object. Use a string that can be read back, for example row.id.toHexString().":
    { ...MIKE, id: { toHexString: () => "42" } },
  "an account whose id is a string, received undefined. Select the column id.": { email: MIKE.email },
  "an account whose id is a string without U+FFFD, received a string. Bytes were decoded as UTF-8, which loses some. Use a hex or UUID string, and read it back in findById.":
    { ...MIKE, id: "\ufffd" },
  "an account whose id is 1 to 128 bytes of well-formed UTF-8, received a string. Use the primary key.": {
    ...MIKE,
    id: "x".repeat(129),
  },
  "the account with this id, received another one. Match the id exactly.": { ...MIKE, id: "43" },
  "an account whose email is a well-formed string, received null. Select the email column.": {
    ...MIKE,
    email: null,
  },
  "an account whose passwordHash is a non-empty, well-formed string or null, received undefined. Select the column with the password hash; null means that the account has no password.":
    { id: "42", email: MIKE.email },
  "an account whose resetAllowed is a boolean, received 0. Use row.active === 1.": { ...MIKE, resetAllowed: 0 },
  "an account whose resetAllowed is a boolean, received a bigint. Use row.active === 1n.": {
    ...MIKE,
    resetAllowed: 1n,
  },
  'an account whose resetAllowed is a boolean, received a string. Use row.active === "t".': {
    ...MIKE,
    resetAllowed: "f",
  },
  "an account whose resetAllowed is a boolean, received bytes. Use row.active[0] === 1.": {
    ...MIKE,
    resetAllowed: Buffer.of(1),
  },
  "an account whose resetAllowed is a boolean, received an object. Use row.deletedAt === null.": {
    ...MIKE,
    resetAllowed: new Date(0),
  },
  "an account whose name is a string or null, received an object. Convert it, or leave it out.": {
    ...MIKE,
    name: {},
  },
  "an account whose locale is a string or null, received 1. Convert it, or leave it out.": { ...MIKE, locale: 1 },
  'an account without a tenant, because the option tenants is not given, received a string. Give the option tenants, for example tenants: ["acme", "globex"], or do not select this column.':
    { ...MIKE, tenant: "acme" },
};

test.each(Object.entries(ACCOUNTS))("ERR_USER_STORE: users.findById must return %s", async (message, returned) => {
  const { passwordReset, requestToken, users } = queuedHarness();
  const token = await requestToken();
  users.findById = async () => returned as never;
  const failure = fails("ERR_USER_STORE", `users.findById must return ${message}`);
  await expect(passwordReset.verifyToken({ token })).rejects.toEqual(failure);
});

/** Wrong tenants of an account, by the rest of the message. */
const TENANTS: Record<string, unknown> = {
  "received undefined. Select the column tenant.": undefined,
  "received an empty string. null means that it belongs to no tenant.": "",
  "received 7. Select tenant::text, or use String(row.tenant).": 7,
  "received bytes. Select a string, in MySQL CONVERT(tenant USING utf8mb4), or HEX(tenant) for a UUID.":
    Buffer.from("acme"),
};

test.each(Object.entries(TENANTS))(
  "A wrong tenant from users.findById throws ERR_USER_STORE: %s",
  async (message, tenant) => {
    const { users, passwordReset } = queuedHarness({ tenants: ["acme", "globex"] });
    users.findById = async () => ({ ...MIKE, tenant }) as never;
    const start = "users.findById must return an account whose tenant is a string of 1 to 256 characters or null, ";
    const failure = fails("ERR_USER_STORE", start + message);
    await expect(passwordReset.sendLink({ userId: "42" })).rejects.toEqual(failure);
  },
);

const oldToken = { userId: "42", expiresAt: new Date(Date.UTC(2026, 0, 2)) };
/** Wrong return values of the functions in `legacyTokens`, by the rest of their message. */
const LEGACY: Record<string, object> = {
  "find must return one token or null, received an array. Return one row, for example rows[0].": {
    find: async () => [oldToken],
  },
  "find must return a token whose userId is the id of an account, received a number. Use String(row.user_id).": {
    find: async () => ({ ...oldToken, userId: 42 }),
  },
  "find must return a token whose email is a string, or left out, received null. Leave it out if the token has none.": {
    find: async () => ({ ...oldToken, email: null }),
  },
  "find must return a token whose expiresAt is a valid Date, received a string. Use new Date(row.expires_at).": {
    find: async () => ({ ...oldToken, expiresAt: "2026-01-02" }),
  },
  "find must return a token that expires within 7 days, received one that expires later.": {
    find: async () => ({ ...oldToken, expiresAt: new Date(Date.UTC(2026, 1, 1)) }),
  },
  "spend must return true or false, received a number. Return whether a row was deleted, for example result.rowCount === 1.":
    { spend: async () => 1 },
};

test.each(Object.entries(LEGACY))(
  "A wrong return value is reported as ERR_TOKEN_STORE: legacyTokens.%s",
  async (message, wrong) => {
    const legacyTokens = {
      ...{ until: new Date(Date.UTC(2026, 1, 1)), find: async () => oldToken, spend: async () => true, revoke: none },
      ...wrong,
    };
    const { passwordReset, errors } = queuedHarness({ legacyTokens });
    const completed = await passwordReset.completeReset({ token: "old", newPassword: GOOD_PASSWORD });
    expect(completed).toEqual({ ok: false, reason: "invalid_or_expired_token" });
    expect(errors).toEqual([fails("ERR_TOKEN_STORE", `legacyTokens.${message}`)]);
  },
);

type Its = ReturnType<typeof queuedHarness> & { token: string };
const complete = ({ passwordReset, token }: Its) => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
const verify = ({ passwordReset, token }: Its) => passwordReset.verifyToken({ token });
const request = ({ passwordReset }: Its) => passwordReset.requestReset({ email: MIKE.email, ip: false });
const deliver = async (its: Its) => its.passwordReset.deliver(await its.requestJob());
const down = () => Promise.reject(new Error("down"));
const raise = () => {
  throw new Error("down");
};
const DATABASE_ERROR = Object.assign(new Error("no such column"), { name: "DatabaseError", code: "42703" });
const PORTS = memoryPorts([MIKE]);

/** Calls that fail with these options, by the code and the message. */
const FAILURES: Record<string, [options: object, act: (its: Its) => Promise<unknown>]> = {
  "ERR_USER_STORE: users.replacePasswordHash must return true or false, received undefined. Return whether the row changed, for example result.rowCount === 1.":
    [{ users: { ...PORTS.users, replacePasswordHash: none } }, complete],
  "ERR_USER_STORE: users.findById threw an error.": [{ users: { ...PORTS.users, findById: down } }, verify],
  "ERR_USER_STORE: users.findById threw a DatabaseError (42703).": [
    { users: { ...PORTS.users, findById: () => Promise.reject(DATABASE_ERROR) } },
    verify,
  ],
  "ERR_TOKEN_STORE: tokens.find must return a TokenRecord or null, received an object. Return the TokenRecord that was saved, with expiresAt as a Date.":
    [{ tokens: { ...PORTS.tokens, find: async () => ({}) } }, verify],
  "ERR_TOKEN_STORE: revokeTokens must have a token store, because signed tokens cannot be revoked. Example: tokens: postgresTokens(pool).":
    [{ tokens: signedTokens() }, ({ passwordReset }) => passwordReset.revokeTokens("42")],
  "ERR_USER_STORE: users.replacePasswordHash must respond within 90 ms, received no response.": [
    {
      ...{ users: { ...PORTS.users, replacePasswordHash: () => new Promise(() => {}) } },
      ...{ callTimeout: new TimeSpan(90, "ms"), passwordRules: [] },
    },
    complete,
  ],
  "ERR_TOKEN_STORE: tokens.find must respond within 9 ms, received no response.": [
    { tokens: { ...PORTS.tokens, find: () => new Promise(() => {}) }, callTimeout: new TimeSpan(9, "ms") },
    verify,
  ],
  "ERR_HASHER: hasher.hash must return a string, received undefined.": [{ hasher: { hash: none } }, complete],
  "ERR_HASHER: hasher.hash must return a hash, received the password itself.": [
    { hasher: { hash: async (password: string) => password } },
    complete,
  ],
  "ERR_HASHER: hasher.hash must return a new hash, received the previous one. Use a fresh salt each time.": [
    { hasher: { hash: async () => MIKE.passwordHash } },
    complete,
  ],
  "ERR_OPTIONS: passwordRules[1] must return { code: string, … } to refuse, or nothing to accept, received a string.": [
    { passwordRules: [none, () => "too short"] },
    complete,
  ],
  "ERR_OPTIONS: passwordRules[0] threw an error.": [{ passwordRules: [down] }, complete],
  "ERR_SESSIONS: revokeSessions threw an error.": [{ revokeSessions: down }, complete],
  "ERR_RATE_LIMITER: limits.rateLimiter.consume must return { allowed: boolean, retryAfterSeconds: number }, received null.":
    [{ limits: { rateLimiter: { consume: async () => null } } }, request],
  "ERR_DISPATCHER: dispatcher.dispatch threw an error.": [{ dispatcher: { dispatch: down } }, request],
  "ERR_OPTIONS: messages.resetLink must return { subject, text, html? } with strings, received undefined.": [
    { messages: { resetLink: () => ({ subject: "Reset" }) } },
    deliver,
  ],
  "ERR_OPTIONS: messages.resetLink threw an error.": [{ messages: { resetLink: down } }, deliver],
  'ERR_OPTIONS: appName({ tenant: "blue", locale: "en" }) must not throw, received an error.': [
    { tenants: "dynamic", appName: raise },
    ({ passwordReset }) => Promise.resolve().then(() => passwordReset.settings({ tenant: "blue" })),
  ],
  "ERR_OPTIONS: The return value of now must be a valid Date, received an object.": [
    { now: () => new Date(Number.NaN) },
    ({ passwordReset }) => passwordReset.deliver(JOB),
  ],
  "ERR_OPTIONS: tenant must be left out, because the option tenants is not given, received a string.": [
    {},
    ({ passwordReset }) => passwordReset.verifyToken({ token: "x", tenant: "acme" }),
  ],
  "ERR_OPTIONS: tenant must be one of the option tenants, received undefined.": [TWO_TENANTS, verify],
  "ERR_OPTIONS: tenant must be one of the option tenants, received another string.": [
    TWO_TENANTS,
    ({ passwordReset }) => passwordReset.verifyToken({ token: "x", tenant: "initech" }),
  ],
  "ERR_OPTIONS: tenant must be a string of 1 to 256 characters, received an empty string.": [
    { tenants: "dynamic" },
    ({ passwordReset }) => passwordReset.verifyToken({ token: "x", tenant: "" }),
  ],
  "ERR_OPTIONS: The id given to sendLink must be a non-empty string, received an empty string. Example: sendLink({ userId: String(user.id) }).":
    [{}, ({ passwordReset }) => passwordReset.sendLink({ userId: "" })],
  "ERR_OPTIONS: The id given to revokeTokens must be a non-empty string, received an empty string. Example: revokeTokens(String(user.id)).":
    [{}, ({ passwordReset }) => passwordReset.revokeTokens("")],
  "ERR_DISPATCHER: The delivery took longer than 1 ms (deliveryTimeout).": [
    { deliveryTimeout: new TimeSpan(1, "ms"), mailer: { send: () => new Promise(() => {}) } },
    deliver,
  ],
  "ERR_OPTIONS: deliver must have the option keys, because jobs from a queue are signed. Example: createPasswordReset({ ...options, keys: [key] }).":
    [{}, () => harness().passwordReset.deliver(JOB)],
  "ERR_OPTIONS: redeemCode must have the option codes. Example: createPasswordReset({ ...options, codes: true }).": [
    {},
    ({ passwordReset }) => passwordReset.redeemCode({ ticket: "x", code: "x" }),
  ],
  'ERR_OPTIONS: method must be "link", because the option codes is not given. Example: codes: true.': [
    {},
    ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: false, method: "code" }),
  ],
  'ERR_OPTIONS: method must be "link" or "code", received a string.': [
    { codes: true },
    ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: false, method: "sms" } as never),
  ],
  'ERR_SECOND_FACTOR: secondFactor.methods must return an array of at most 16 different names of 1 to 32 characters of a-z, 0-9 and _, received a string. For example ["totp", "recovery_code"], or [] for none.':
    [{ secondFactor: { methods: async () => "totp", verify: none } }, verify],
  "ERR_SECOND_FACTOR: secondFactor.verify must return true or false, received undefined.": [
    { secondFactor: { methods: async () => ["totp"], verify: none } },
    ({ passwordReset, token }) => {
      const secondFactor = { method: "totp", response: "123456" };
      return passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, secondFactor });
    },
  ],
  "ERR_SECOND_FACTOR: secondFactor.methods threw an error.": [
    { secondFactor: { methods: down, verify: none } },
    complete,
  ],
  "ERR_DISPATCHER: The password is not set yet.": [{}, ({ passwordReset }) => passwordReset.deliver(JOB)],
  "ERR_MAILER: mailer.send threw an error.": [{ mailer: { send: down } }, deliver],
};
const JOB = signJob(
  {
    ...{ v: 2, id: "a", at: Date.UTC(2026, 0, 1), type: "follow_up", userId: "42", email: MIKE.email },
    ...{ stamp: "new", previousStamp: sessionStamp(MIKE), isCommitted: false, locale: "en" },
  },
  KEYS,
);

test.each(Object.entries(FAILURES))("%s", async (failure, [options, act]) => {
  const [code = "", message = ""] = failure.split(/: (.*)/);
  const users = { ...PORTS.users, findById: async () => MIKE };
  const { tokens } = PORTS;
  const token = await queuedHarness({ users, tokens }).requestToken();
  const its = queuedHarness({ users, tokens, ...options });
  await expect(act({ ...its, token })).rejects.toEqual(fails(code, message));
});

test("An unexpected error of a job is reported as ERR_DISPATCHER: The delivery failed.", async () => {
  const { passwordReset, requestJob } = queuedHarness();
  const job = await requestJob();
  const random = vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
    throw new Error("no entropy");
  });
  await expect(passwordReset.deliver(job)).rejects.toEqual(fails("ERR_DISPATCHER", "The delivery failed."));
  random.mockRestore();
});
