import fc from "fast-check";
import type { PasswordResetOptions } from "relatch";
import { describe, expect, test } from "vitest";
import { guarded, outcome } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, mostly, type Recipe, type Recipes, shaped, text } from "./values.ts";

// What the application's functions answer, or throw: whatever it is, nothing comes out but results and RelatchErrors,
// and no answer but the exact one sets a password.

const FINE = Symbol("as it should be");
let misbehave: () => unknown = () => FINE;

/** An object whose function answers something else, when it is told to. */
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

const user = shaped({
  id: mostly(fc.constant("42"), 9),
  email: mostly(fc.constantFrom("mike@example.org", "other@example.org"), 9),
  passwordHash: mostly(fc.constantFrom("a hash", null), 9),
  name: mostly(text),
  locale: mostly(text),
  tenant: mostly(fc.constantFrom(null, undefined)),
  resetAllowed: mostly(fc.constantFrom(true, false, null, undefined)),
});
const digest = fc.constantFrom("0".repeat(64), "f".repeat(64));
const record = shaped({
  tokenHash: mostly(digest),
  userId: mostly(fc.constantFrom("42", "43")),
  fingerprint: mostly(digest),
  expiresAt: mostly(fc.date()),
});
const verdict = shaped({ allowed: mostly(fc.boolean()), retryAfterSeconds: mostly(fc.double()) });
const content = shaped({ subject: mostly(text), text: mostly(text), html: mostly(text) });
const refusal = shaped({
  code: mostly(fc.constantFrom("too_short", "too_long", "mine")),
  params: hostile,
  message: mostly(text),
});

type Answering = [
  name: string,
  answers: Recipes,
  overrides: (options: PasswordResetOptions) => Partial<PasswordResetOptions>,
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

/** No answer of these that is not exactly right may end in a new password. */
const MUST_BE_EXACT: Record<string, (answer: unknown) => boolean> = {
  "users.findById": (answer) => typeof answer === "object" && answer !== null,
  "users.replacePasswordHash": (answer) => answer === true,
  "tokens.find": () => false,
  // An object may be the promise of a hash.
  "hasher.hash": (answer) => (typeof answer === "string" && answer !== "") || typeof answer === "object",
  "a password rule": (answer) => answer === undefined || answer === null,
};

const fn = (answer: unknown) => misbehaving({ of: () => answer }, "of").of as never;

const PORTS: Answering[] = [
  users("findByEmail", user),
  users("findById", user),
  users("replacePasswordHash", mostly(fc.boolean(), 1)),
  tokens("find", record),
  tokens("save", hostile),
  ["hasher.hash", hostile, ({ hasher }) => ({ hasher: misbehaving(hasher, "hash") })],
  ["mailer.send", hostile, ({ mailer }) => ({ mailer: misbehaving(mailer, "send") })],
  ["appName", mostly(text), () => ({ appName: fn("Acme") })],
  [
    "resetUrl",
    mostly(fc.webUrl().map((url) => `${url}:token`)),
    () => ({ resetUrl: fn("https://app.example.com/:token") }),
  ],
  [
    "limiter.consume",
    verdict,
    ({ limits = {} }) => ({
      limits: { rateLimiter: limits.rateLimiter && misbehaving(limits.rateLimiter, "consume") },
    }),
  ],
  ["messages.resetLink", content, ({ messages = {} }) => ({ messages: misbehaving(messages, "resetLink") })],
  ["a password rule", mostly(fc.constant(undefined), 1), () => ({ passwordRules: [fn(undefined)] })],
  ["a password rule that refuses", refusal, () => ({ passwordRules: [fn(undefined)] })],
];

describe.each(PORTS)("%s", (name, answers, override) => {
  test("answers whatever it likes", { timeout }, () => anyAnswers(name, answers, override));
});

async function anyAnswers(...[name, answers, override]: Answering): Promise<void> {
  misbehave = () => FINE;
  // Each link that is mailed kills the one before.
  const asked = await guarded(false, override);
  const used = await guarded(false, override);
  expect(used.token).toMatch(/^[\w-]{43}$/);
  const counts = { faults: 0, resets: 0 };
  await assertAll(
    fc.tuple(answers, fc.boolean()),
    async ([recipe, throws]: [Recipe, boolean]) => {
      const answer = recipe.make();
      misbehave = () => {
        if (throws) throw answer;
        return answer;
      };
      await ordinary(() => asked.passwordReset.requestReset({ email: "mike@example.org", ip: null }));
      await ordinary(() => asked.passwordReset.deliver({ ...asked.jobs[0], id: crypto.randomUUID() }));
      const completed = await ordinary(() =>
        used.passwordReset.completeReset({ token: used.token, newPassword: "correct horse battery" }),
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
  if (name in MUST_BE_EXACT) expect(counts.faults).toBeGreaterThan(0);
  if (!/findById|tokens.find|refuses/.test(name)) expect(counts.resets).toBeGreaterThan(0);
}

async function ordinary(call: () => Promise<unknown>) {
  const answer = await outcome(call);
  if ("code" in answer) expect(answer.code).toMatch(/^ERR_[A-Z_]+$/);
  return answer;
}
