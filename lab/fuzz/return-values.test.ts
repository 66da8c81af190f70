import fc from "fast-check";
import type { Job, LegacyTokens, PasswordResetOptions, SecondFactor } from "relatch";
import { describe, expect, test } from "vitest";
import { signJob } from "../../src/core/jobs.ts";
import { createGuarded, KEY, outcome } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, isReadable, mostly, type Recipe, type Recipes, shapeOf, text } from "./values.ts";

// The application's functions return or throw anything. Calls still end with a result or a RelatchError, and only the
// exact return value sets a password.

const FINE = Symbol("as it should be");
let misbehave: () => unknown = () => FINE;

/** Copies an object whose function returns something else on demand. */
function misbehaving<T extends object>(port: T, name: keyof T): T {
  const original = port[name] as (...given: unknown[]) => unknown;
  return {
    ...port,
    [name]: async (...given: unknown[]) => {
      const answer = misbehave();
      return answer === FINE ? original.apply(port, given) : answer;
    },
  };
}

const user = shapeOf({
  id: mostly(fc.constant("42"), 9),
  email: mostly(fc.constantFrom("mike@example.org", "other@example.org"), 9),
  passwordHash: mostly(fc.constantFrom("a hash", null), 9),
  name: mostly(text),
  locale: mostly(text),
  tenant: mostly(fc.constantFrom(null, undefined)),
  resetAllowed: mostly(fc.constantFrom(true, false, null, undefined)),
});
const digest = fc.constantFrom("0".repeat(64), "f".repeat(64));
const record = shapeOf({
  tokenHash: mostly(digest),
  userId: mostly(fc.constantFrom("42", "43")),
  fingerprint: mostly(digest),
  expiresAt: mostly(fc.date()),
});
const verdict = shapeOf({ allowed: mostly(fc.boolean()), retryAfterSeconds: mostly(fc.double()) });
const content = shapeOf({ subject: mostly(text), text: mostly(text), html: mostly(text) });
const refusal = shapeOf({
  code: mostly(fc.constantFrom("too_short", "too_long", "mine")),
  params: hostile,
  message: mostly(text),
});

const OLD = "a token of the older flow";
const soon = fc.integer({ min: -60_000, max: 600_000 }).map((ms) => new Date(Date.now() + ms));
const oldToken = shapeOf({
  userId: mostly(fc.constantFrom("42", "43"), 9),
  email: mostly(fc.constantFrom(undefined, "mike@example.org", "other@example.org"), 9),
  expiresAt: mostly(soon, 9),
});
const OLD_FLOW: LegacyTokens = {
  until: new Date(8.64e15),
  find: async (token) => (token === OLD ? { userId: "42", expiresAt: new Date(Date.now() + 60_000) } : null),
  spend: async () => true,
  revoke: async () => undefined,
};

const FACTOR: SecondFactor = { methods: async () => ["totp"], verify: async () => true };
/** Refused responses count for a link, which then is refused as a whole. So a link is used for no more than this. */
const USES = 15;

type Answering = [
  name: string,
  answers: Recipes,
  overrides: (options: PasswordResetOptions) => Partial<PasswordResetOptions>,
  /** The token to complete. Default: the emailed one. */
  token?: string,
];
const users = (name: "findByEmail" | "findById" | "replacePasswordHash", answers: Recipes): Answering => [
  `users.${name}`,
  answers,
  (options) => ({ users: misbehaving(options.users, name) }),
];
const tokens = (name: string, answers: Recipes): Answering => [
  `tokens.${name}`,
  answers,
  (options) => ({ tokens: misbehaving(options.tokens, name as never) }),
];

/** The only return values that may end in a new password. */
const MUST_BE_EXACT: Record<string, (answer: unknown) => boolean> = {
  "users.findById": (answer) => typeof answer === "object" && answer !== null,
  "users.replacePasswordHash": (answer) => answer === true,
  "tokens.find": () => false,
  "legacyTokens.find": (answer) => typeof answer === "object" && answer !== null,
  "legacyTokens.spend": (answer) => answer === true,
  "secondFactor.methods": (answer) => Array.isArray(answer),
  "secondFactor.verify": (answer) => answer === true,
  // An object may be the promise of a hash.
  "hasher.hash": (answer) => (typeof answer === "string" && answer !== "") || typeof answer === "object",
  "a password rule": (answer) => answer === undefined || answer === null,
};

/** Values of options that are called, which the application chooses. */
const readable = (usual: fc.Arbitrary<unknown>) => mostly(usual).filter((recipe) => isReadable(recipe.make()));

