import fc from "fast-check";
import {
  background,
  breachedPassword,
  checkPassword,
  createPasswordReset,
  defaultPasswordRules,
  memoryRateLimiter,
  passwordLength,
  queueDispatcher,
  sessionStamp,
  signedTokens,
  TimeSpan,
} from "relatch";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { fetchMailer, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { passwordResetRoutes } from "relatch/http";
import { en, ru } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { standardMessages } from "relatch/messages";
import { mysqlTokens, mysqlTokensSql } from "relatch/mysql";
import { nodemailerMailer } from "relatch/nodemailer";
import { defaultPages } from "relatch/pages";
import { postgresTokens, postgresTokensSql } from "relatch/postgres";
import { rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { redisTokens } from "relatch/redis";
import { sqliteTokens, sqliteTokensSql } from "relatch/sqlite";
import { describe, expect, test } from "vitest";
import { outcome } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, isReadable, mostly, mostlyOf, type Recipe, type Recipes, shapeOf, text } from "./values.ts";

// Developers pass any argument that can be read. It is accepted, or refused with ERR_OPTIONS.

const { users, tokens, mailer, hasher } = memoryPorts();
const nothing = async () => {};
const key = () => crypto.getRandomValues(new Uint8Array(32));
const numbers = mostly(fc.oneof(fc.integer(), fc.double(), fc.constant(undefined)));
const functions = mostlyOf([() => nothing, () => undefined], 6);
const spans = mostly(fc.integer({ min: -1, max: 100_000 }).map((seconds) => new TimeSpan(seconds, "s")));
const rule = shapeOf({ max: numbers, window: spans });
const names = mostly(fc.oneof(text, fc.constantFrom("tokens", "a.b", 'quo"ted', "nul\0")));
const table = shapeOf({ table: names, schema: names });

/** Mostly a list of these, with whatever. */
const listOf = (items: Recipes): Recipes =>
  fc.oneof(
    fc.array(items, { maxLength: 6 }).map((recipes) => ({
      ...recipes[0],
      make: () => recipes.map((each) => each.make()),
      [fc.toStringMethod]: () => fc.stringify(recipes),
    })) as Recipes,
    hostile,
  );

/** Nearly always right, so that the other options are looked at, too. */
const option = (...good: (() => unknown)[]): Recipes => mostlyOf(good, 40);

const options = shapeOf(
  {
    users: option(
      () => users,
      () => ({ ...users, setFirstPasswordHash: undefined }),
    ),
    tokens: option(
      () => tokens,
      () => signedTokens(),
    ),
    mailer: option(() => mailer),
    hasher: option(() => hasher),
    from: option(
      () => undefined,
      () => "Acme <noreply@example.org>",
      () => () => "noreply@example.org",
    ),
    keys: option(
      () => [key()],
      () => [key(), key()],
    ),
    onlyNewestLink: option(
      () => undefined,
      () => false,
    ),
    appName: option(
      () => "Acme",
      () => () => "Acme",
    ),
    resetUrl: option(
      () => "https://app.example.com/reset/:token",
      () => () => "junk",
    ),
    tenants: option(
      () => undefined,
      () => ["north", "south"],
      () => "dynamic",
    ),
    revokeSessions: option(
      () => nothing,
      () => false,
      () => "in_transaction",
    ),
    tokenLifetime: option(
      () => new TimeSpan(30, "m"),
      () => undefined,
    ),
    invitationLifetime: option(
      () => new TimeSpan(7, "d"),
      () => undefined,
    ),
    mentionRequest: option(
      () => true,
      () => undefined,
    ),
    codes: fc.oneof(
      option(
        () => undefined,
        () => false,
        () => true,
      ),
      shapeOf({ digits: numbers, lifetime: spans }),
    ),
    secondFactor: option(
      () => undefined,
      () => ({ methods: nothing, verify: nothing }),
    ),
    legacyTokens: option(
      () => undefined,
      () => ({ until: new Date(0), find: nothing, spend: nothing, revoke: nothing }),
    ),
    passwordRules: option(
      () => defaultPasswordRules,
      () => undefined,
    ),
    limits: fc.oneof(
      option(() => undefined),
      shapeOf({
        rateLimiter: option(
          () => memoryRateLimiter(),
          () => undefined,
        ),
        client: fc.oneof(
          rule,
          option(() => false),
        ),
        address: fc.oneof(
          listOf(rule),
          option(() => false),
        ),
        onUnavailable: option(
          () => "allow",
          () => "refuse",
          () => undefined,
        ),
      }),
    ),
    dispatcher: option(
      () => undefined,
      () => background(),
    ),
    callTimeout: option(
      () => new TimeSpan(3, "s"),
      () => undefined,
    ),
    deliveryTimeout: option(() => undefined),
    languages: option(
      () => [en, ru],
      () => undefined,
    ),
    messages: option(
      () => standardMessages(),
      () => undefined,
      () => ({ noAccount: undefined }),
    ),
    onEvent: option(
      () => undefined,
      () => nothing,
    ),
    onError: option(
      () => undefined,
      () => nothing,
    ),
    now: option(
      () => undefined,
      () => () => new Date(),
    ),
  },
  ["users", "tokens", "mailer", "hasher", "appName", "resetUrl", "revokeSessions"],
);

const drivers = mostlyOf([
  () => ({ query: nothing }),
  () => ({ execute: nothing, query: nothing }),
  () => ({ prepare: () => ({ get: nothing, run: nothing }) }),
  () => ({ prepare: nothing, batch: nothing }),
  () => nothing,
]);

const passwordReset = createPasswordReset({
  users,
  tokens,
  mailer,
  hasher,
  appName: "Acme",
  from: "Acme <noreply@example.org>",
  resetUrl: "https://app.example.com/reset/:token",
  revokeSessions: false,
});
const paths = fc.oneof(
  {
    weight: 30,
    arbitrary: option(
      () => "/login",
      () => undefined,
    ),
  },
  mostly(fc.oneof(fc.constantFrom("//evil", "/\\evil", "/a b"), text)),
);
const origins = fc.oneof(
  { weight: 30, arbitrary: option(() => "https://spa.example.com") },
  mostly(fc.oneof(fc.webUrl(), fc.constantFrom("capacitor://localhost", "https://*.example.com"))),
);
const routes = shapeOf(
  {
    passwordReset: option(() => passwordReset),
    pages: option(
      () => defaultPages(),
      () => false,
    ),
    method: option(
      () => undefined,
      () => "link",
    ),
    loginPath: fc.oneof(
      paths,
      option(() => "https://www.example.com/login"),
    ),
    homePath: paths,
    signOutPath: paths,
    changePasswordPath: paths,
    basePath: paths,
    allowedOrigins: fc.oneof(
      listOf(origins),
      option(() => undefined),
    ),
    revealUnknownAccounts: option(
      () => undefined,
      () => nothing,
    ),
    onError: option(
      () => undefined,
      () => nothing,
    ),
  },
  ["passwordReset", "pages"],
);
const service = shapeOf({ apiKey: names, endpoint: mostly(fc.oneof(fc.webUrl({ validSchemes: ["https"] }), text)) }, [
  "apiKey",
]);

type EntryPoint = [name: string, call: (...given: never[]) => unknown, given: Recipes[]];

const ENTRY_POINTS: EntryPoint[] = [
  ["createPasswordReset", createPasswordReset, [options]],
  ["memoryRateLimiter", memoryRateLimiter, [shapeOf({ maxKeys: numbers, now: functions })]],
  [
    "background",
    background,
    [shapeOf({ concurrency: numbers, maxWaiting: numbers, maxAttempts: numbers, waitUntil: functions })],
  ],
  ["queueDispatcher", queueDispatcher, [hostile]],
  ["rateLimiterFlexible", rateLimiterFlexible, [hostile]],
  ["passwordLength", passwordLength, [shapeOf({ min: numbers, max: numbers })]],
  [
    "breachedPassword",
    breachedPassword,
    [
      shapeOf({
        onUnavailable: mostly(fc.constantFrom("allow", "refuse", undefined)),
        timeoutMs: numbers,
        threshold: numbers,
        endpoint: mostly(fc.oneof(fc.webUrl(), text)),
      }),
    ],
  ],
  [
    "checkPassword",
    checkPassword,
    [
      mostly(text),
      fc.oneof(
        option(
          () => defaultPasswordRules,
          () => undefined,
        ),
        listOf(mostlyOf([() => () => ({ code: "no" })])),
      ),
      fc.oneof(
        option(
          () => ({}),
          () => undefined,
        ),
        shapeOf({ email: names, name: names, appName: names }),
      ),
      option(
        () => en,
        () => ru,
        () => undefined,
      ),
    ],
  ],
  ["sessionStamp", sessionStamp, [shapeOf({ id: mostly(text), passwordHash: mostly(fc.option(text)) })]],
  ["postgresTokens", postgresTokens, [drivers, table]],
  ["mysqlTokens", mysqlTokens, [drivers, table]],
  ["sqliteTokens", sqliteTokens, [drivers, table]],
  ["redisTokens", redisTokens, [drivers, shapeOf({ prefix: names })]],
  ["postgresTokensSql", postgresTokensSql, [table]],
  ["mysqlTokensSql", mysqlTokensSql, [table]],
  ["sqliteTokensSql", sqliteTokensSql, [table]],
  ["nodemailerMailer", nodemailerMailer, [mostlyOf([() => ({ sendMail: nothing })])]],
  ["consoleMailer", consoleMailer, [hostile]],
  [
    "fetchMailer",
    fetchMailer,
    [mostlyOf([() => resend({ apiKey: "key" })]), shapeOf({ timeout: spans, fetch: functions })],
  ],
  ["resend", resend, [service]],
  ["postmark", postmark, [service]],
  ["sendgrid", sendgrid, [service]],
  ["mailgun", mailgun, [shapeOf({ apiKey: names, domain: names, endpoint: names }, ["apiKey", "domain"])]],
  ["passwordResetRoutes", passwordResetRoutes, [routes]],
  [
    "defaultPages",
    defaultPages,
    [
      shapeOf({
        accent: mostly(fc.oneof(fc.constantFrom("#14b", "#1d4ed8"), text)),
        logoUrl: mostly(fc.oneof(fc.webUrl({ validSchemes: ["https"] }), text)),
        stylesheet: mostly(fc.oneof(fc.constantFrom("/reset.css", undefined), text)),
        texts: hostile,
      }),
    ],
  ],
  ["combine", combine, [mostlyOf([() => mailer]), hostile]],
  [
    "standardMessages",
    standardMessages,
    [
      shapeOf({
        supportAddress: mostly(fc.oneof(fc.emailAddress(), text)),
        logoUrl: mostly(fc.oneof(fc.webUrl({ validSchemes: ["https"] }), text)),
        accent: mostly(fc.oneof(fc.constantFrom("#14b", "#1d4ed8"), text)),
      }),
    ],
  ],
];

describe.each(ENTRY_POINTS)("%s", (name, call, given) => {
  test("accepts any arguments or refuses them with ERR_OPTIONS", { timeout }, () => anyArguments(name, call, given));
});

async function anyArguments(...[name, call, given]: EntryPoint): Promise<void> {
  let taken = 0;
  let refused = 0;
  await assertAll(
    fc.tuple(...given) as fc.Arbitrary<Recipe[]>,
    async (recipes) => {
      const values = recipes.map((each) => each.make());
      if (!isReadable(values)) return;
      const answer = await outcome(() => call(...(values as never[])));
      if ("value" in answer) taken += 1;
      else {
        expect(answer.code).toBe("ERR_OPTIONS");
        refused += 1;
      }
    },
    plan(300),
  );
  // Both happened: it is not one wrong argument that decides for all the others.
  expect(taken, name).toBeGreaterThan(0);
  if (name !== "consoleMailer") expect(refused, name).toBeGreaterThan(0);
}
