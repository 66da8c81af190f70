import * as nodeRsArgon2 from "@node-rs/argon2";
import Database from "libsql";
import nodemailer, { type Transporter } from "nodemailer";
import type { Argon2id, Bcrypt, Scrypt } from "oslo/password";
import {
  type BackgroundOptions,
  type BreachedPasswordOptions,
  background,
  breachedPassword,
  type CompleteResetInput,
  type CompleteResetResult,
  canonicalEmail,
  createPasswordReset,
  type Dispatcher,
  type DrainReport,
  defaultPasswordRules,
  type Job,
  type Language,
  type LegacyToken,
  type LegacyTokens,
  type Limits,
  type MailContext,
  type Mailer,
  type MailFailure,
  type MailKind,
  type MailMessage,
  type MailVariables,
  memoryRateLimiter,
  type PasswordContext,
  type PasswordHasher,
  type PasswordReset,
  type PasswordResetOptions,
  passwordLength,
  type RateLimiter,
  type Recipient,
  type RedeemCodeInput,
  type RedeemCodeResult,
  RelatchError,
  type RequestResetInput,
  type RequestResetResult,
  type ResetEvent,
  type ResetUser,
  type RevokeSessions,
  type RuleRefusal,
  type SecondFactor,
  type SendLinkInput,
  type SendLinkResult,
  type Settings,
  type SettingsInput,
  type SignedTokens,
  type Site,
  sessionStamp,
  signedTokens,
  TimeSpan,
  type TokenStore,
  type UserStore,
  type VerifyTokenInput,
  type VerifyTokenResult,
} from "relatch";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import {
  type Fetch,
  type FetchMailerOptions,
  fetchMailer,
  type MailgunOptions,
  type MailRequest,
  type MailService,
  mailgun,
  type OutgoingMail,
  postmark,
  resend,
  type ServiceOptions,
  sendgrid,
} from "relatch/fetch";
import { en, ru } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expectTypeOf, test } from "vitest";

