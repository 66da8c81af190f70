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
  type Language,
  type Limits,
  type MailContext,
  type Mailer,
  type MailFailure,
  type MailKind,
  type MailMessage,
  memoryRateLimiter,
  type PasswordContext,
  type PasswordHasher,
  type PasswordReset,
  type PasswordResetOptions,
  passwordLength,
  type RateLimiter,
  type Recipient,
  type RequestResetInput,
  type RequestResetResult,
  type ResetEvent,
  type ResetUser,
  type RuleRefusal,
  type SignedTokens,
  sessionStamp,
  signedTokens,
  TimeSpan,
  type TokenStore,
  type UserStore,
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

describe("what people already have fits the ports as it is", () => {
  test("password hashers", () => {
    expectTypeOf<Argon2id>().toExtend<PasswordHasher>();
    expectTypeOf<Scrypt>().toExtend<PasswordHasher>();
    expectTypeOf<Bcrypt>().toExtend<PasswordHasher>();
    expectTypeOf(nodeRsArgon2).toExtend<PasswordHasher>();
    // The way of `argon2`, `bcryptjs` and their kin: options may follow the password.
    expectTypeOf<{
      hash(password: string | Buffer, options?: object): Promise<string>;
    }>().toExtend<PasswordHasher>();
    expectTypeOf<{ hash(password: string): string }>().not.toExtend<PasswordHasher>();
    expectTypeOf<{ hash(password: string): Promise<Buffer> }>().not.toExtend<PasswordHasher>();
  });

  test("nodemailer's transports", () => {
    expectTypeOf<Transporter>().toExtend<Parameters<typeof nodemailerMailer>[0]>();
    const smtp = nodemailer.createTransport({ host: "smtp.example.com", port: 587, requireTLS: true });
    const pool = nodemailer.createTransport({ pool: true, host: "smtp.example.com" });
    expectTypeOf(nodemailerMailer(smtp, { from: "no-reply@acme.example" })).toExtend<Mailer>();
    expectTypeOf(nodemailerMailer(pool, { from: "no-reply@acme.example" })).toExtend<Mailer>();
    expectTypeOf(combine(nodemailerMailer(smtp, { from: "a@x.com" }), consoleMailer())).toExtend<Mailer>();
    // @ts-expect-error: mails that go nowhere
    combine();
    const sendmail = nodemailer.createTransport({ sendmail: true });
    const json = nodemailer.createTransport({ jsonTransport: true });
    const lmtp = nodemailer.createTransport({ host: "localhost", lmtp: true });
    for (const transport of [sendmail, json, lmtp] as Parameters<typeof nodemailerMailer>[0][]) {
      nodemailerMailer(transport, { from: ({ tenant }) => `no-reply@${tenant}.example` });
      nodemailerMailer(transport, { from: async () => "no-reply@acme.example" });
      // @ts-expect-error: who from?
      nodemailerMailer(transport, {});
    }
  });

  test("the runtime's fetch, and what is written in its place", () => {
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
    expectTypeOf(
      fetchMailer(own, { from: "a@x.com", fetch, timeout: new TimeSpan(5, "s") }),
    ).toExtend<Mailer>();
    // @ts-expect-error: a number of what?
    fetchMailer(own, { from: "a@x.com", timeout: 5000 });
    // @ts-expect-error: it stands in the path
    mailgun({ apiKey: "key" });
  });

  test("mailers of one's own, whether or not they care for the key", () => {
    type Send<About> = { send(message: MailMessage, about: About): Promise<void> };
    expectTypeOf<Send<MailContext>>().toExtend<Mailer>();
    expectTypeOf<Send<Recipient & { kind: MailKind }>>().toExtend<Mailer>();
    expectTypeOf<{ send(message: MailMessage): Promise<void> }>().toExtend<Mailer>();
    expectTypeOf<MailContext["idempotencyKey"]>().toBeString();
    // In the mail to an address that nobody has.
    expectTypeOf<Recipient["userId"]>().toEqualTypeOf<string | undefined>();
  });

  test("users in libsql", () => {
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

  test("the ports in memory", () => {
    expectTypeOf(memoryPorts()).toExtend<
      Pick<PasswordResetOptions, "users" | "tokens" | "mailer" | "hasher">
    >();
  });

  test("a store that answers null, and one that answers undefined", () => {
    expectTypeOf<() => Promise<null>>().toExtend<UserStore["findById"]>();
    expectTypeOf<() => Promise<undefined>>().toExtend<UserStore["findById"]>();
    expectTypeOf<() => Promise<null>>().toExtend<TokenStore["find"]>();
    expectTypeOf<() => Promise<ResetUser[]>>().not.toExtend<UserStore["findByEmail"]>();
    expectTypeOf<() => Promise<number>>().not.toExtend<UserStore["replacePasswordHash"]>();
  });
});

type OptionalKeys<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? Key : never }[keyof T];
/** The optional properties of T that cannot be given as `undefined` where undefined has to be said. */
type Strict<T> = {
  [Key in OptionalKeys<T>]: { [K in Key]: undefined } extends Pick<T, Key> ? never : Key;
}[OptionalKeys<T>];

test("the helper above sees what it is for", () => {
  expectTypeOf<Strict<{ a?: string; b?: string | undefined; c: string }>>().toEqualTypeOf<"a">();
});

test("every optional property admits undefined (exactOptionalPropertyTypes)", () => {
  expectTypeOf<Strict<PasswordResetOptions>>().toBeNever();
  expectTypeOf<Strict<Limits>>().toBeNever();
  expectTypeOf<Strict<ResetUser>>().toBeNever();
  expectTypeOf<Strict<Recipient>>().toBeNever();
  expectTypeOf<Strict<MailMessage>>().toBeNever();
  expectTypeOf<Strict<MailContext>>().toBeNever();
  expectTypeOf<Strict<MailFailure>>().toBeNever();
  expectTypeOf<Strict<FetchMailerOptions>>().toBeNever();
  expectTypeOf<Strict<ServiceOptions>>().toBeNever();
  expectTypeOf<Strict<MailgunOptions>>().toBeNever();
  expectTypeOf<Strict<OutgoingMail>>().toBeNever();
  expectTypeOf<Strict<MailRequest>>().toBeNever();
  expectTypeOf<Strict<RequestResetInput>>().toBeNever();
  expectTypeOf<Strict<CompleteResetInput>>().toBeNever();
  expectTypeOf<Strict<BackgroundOptions>>().toBeNever();
  expectTypeOf<Strict<BreachedPasswordOptions>>().toBeNever();
  expectTypeOf<Strict<PasswordContext>>().toBeNever();
  expectTypeOf<Strict<RuleRefusal>>().toBeNever();
  expectTypeOf<Strict<UserStore>>().toBeNever();
  expectTypeOf<Strict<RateLimiter>>().toBeNever();
  expectTypeOf<Strict<Dispatcher>>().toBeNever();
  expectTypeOf<Strict<NonNullable<PasswordResetOptions["messages"]>>>().toBeNever();
  expectTypeOf<Strict<NonNullable<Parameters<typeof memoryRateLimiter>[0]>>>().toBeNever();
  expectTypeOf<Strict<NonNullable<Parameters<typeof passwordLength>[0]>>>().toBeNever();
  expectTypeOf<Strict<NonNullable<Parameters<PasswordReset["verifyToken"]>[1]>>>().toBeNever();
});

const ports = memoryPorts();
const required = {
  ...ports,
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (_userId: string) => {},
} satisfies PasswordResetOptions;

describe("options", () => {
  test("all of them at once", () => {
    expectTypeOf(
      createPasswordReset({
        ...required,
        tokens: signedTokens({ keys: [new Uint8Array(32)] }),
        appName: ({ tenant }) => tenant ?? "Acme",
        resetUrl: ({ locale }) => `https://app.example.com/${locale}/password_reset/:token`,
        revokeSessions: "in_transaction",
        tokenLifetime: new TimeSpan(30, "m"),
        passwordRules: [
          ...defaultPasswordRules,
          passwordLength({ min: 15 }),
          breachedPassword(),
          () => undefined,
        ],
        limits: {
          rateLimiter: memoryRateLimiter(),
          client: false,
          address: [{ max: 3, windowSeconds: 3600 }],
        },
        dispatcher: background({ concurrency: 2 }),
        deliveryTimeout: new TimeSpan(10, "s"),
        languages: [en, ru],
        messages: {
          resetLink: async ({ url }) => ({ subject: "Reset", text: url }),
          noAccount: ({ appName }) => ({ subject: appName, text: "Nobody has this address here." }),
          noPassword: async ({ to }) => ({ subject: "Sign in", text: `Dear ${to.name}` }),
        },
        onEvent: async (event) => console.log(event.type),
        now: () => new Date(),
      }),
    ).toEqualTypeOf<PasswordReset>();
  });

  test("none of the seven may be forgotten", () => {
    for (const { ...options } of [required]) {
      // @ts-expect-error: the users
      createPasswordReset({ ...options, users: undefined });
      const { revokeSessions, ...forgetful } = options;
      // @ts-expect-error: what to do with the sessions
      createPasswordReset(forgetful);
      // @ts-expect-error: true says nothing
      createPasswordReset({ ...options, revokeSessions: true });
      // @ts-expect-error: no language at all
      createPasswordReset({ ...options, languages: [] });
      // @ts-expect-error: a number of what?
      createPasswordReset({ ...options, tokenLifetime: 3600 });
      // @ts-expect-error: a word nobody knows
      createPasswordReset({ ...options, tokenLifetimeSeconds: 3600 });
    }
  });
});

describe("calls", () => {
  const { requestReset, verifyToken, completeReset, deliver, revokeTokens, drain } = {} as PasswordReset;

  test("requestReset needs ip to be named", () => {
    expectTypeOf<{ email: string; ip: string }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: undefined }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: unknown; ip: null; locale: null; tenant: null }>().toExtend<RequestResetInput>();
    expectTypeOf<{ email: string }>().not.toExtend<RequestResetInput>();
    // @ts-expect-error: the client limit is left out by a decision, not by omission
    void (() => requestReset({ email: "mike@example.org" }));
  });

  test("the answer of requestReset tells nothing of the account", () => {
    expectTypeOf(requestReset).returns.resolves.toEqualTypeOf<RequestResetResult>();
    expectTypeOf<Extract<RequestResetResult, { ok: true }>>().toEqualTypeOf<{ ok: true }>();
    const result = {} as RequestResetResult;
    if (!result.ok && result.reason === "throttled") expectTypeOf(result.retryAfterSeconds).toBeNumber();
    // @ts-expect-error: only where it was throttled
    result.retryAfterSeconds;
  });

  test("verifyToken narrows", () => {
    expectTypeOf(verifyToken).returns.resolves.toEqualTypeOf<VerifyTokenResult>();
    expectTypeOf(verifyToken).parameter(0).toBeUnknown();
    const result = {} as VerifyTokenResult;
    if (result.ok) expectTypeOf(result).toEqualTypeOf<{ ok: true; userId: string; expiresAt: Date }>();
    else expectTypeOf(result.reason).toEqualTypeOf<"invalid_or_expired_token">();
  });

  test("completeReset narrows, and hands out no user, session or token", () => {
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
  });

  test("the rest", () => {
    expectTypeOf(deliver).parameter(0).toBeUnknown();
    expectTypeOf(revokeTokens).parameters.toEqualTypeOf<[string]>();
    expectTypeOf(drain).returns.resolves.toEqualTypeOf<DrainReport>();
    expectTypeOf(canonicalEmail).toEqualTypeOf<(input: unknown) => string | undefined>();
    expectTypeOf(sessionStamp).returns.toBeString();
    expectTypeOf(sessionStamp).toBeCallableWith({} as ResetUser);
    expectTypeOf<ReturnType<typeof signedTokens>>().toEqualTypeOf<SignedTokens>();
  });
});

test("events narrow by their type", () => {
  const event = {} as ResetEvent;
  if (event.type === "password_reset") {
    expectTypeOf(event.userId).toBeString();
    expectTypeOf(event.sessionsRevoked).toBeBoolean();
  }
  if (event.type === "token_refused") expectTypeOf(event.reason).toExtend<string>();
  expectTypeOf(event.at).toEqualTypeOf<Date>();
  // @ts-expect-error: events are read-only
  event.type = "password_reset";
  // @ts-expect-error: and hold no address
  event.email;
});

test("a language of one's own", () => {
  expectTypeOf({
    ...en,
    tag: "de",
    violations: { ...en.violations, no_digit: () => "Ziffer fehlt." },
  }).toExtend<Language>();
});