/** Returns a function that is not asynchronous. */
const fn = (usual: unknown) =>
  (() => {
    const value = misbehave();
    return value === FINE ? usual : value;
  }) as never;

const PORTS: Answering[] = [
  users("findByEmail", user),
  users("findById", user),
  users("replacePasswordHash", mostly(fc.boolean(), 1)),
  tokens("find", record),
  tokens("save", hostile),
  ["hasher.hash", hostile, ({ hasher }) => ({ hasher: misbehaving(hasher, "hash") })],
  ["mailer.send", hostile, ({ mailer }) => ({ mailer: misbehaving(mailer, "send") })],
  ["appName", readable(text), () => ({ appName: fn("Acme") })],
  [
    "resetUrl",
    readable(fc.webUrl().map((url) => `${url}:token`)),
    () => ({ resetUrl: fn("https://app.example.com/:token") }),
  ],
  [
    "limiter.consume",
    verdict,
    ({ limits }) => {
      const { rateLimiter } = limits || {};
      return { limits: { rateLimiter: rateLimiter && misbehaving(rateLimiter, "consume") } };
    },
  ],
  ["messages.resetLink", content, ({ messages = {} }) => ({ messages: misbehaving(messages, "resetLink") })],
  ["legacyTokens.find", oldToken, () => ({ legacyTokens: misbehaving(OLD_FLOW, "find") }), OLD],
  ["legacyTokens.spend", mostly(fc.boolean(), 1), () => ({ legacyTokens: misbehaving(OLD_FLOW, "spend") }), OLD],
  ["legacyTokens.revoke", hostile, () => ({ legacyTokens: misbehaving(OLD_FLOW, "revoke") })],
  [
    "secondFactor.methods",
    mostly(fc.constantFrom([], ["totp"], ["totp", "passkey"], ["totp", "totp"], ["TOTP"]), 1),
    () => ({ secondFactor: misbehaving(FACTOR, "methods") as never }),
  ],
  ["secondFactor.verify", mostly(fc.boolean(), 1), () => ({ secondFactor: misbehaving(FACTOR, "verify") as never })],
  ["a password rule", mostly(fc.constant(undefined), 1), () => ({ passwordRules: [fn(undefined)] })],
  ["a password rule that refuses", refusal, () => ({ passwordRules: [fn(undefined)] })],
];

describe.each(PORTS)("%s", (...port) => {
  test("returns or throws anything without harm", { timeout }, () => anyReturnValue(...port));
});

async function anyReturnValue(...[name, answers, override, old]: Answering): Promise<void> {
  misbehave = () => FINE;
  const asked = await createGuarded(false, override);
  let used = await createGuarded(false, override);
  expect(used.token).toMatch(/^[\w-]{43}$/);
  const counts = { runs: 0, faults: 0, resets: 0 };
  await assertAll(
    fc.tuple(answers, fc.boolean()),
    async ([recipe, throws]: [Recipe, boolean]) => {
      const answer = recipe.make();
      if (name.startsWith("secondFactor.") && counts.runs++ % USES === 0) {
        misbehave = () => FINE;
        used = await createGuarded(false, override);
      }
      misbehave = () => {
        if (throws) throw answer;
        return answer;
      };
      await ordinary(() => asked.passwordReset.requestReset({ email: "mike@example.org", ip: false }));
      const job = signJob({ ...asked.jobs[0], id: crypto.randomUUID() } as Job, [KEY]);
      await ordinary(() => asked.passwordReset.deliver(job));
      const completed = await ordinary(() =>
        used.passwordReset.completeReset({
          token: old ?? used.token,
          newPassword: "correct horse battery",
          secondFactor: { method: "totp", response: "123456" },
        }),
      );
      misbehave = () => FINE;
      if ("code" in completed) counts.faults += 1;
      else if ((completed.value as { ok: boolean }).ok) {
        counts.resets += 1;
        expect(throws && name in MUST_BE_EXACT).toBe(false);
        expect(MUST_BE_EXACT[name]?.(answer) ?? true).toBe(true);
      }
    },
    plan(120, 100_000),
  );
  expect([...asked.leaks, ...used.leaks].filter(({ message }) => message.startsWith("onError"))).toEqual([]);
  if (name in MUST_BE_EXACT) expect(counts.faults).toBeGreaterThan(0);
  if (!/findById|tokens.find|refuses/.test(name)) expect(counts.resets).toBeGreaterThan(0);
}

async function ordinary(call: () => Promise<unknown>) {
  const answer = await outcome(call);
  if ("code" in answer) expect(answer.code).toMatch(/^ERR_[A-Z_]+$/);
  return answer;
}