describe("The types of the ports accept", () => {
  test("the password hashers of oslo and @node-rs/argon2", () => {
    expectTypeOf<Argon2id>().toExtend<PasswordHasher>();
    expectTypeOf<Scrypt>().toExtend<PasswordHasher>();
    expectTypeOf<Bcrypt>().toExtend<PasswordHasher>();
    expectTypeOf(nodeRsArgon2).toExtend<PasswordHasher>();
    // As in `argon2` and `bcryptjs`, options may follow the password.
    expectTypeOf<{
      hash(password: string | Buffer, options?: object): Promise<string>;
    }>().toExtend<PasswordHasher>();
    expectTypeOf<{ hash(password: string): string }>().not.toExtend<PasswordHasher>();
    expectTypeOf<{ hash(password: string): Promise<Buffer> }>().not.toExtend<PasswordHasher>();
  });

  test("every transport of Nodemailer", () => {
    expectTypeOf<Transporter>().toExtend<Parameters<typeof nodemailerMailer>[0]>();
    const smtp = nodemailer.createTransport({ host: "smtp.example.com", port: 587, requireTLS: true });
    const pool = nodemailer.createTransport({ pool: true, host: "smtp.example.com" });
    expectTypeOf(nodemailerMailer(smtp)).toExtend<Mailer>();
    expectTypeOf(nodemailerMailer(pool)).toExtend<Mailer>();
    expectTypeOf(combine(nodemailerMailer(smtp), consoleMailer())).toExtend<Mailer>();
    // @ts-expect-error: there must be a mailer
    combine();
    const sendmail = nodemailer.createTransport({ sendmail: true });
    const json = nodemailer.createTransport({ jsonTransport: true });
    const lmtp = nodemailer.createTransport({ host: "localhost", lmtp: true });
    for (const transport of [sendmail, json, lmtp] as Parameters<typeof nodemailerMailer>[0][]) {
      expectTypeOf(nodemailerMailer(transport)).toExtend<Mailer>();
      // @ts-expect-error: the sender is an option of createPasswordReset
      nodemailerMailer(transport, { from: "no-reply@acme.example" });
    }
  });

  test("the fetch of the runtime, and services of the application", () => {
    expectTypeOf(fetch).toExtend<Fetch>();
    const services = [
      resend({ apiKey: "key" }),
      postmark({ apiKey: "key", url: undefined }),
      sendgrid({ apiKey: "key", url: "https://api.eu.sendgrid.com" }),
      mailgun({ apiKey: "key", domain: "mg.acme.example" }),
    ];
    expectTypeOf(services).toExtend<MailService[]>();
    const own: MailService = ({ to, subject, about: { idempotencyKey } }) => ({
      url: "https://mail.example.com/send",
      headers: { "Idempotency-Key": idempotencyKey },
      body: JSON.stringify({ to, subject }),
    });
    expectTypeOf(fetchMailer(own, { fetch, timeout: new TimeSpan(5, "s") })).toExtend<Mailer>();
    // @ts-expect-error: a number has no unit
    fetchMailer(own, { timeout: 5000 });
    // @ts-expect-error: the domain is part of the path
    mailgun({ apiKey: "key" });
  });

  test("the application's own mailers, with or without the idempotency key", () => {
    type Send<About> = { send(message: MailMessage, about: About): Promise<void> };
    expectTypeOf<Send<MailContext>>().toExtend<Mailer>();
    expectTypeOf<Send<Recipient & { kind: MailKind }>>().toExtend<Mailer>();
    expectTypeOf<{ send(message: MailMessage): Promise<void> }>().toExtend<Mailer>();
    expectTypeOf<MailContext["idempotencyKey"]>().toBeString();
    // Absent in the email to an address without an account.
    expectTypeOf<Recipient["userId"]>().toEqualTypeOf<string | undefined>();
  });

  test("a user store over libsql", () => {
    const database = new Database("users.sqlite");
    interface Row {
      id: number;
      email: string;
      password_hash: string | null;
      active: number;
    }
    const user = (row: unknown): ResetUser | undefined => {
      if (!row) return undefined;
      const { id, email, password_hash: passwordHash, active } = row as Row;
      return { id: String(id), email, passwordHash, resetAllowed: active === 1 };
    };
    const users: UserStore = {
      findByEmail: async (email) => user(database.prepare("SELECT * FROM users WHERE email = ?").get(email)),
      findById: async (id) => user(database.prepare("SELECT * FROM users WHERE id = ?").get(id)),
      replacePasswordHash: async ({ userId, email, expected, next }) =>
        database
          .prepare("UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ?")
          .run(next, userId, email, expected).changes === 1,
    };
    expectTypeOf(users).toExtend<PasswordResetOptions["users"]>();
    expectTypeOf(database.prepare("").run().changes).toEqualTypeOf<number>();
  });

  test("the ports of relatch/memory", () => {
    expectTypeOf(memoryPorts()).toExtend<Pick<PasswordResetOptions, "users" | "tokens" | "mailer" | "hasher">>();
  });

  test("stores that return null or undefined, and none that return arrays or counts", () => {
    expectTypeOf<() => Promise<null>>().toExtend<UserStore["findById"]>();
    expectTypeOf<() => Promise<undefined>>().toExtend<UserStore["findById"]>();
    expectTypeOf<() => Promise<null>>().toExtend<TokenStore["find"]>();
    expectTypeOf<() => Promise<ResetUser[]>>().not.toExtend<UserStore["findByEmail"]>();
    expectTypeOf<() => Promise<number>>().not.toExtend<UserStore["replacePasswordHash"]>();
  });
});

type OptionalKeys<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? Key : never }[keyof T];
/** The optional properties of T that do not accept `undefined`. */
type Strict<T> = {
  [Key in OptionalKeys<T>]: { [K in Key]: undefined } extends Pick<T, Key> ? never : Key;
}[OptionalKeys<T>];

type StrictOfAll<All extends unknown[]> = { [Nth in keyof All]: Strict<All[Nth]> }[number];

test("Strict finds an optional property that does not accept undefined", () => {
  expectTypeOf<StrictOfAll<[...[{ b?: string | undefined }, { a?: string }], Limits]>>().toEqualTypeOf<"a">();
  expectTypeOf<Strict<{ a?: string; b?: string | undefined; c: string }>>().toEqualTypeOf<"a">();
});

type Checked = [
  ...[PasswordResetOptions, Limits, ResetUser, Recipient, MailMessage, MailContext, MailFailure],
  ...[FetchMailerOptions, ServiceOptions, MailgunOptions, OutgoingMail, MailRequest, RequestResetInput],
  ...[CompleteResetInput, BackgroundOptions, BreachedPasswordOptions, PasswordContext, RuleRefusal],
  ...[UserStore, RateLimiter, Dispatcher, NonNullable<PasswordResetOptions["messages"]>],
  NonNullable<Parameters<typeof memoryRateLimiter>[0]>,
  NonNullable<Parameters<typeof passwordLength>[0]>,
  ...[VerifyTokenInput, RedeemCodeInput, SettingsInput, SendLinkInput, LegacyToken, MailVariables, ResetEvent, Job],
];
test("Every optional property accepts undefined (exactOptionalPropertyTypes)", () => {
  expectTypeOf<StrictOfAll<Checked>>().toBeNever();
});

const ports = memoryPorts();
const required = {
  ...ports,
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (_userId: string) => {},
} satisfies PasswordResetOptions;

describe("The types of createPasswordReset", () => {
  test("accept all options at once", () => {
    expectTypeOf(
      createPasswordReset({
        ...required,
        tokens: signedTokens(),
        keys: [new Uint8Array(32)],
        from: ({ locale }) => `Acme ${locale} <noreply@example.com>`,
        invitationLifetime: new TimeSpan(7, "d"),
        onlyNewestLink: false,
        appName: ({ tenant, locale }) => tenant ?? `Acme ${locale}`,
        resetUrl: ({ locale }) => `https://app.example.com/${locale}/password_reset/:token`,
        revokeSessions: "in_transaction",
        tokenLifetime: new TimeSpan(30, "m"),
        passwordRules: [...defaultPasswordRules, passwordLength({ min: 15 }), breachedPassword(), () => undefined],
        limits: {
          rateLimiter: memoryRateLimiter(),
          client: false,
          address: [{ max: 3, window: new TimeSpan(1, "h") }],
        },
        dispatcher: background({ concurrency: 2 }),
        deliveryTimeout: new TimeSpan(10, "s"),
        languages: [en, ru],
        messages: {
          resetLink: async ({ url, validFor }) => ({ subject: "Reset", text: `${url} ${validFor}` }),
          invitation: ({ url, expiresAt }) => ({ subject: "Welcome", text: `${url} ${expiresAt.toISOString()}` }),
          noAccount: ({ appName }) => ({ subject: appName, text: "Nobody has this address here." }),
          noPassword: async ({ to }) => ({ subject: "Sign in", text: `Dear ${to.name}` }),
        },
        mentionRequest: true,
        legacyTokens: {
          until: new Date("2027-03-01"),
          find: async () => null,
          spend: async () => false,
          revoke: async (userId) => console.log(userId),
        },
        onEvent: async (event) => console.log(event.type),
        onError: async (error, cause) => console.log(error.detail, cause),
        now: () => new Date(),
      }),
    ).toEqualTypeOf<PasswordReset>();
  });

  test("refuse options that are missing, wrong or unknown", () => {
    for (const { ...options } of [required]) {
      // @ts-expect-error: users are required
      createPasswordReset({ ...options, users: undefined });
      const { revokeSessions, ...forgetful } = options;
      // @ts-expect-error: revokeSessions is required
      createPasswordReset(forgetful);
      // @ts-expect-error: there must be a language
      createPasswordReset({ ...options, languages: [] });
      // @ts-expect-error: keys are bytes
      createPasswordReset({ ...options, keys: ["0".repeat(64)] });
      // @ts-expect-error: waitUntil belongs to background
      createPasswordReset({ ...options, waitUntil: () => {} });
      // @ts-expect-error: the name is unknown
      createPasswordReset({ ...options, tokenLifetimeSeconds: 3600 });
    }
  });
});

test("onError gets our error, and apart from it a cause of any type", () => {
  type OnError = NonNullable<PasswordResetOptions["onError"]>;
  expectTypeOf<Parameters<OnError>>().toEqualTypeOf<[error: RelatchError, cause: unknown]>();
  expectTypeOf<RelatchError["detail"]>().toEqualTypeOf<string | undefined>();
  // Loggers whose first argument is the error fit as they are.
  expectTypeOf<(error: Error) => void>().toExtend<OnError>();
  // @ts-expect-error: a cause is not an option
  new RelatchError("ERR_MAILER", "x", { cause: new Error("x") });
});

test("legacyTokens has an end and three functions", () => {
  type Legacy = NonNullable<PasswordResetOptions["legacyTokens"]>;
  expectTypeOf<Legacy>().toEqualTypeOf<LegacyTokens>();
  expectTypeOf<Awaited<ReturnType<Legacy["find"]>>>().toEqualTypeOf<LegacyToken | null | undefined>();
  expectTypeOf<LegacyToken>().toEqualTypeOf<{ userId: string; email?: string | undefined; expiresAt: Date }>();
  expectTypeOf<() => Promise<number>>().not.toExtend<Legacy["spend"]>();
  expectTypeOf<Omit<LegacyTokens, "revoke">>().not.toExtend<Legacy>();
  expectTypeOf<Omit<LegacyTokens, "until">>().not.toExtend<Legacy>();
});

describe("Tenants that are declared", () => {
  type Declared = PasswordReset<{ tenant: "acme" | "globex" }>;
  const options = { ...required, appName: ({ tenant }: Site<"acme" | "globex">) => tenant };

  test("are inferred from the options", () => {
    expectTypeOf(createPasswordReset({ ...options, tenants: ["acme", "globex"] })).toEqualTypeOf<Declared>();
    const from = ({ tenant }: { tenant: string }) => `${tenant} <noreply@example.com>`;
    expectTypeOf(createPasswordReset({ ...options, tenants: ["acme", "globex"], from })).toEqualTypeOf<Declared>();
    createPasswordReset({
      ...required,
      tenants: ["acme", "globex"],
      users: {
        ...ports.users,
        async findByEmail(_, tenant) {
          expectTypeOf(tenant).toEqualTypeOf<"acme" | "globex">();
          return null;
        },
      },
      resetUrl({ tenant, locale }) {
        expectTypeOf(tenant).toEqualTypeOf<"acme" | "globex">();
        expectTypeOf(locale).toBeString();
        return `https://${tenant}.example.com/password_reset/:token`;
      },
    });
    const brands = ["acme", "globex"] as const;
    expectTypeOf(createPasswordReset({ ...options, tenants: brands })).toEqualTypeOf<Declared>();
  });

  test("limit the functions among the options", () => {
    const byColor = (tenant: "blue") => tenant;
    for (const { ...own } of [required]) {
      // @ts-expect-error: no such tenant
      createPasswordReset({ ...own, tenants: ["acme"], appName: ({ tenant }) => byColor(tenant) });
      // @ts-expect-error: without tenants there is none
      createPasswordReset({ ...own, appName: ({ tenant }) => tenant.toUpperCase() });
    }
    expectTypeOf<UserStore<"acme" | "globex">>().toExtend<PasswordResetOptions<["acme", "globex"]>["users"]>();
    expectTypeOf<UserStore<string>>().toExtend<PasswordResetOptions<["acme", "globex"]>["users"]>();
    expectTypeOf<UserStore<"blue">>().not.toExtend<PasswordResetOptions<["acme", "globex"]>["users"]>();
    expectTypeOf<UserStore<"acme">>().not.toExtend<PasswordResetOptions["users"]>();
  });

  test("are required in every call, and no others are", () => {
    const { requestReset, verifyToken, completeReset, settings, sendLink, revokeTokens } = {} as Declared;
    const email = "mike@example.org";
    const token = "token";
    const calls = () => [
      requestReset({ email, ip: null, tenant: "acme" }),
      verifyToken({ token, tenant: "globex", correlationId: "7" }),
      completeReset({ token, newPassword: "x", tenant: "acme" }),
      settings({ tenant: "globex", locale: "en" }),
      // These take an id that is unique over all tenants.
      sendLink({ userId: "42" }),
      revokeTokens("42"),
    ];
    const refused = (maybe: "acme" | undefined, any: string) => [
      // @ts-expect-error: which tenant?
      requestReset({ email, ip: null }),
      // @ts-expect-error: which tenant?
      verifyToken({ token }),
      // @ts-expect-error: which tenant?
      completeReset({ token, newPassword: "x" }),
      // @ts-expect-error: which tenant?
      settings(),
      // @ts-expect-error: which tenant?
      settings({ locale: "en" }),
      // @ts-expect-error: not declared
      requestReset({ email, ip: null, tenant: "initech" }),
      // @ts-expect-error: not declared
      verifyToken({ token, tenant: any }),
      // @ts-expect-error: null is not a tenant
      completeReset({ token, newPassword: "x", tenant: null }),
      // @ts-expect-error: it may be missing
      settings({ tenant: maybe }),
    ];
    expectTypeOf([calls, refused]).toExtend<unknown[]>();
  });

  test("are part of the type of a password reset", () => {
    expectTypeOf<Declared>().not.toEqualTypeOf<PasswordReset>();
    expectTypeOf<Declared>().not.toEqualTypeOf<PasswordReset<{ tenant: string }>>();
    expectTypeOf<Parameters<Declared["requestReset"]>[0]>().toEqualTypeOf<
      RequestResetInput<{ tenant: "acme" | "globex" }>
    >();
  });
});

test("Dynamic tenants, and those of the environment, are strings", () => {
  type Dynamic = PasswordReset<{ tenant: string }>;
  const appName = ({ tenant }: Site<string>) => tenant.toUpperCase();
  expectTypeOf(createPasswordReset({ ...required, appName, tenants: "dynamic" })).toEqualTypeOf<Dynamic>();
  const names = "acme,globex".split(",");
  expectTypeOf(createPasswordReset({ ...required, appName, tenants: names })).toEqualTypeOf<Dynamic>();
  const { verifyToken } = {} as Dynamic;
  // @ts-expect-error: which tenant?
  void (() => verifyToken({ token: "x" }));
  void (() => verifyToken({ token: "x", tenant: "acme" }));
});

describe("Codes", () => {
  type WithCodes = PasswordReset<{ codes: true }>;

  test("are inferred from the option, if it is switched on for sure", () => {
    const keys = [new Uint8Array(32)];
    expectTypeOf(createPasswordReset({ ...required, keys, codes: true })).toEqualTypeOf<WithCodes>();
    expectTypeOf(createPasswordReset({ ...required, keys, codes: {} })).toEqualTypeOf<WithCodes>();
    const codes = { digits: 10, lifetime: new TimeSpan(5, "m") };
    expectTypeOf(createPasswordReset({ ...required, keys, codes })).toEqualTypeOf<WithCodes>();
    expectTypeOf(createPasswordReset({ ...required, codes: false })).toEqualTypeOf<PasswordReset>();
    expectTypeOf(createPasswordReset({ ...required, codes: undefined })).toEqualTypeOf<PasswordReset>();
    const options = () => [
      // @ts-expect-error: a number has no unit
      createPasswordReset({ ...required, keys, codes: { lifetime: 600 } }),
      // @ts-expect-error: the name is unknown
      createPasswordReset({ ...required, keys, codes: { length: 8 } }),
      // @ts-expect-error: no string switches it on
      createPasswordReset({ ...required, keys, codes: "on" }),
    ];
    expectTypeOf(options).toBeFunction();
  });

  test("give a ticket to requests that ask for one, and to no others", () => {
    const { requestReset } = {} as WithCodes;
    const input = { email: "mike@example.org", ip: null };
    const requests = {
      code: () => requestReset({ ...input, method: "code" }),
      link: () => requestReset({ ...input, method: "link" }),
      none: () => requestReset(input),
      nothing: () => requestReset({ ...input, method: null }),
      either: (method: "link" | "code") => requestReset({ ...input, method }),
    };
    type Accepted<Name extends keyof typeof requests> = Extract<
      Awaited<ReturnType<(typeof requests)[Name]>>,
      { ok: true }
    >;
    expectTypeOf<Accepted<"code">>().toEqualTypeOf<{ ok: true; ticket: string }>();
    expectTypeOf<Accepted<"link">>().toEqualTypeOf<{ ok: true }>();
    expectTypeOf<Accepted<"none">>().toEqualTypeOf<{ ok: true }>();
    expectTypeOf<Accepted<"either">>().toEqualTypeOf<{ ok: true; ticket: string } | { ok: true }>();
    // @ts-expect-error: there is no such method
    void (() => requestReset({ ...input, method: "sms" }));
  });

  test("are refused as a method without the option", () => {
    const { requestReset } = {} as PasswordReset;
    const input = { email: "mike@example.org", ip: null };
    // @ts-expect-error: the option codes is not given
    void (() => requestReset({ ...input, method: "code" }));
    void (() => requestReset({ ...input, method: "link" }));
    expectTypeOf<Extract<RequestResetResult, { ok: true }>>().toEqualTypeOf<{ ok: true }>();
  });

  test("are redeemed for a token", () => {
    const { redeemCode } = {} as WithCodes;
    expectTypeOf(redeemCode).parameters.toEqualTypeOf<[input: RedeemCodeInput<{ codes: true }>]>();
    expectTypeOf<RedeemCodeInput["ticket"]>().toBeUnknown();
    expectTypeOf<RedeemCodeInput["code"]>().toBeUnknown();
    expectTypeOf(redeemCode).returns.resolves.toEqualTypeOf<RedeemCodeResult>();
    const result = {} as RedeemCodeResult;
    if (result.ok) expectTypeOf(result).toEqualTypeOf<{ ok: true; token: string }>();
    else expectTypeOf(result.reason).toEqualTypeOf<"invalid_or_expired_token">();
    expectTypeOf<Settings["codes"]>().toEqualTypeOf<
      { readonly digits: number; readonly lifetime: TimeSpan } | undefined
    >();
  });
});

describe("A second factor", () => {
  type Method = "totp" | "recovery_code";
  type WithFactor = PasswordReset<{ secondFactor: Method }>;
  const secondFactor = {} as SecondFactor<Method>;

  test("is inferred from the option, with its methods", () => {
    expectTypeOf(createPasswordReset({ ...required, secondFactor })).toEqualTypeOf<WithFactor>();
    expectTypeOf(createPasswordReset({ ...required, secondFactor: undefined })).toEqualTypeOf<PasswordReset>();
    const dynamic = { methods: async () => ["totp"], verify: async () => true };
    expectTypeOf(createPasswordReset({ ...required, secondFactor: dynamic })).toEqualTypeOf<
      PasswordReset<{ secondFactor: string }>
    >();
    // @ts-expect-error: the verdict is a boolean
    void (() => createPasswordReset({ ...required, secondFactor: { ...secondFactor, verify: async () => 1 } }));
    // @ts-expect-error: methods are a list
    void (() => createPasswordReset({ ...required, secondFactor: { ...secondFactor, methods: async () => "totp" } }));
  });

  test("adds its methods to the result of verifyToken, and two reasons to that of completeReset", () => {
    type Verified = VerifyTokenResult<{ secondFactor: Method }>;
    expectTypeOf<Extract<Verified, { ok: true }>["secondFactors"]>().toEqualTypeOf<readonly Method[]>();
    type Completed = CompleteResetResult<{ secondFactor: Method }>;
    type Refused = Extract<Completed, { ok: false }>;
    expectTypeOf<Refused["reason"]>().toEqualTypeOf<
      "invalid_or_expired_token" | "password_rejected" | "second_factor_required" | "second_factor_rejected"
    >();
    const result = {} as Refused;
    if (result.reason === "second_factor_required" || result.reason === "second_factor_rejected") {
      expectTypeOf(result.secondFactors).toEqualTypeOf<readonly Method[]>();
    }
    const { completeReset, verifyToken } = {} as WithFactor;
    expectTypeOf(completeReset).returns.resolves.toEqualTypeOf<Completed>();
    expectTypeOf(verifyToken).returns.resolves.toEqualTypeOf<Verified>();
    expectTypeOf(completeReset).parameter(0).toHaveProperty("secondFactor").toBeUnknown();
  });

  test("is unknown without the option", () => {
    const { completeReset, verifyToken } = {} as PasswordReset;
    type Completed = Awaited<ReturnType<typeof completeReset>>;
    expectTypeOf<Extract<Completed, { ok: false }>["reason"]>().toEqualTypeOf<
      "invalid_or_expired_token" | "password_rejected"
    >();
    expectTypeOf<Extract<Awaited<ReturnType<typeof verifyToken>>, { ok: true }>>().not.toHaveProperty("secondFactors");
    const input = { token: "x", newPassword: "x" };
    // @ts-expect-error: the option secondFactor is not given
    void (() => completeReset({ ...input, secondFactor: { method: "totp", response: "123456" } }));
    void (() => completeReset(input));
  });
});

test("All features at once are inferred, and needed by what takes them", () => {
  type All = PasswordReset<{ tenant: "acme" | "globex"; codes: true; secondFactor: "totp" }>;
  const all = createPasswordReset({
    ...required,
    tenants: ["acme", "globex"],
    keys: [new Uint8Array(32)],
    codes: true,
    secondFactor: {} as SecondFactor<"totp">,
  });
  expectTypeOf(all).toEqualTypeOf<All>();
  const calls = ({ requestReset, redeemCode, completeReset }: All) => [
    requestReset({ email: "mike@example.org", ip: null, tenant: "acme", method: "code" }),
    redeemCode({ ticket: "x", code: "x", tenant: "globex" }),
    completeReset({ token: "x", newPassword: "x", tenant: "acme", secondFactor: undefined }),
    // @ts-expect-error: which tenant?
    redeemCode({ ticket: "x", code: "x" }),
  ];
  expectTypeOf(calls).toBeFunction();
});

test("Without the option there are no tenants", () => {
  expectTypeOf(createPasswordReset(required)).toEqualTypeOf<PasswordReset>();
  expectTypeOf(createPasswordReset({ ...required, tenants: undefined })).toEqualTypeOf<PasswordReset>();
  const { requestReset, verifyToken, completeReset, settings } = {} as PasswordReset;
  const calls = (tenant: string) => [
    // @ts-expect-error: tenants are not declared
    requestReset({ email: "mike@example.org", ip: null, tenant }),
    // @ts-expect-error: tenants are not declared
    verifyToken({ token: "x", tenant }),
    // @ts-expect-error: tenants are not declared
    completeReset({ token: "x", newPassword: "x", tenant }),
    // @ts-expect-error: tenants are not declared
    settings({ tenant }),
    settings(),
    settings({ locale: "en", tenant: null }),
  ];
  expectTypeOf(calls).toBeFunction();
});

describe("The type of", () => {
  const { requestReset, verifyToken, completeReset, deliver, revokeTokens, drain } = {} as PasswordReset;

  test("requestReset requires ip", () => {
    expectTypeOf<{ email: string; ip: string }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: undefined }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: null; locale: null; tenant: null }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: string }>().not.toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: false }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: true }>().not.toExtend<RequestResetInput>();
    // @ts-expect-error: the client limit is switched off by false, not by omission
    void (() => requestReset({ email: "mike@example.org" }));
  });

  test("the result of requestReset has nothing about the account", () => {
    expectTypeOf(requestReset).returns.resolves.toEqualTypeOf<RequestResetResult>();
    expectTypeOf<Extract<RequestResetResult, { ok: true }>>().toEqualTypeOf<{ ok: true }>();
    const result = {} as RequestResetResult;
    if (!result.ok && result.reason === "throttled") expectTypeOf(result.retryAfterSeconds).toBeNumber();
    // @ts-expect-error: present only if it was throttled
    result.retryAfterSeconds;
  });

  test("the result of verifyToken narrows", () => {
    expectTypeOf(verifyToken).returns.resolves.toEqualTypeOf<VerifyTokenResult>();
    expectTypeOf(verifyToken).parameters.toEqualTypeOf<[input: VerifyTokenInput]>();
    expectTypeOf<VerifyTokenInput["token"]>().toBeUnknown();
    const result = {} as VerifyTokenResult;
    type Valid = { ok: true; userId: string; email: string; isInvitation: boolean; expiresAt: Date };
    if (result.ok) expectTypeOf(result).toEqualTypeOf<Valid>();
    else expectTypeOf(result.reason).toEqualTypeOf<"invalid_or_expired_token">();
  });

  test("the result of completeReset narrows, and has no user, session or token", () => {
    const result = {} as CompleteResetResult;
    if (result.ok) {
      expectTypeOf(result).toEqualTypeOf<{ ok: true; userId: string; sessionsRevoked: boolean }>();
    } else if (result.reason === "password_rejected") {
      const [violation] = result.violations;
      expectTypeOf(violation!.code).toBeString();
      expectTypeOf(violation!.message).toBeString();
      expectTypeOf(violation!.params).toEqualTypeOf<Readonly<Record<string, number>>>();
    } else {
      expectTypeOf(result.reason).toEqualTypeOf<"invalid_or_expired_token">();
    }
    expectTypeOf(completeReset).parameter(0).toHaveProperty("newPassword").toBeUnknown();
    expectTypeOf<{ token: string; newPassword: string; ip: false }>().toExtend<CompleteResetInput>();
  });

  test("sendLink takes an id, and its result tells the truth without the link", () => {
    const { sendLink } = {} as PasswordReset;
    expectTypeOf(sendLink).parameters.toEqualTypeOf<[input: SendLinkInput]>();
    expectTypeOf<{ userId: string; locale: null; correlationId: "ticket-7" }>().toExtend<SendLinkInput>();
    expectTypeOf<{ userId: number }>().not.toExtend<SendLinkInput>();
    expectTypeOf<{ email: string }>().not.toExtend<SendLinkInput>();
    expectTypeOf(sendLink).returns.resolves.toEqualTypeOf<SendLinkResult>();
    const result = {} as SendLinkResult;
    type Refusal = "unknown_account" | "not_allowed" | "unusable_address" | "no_password";
    if (result.ok) expectTypeOf(result).toEqualTypeOf<{ ok: true; isInvitation: boolean }>();
    else expectTypeOf(result.reason).toEqualTypeOf<Refusal>();
  });

  test("every other function is as documented", () => {
    expectTypeOf(deliver).parameter(0).toBeUnknown();
    expectTypeOf(revokeTokens).parameters.toEqualTypeOf<[string]>();
    expectTypeOf(drain).returns.resolves.toEqualTypeOf<DrainReport>();
    expectTypeOf(canonicalEmail).toEqualTypeOf<(input: unknown) => string | undefined>();
    expectTypeOf(sessionStamp).returns.toBeString();
    expectTypeOf(sessionStamp).toBeCallableWith({} as ResetUser);
    expectTypeOf(signedTokens).parameters.toEqualTypeOf<[]>();
    expectTypeOf<ReturnType<typeof signedTokens>>().toEqualTypeOf<SignedTokens>();
    expectTypeOf({} as PasswordReset)
      .toHaveProperty("settings")
      .returns.toEqualTypeOf<Settings>();
    expectTypeOf<Settings["tokenLifetime"]>().toEqualTypeOf<TimeSpan>();
  });
});

test("A function that ends sessions is told which to spare", () => {
  expectTypeOf<(userId: string, options: { except: string }) => Promise<void>>().toExtend<RevokeSessions>();
  expectTypeOf<(userId: string) => Promise<number>>().toExtend<RevokeSessions>();
  expectTypeOf<(userId: string, options: { stamp: string }) => Promise<void>>().not.toExtend<RevokeSessions>();
});

test("An event narrows by its type", () => {
  const event = {} as ResetEvent;
  if (event.type === "password_reset") {
    expectTypeOf(event.userId).toBeString();
    expectTypeOf(event.sessionsRevoked).toBeBoolean();
  }
  if (event.type === "token_refused") expectTypeOf(event.reason).toExtend<string>();
  if (event.type === "mail_sent") {
    expectTypeOf(event.jobId).toBeString();
    expectTypeOf(event.durationMs).toBeNumber();
  }
  if (event.type === "request_throttled") {
    expectTypeOf(event.rule).toEqualTypeOf<Readonly<{ max: number; windowSeconds: number }>>();
    expectTypeOf(event.retryAfterSeconds).toBeNumber();
  }
  expectTypeOf(event.tenant).toEqualTypeOf<string | undefined>();
  expectTypeOf(event.correlationId).toEqualTypeOf<string | undefined>();
  expectTypeOf(event.at).toEqualTypeOf<Date>();
  // @ts-expect-error: events are read-only
  event.type = "password_reset";
  // @ts-expect-error: events contain no address
  event.email;
});

test("A language may have more violations and its own tag", () => {
  expectTypeOf({
    ...en,
    tag: "de",
    violations: { ...en.violations, no_digit: () => "Ziffer fehlt." },
  }).toExtend<Language>();
});

// The messages for these are in docs/compiler-errors.md.
describe("The types refuse", () => {
  const options = {} as PasswordResetOptions;
  const { users } = memoryPorts();
  type WithoutDeletion = Omit<TokenStore, "deleteByUser">;

  test("options of the wrong type", () => {
    const create = () => [
      // @ts-expect-error: a function, "in_transaction", or false
      createPasswordReset({ ...options, revokeSessions: true }),
      // @ts-expect-error: a window is a TimeSpan
      createPasswordReset({ ...options, limits: { client: { max: 30, windowSeconds: 900 } } }),
      // @ts-expect-error: no string switches a protection off
      createPasswordReset({ ...options, limits: "off" }),
      // @ts-expect-error: a number has no unit
      createPasswordReset({ ...options, tokenLifetime: 3600 }),
      // @ts-expect-error: a store has four functions
      createPasswordReset({ ...options, tokens: {} as WithoutDeletion }),
      // @ts-expect-error: a mailer is an object
      createPasswordReset({ ...options, mailer: async () => {} }),
    ];
    expectTypeOf(create).toBeFunction();
  });

  test("accounts without a hash, or with a number as id", () => {
    // @ts-expect-error: the hash is missing, which is not the same as null
    const withoutHash: UserStore = { ...users, findById: async (id) => ({ id, email: "" }) };
    const withNumber: UserStore = {
      ...users,
      // @ts-expect-error: the id must be a string
      findById: async () => ({ id: 1, email: "", passwordHash: null }),
    };
    expectTypeOf([withoutHash, withNumber]).toExtend<UserStore[]>();
  });

  test("calls without an object, or without the client's address", () => {
    const { verifyToken, requestReset } = {} as PasswordReset;
    const call = () => [
      // @ts-expect-error: every call takes one object
      verifyToken("token"),
      // @ts-expect-error: the client's address must be considered
      requestReset({ email: "mike@example.org" }),
    ];
    expectTypeOf(call).toBeFunction();
  });
});
