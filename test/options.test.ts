import { background, createPasswordReset, type PasswordResetOptions, signedTokens, TimeSpan } from "relatch";
import { en } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test } from "vitest";
import { harness, MIKE } from "./harness.ts";
import { wrongOptions } from "./helpers/errors.ts";

const good: PasswordResetOptions = {
  ...memoryPorts(),
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
};
const build = (change: Record<string, unknown>) => () => createPasswordReset({ ...good, ...change } as never);

/** A well-formed tag of so many characters. */
const tagOf = (length: number) => `en-x-${"abcdefg-".repeat(8)}`.slice(0, length).replace(/-$/, "a");

describe("wrong options throw ERR_OPTIONS at construction and say what to write", () => {
  test.each([
    ["users", undefined, "users needs a method findByEmail()"],
    ["users", { findByEmail() {}, findById() {} }, "users needs a method replacePasswordHash()"],
    [
      "users",
      { ...good.users, setFirstPasswordHash: "yes" },
      "users.setFirstPasswordHash is a method or left out",
    ],
    ["tokens", null, "tokens needs a method save()"],
    ["tokens", { save() {}, find() {} }, "tokens needs a method deleteByUser()"],
    ["tokens", { kind: "signed" }, "tokens needs a method save()"],
    ["mailer", {}, "mailer needs a method send()"],
    ["hasher", async () => "x", "hasher needs a method hash()"],
    ["appName", "", 'appName is a name like "Acme", or a function'],
    ["appName", undefined, 'appName is a name like "Acme", or a function'],
    ["appName", "://\u200b", 'appName is a name like "Acme", or a function'],
    [
      "resetUrl",
      undefined,
      'resetUrl is no absolute URL. Write it like "https://app.example.com/password_reset/:token"',
    ],
    [
      "resetUrl",
      "http://app.example.com/:token",
      'resetUrl must be https; plain http is for localhost. Write it like "https://app.example.com/password_reset/:token"',
    ],
    [
      "resetUrl",
      "/password_reset/:token",
      'resetUrl is no absolute URL. Write it like "https://app.example.com/password_reset/:token"',
    ],
    [
      "revokeSessions",
      undefined,
      'revokeSessions is (userId) => …, "in_transaction", or false to leave old sessions alive',
    ],
    [
      "revokeSessions",
      true,
      'revokeSessions is (userId) => …, "in_transaction", or false to leave old sessions alive',
    ],
    [
      "tokenLifetime",
      3600,
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      new TimeSpan(0, "s"),
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      new TimeSpan(-1, "h"),
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      new TimeSpan(25, "h"),
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      new TimeSpan(Number.POSITIVE_INFINITY, "h"),
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      new TimeSpan(Number.NaN, "h"),
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "tokenLifetime",
      null,
      'tokenLifetime is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    [
      "deliveryTimeout",
      "30s",
      'deliveryTimeout is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")',
    ],
    ["passwordRules", "strict", "passwordRules is a list of functions"],
    ["passwordRules", [{}], "passwordRules is a list of functions"],
    ["limits", { client: true }, "limits.client is { max: 3, windowSeconds: 3600 }, or false"],
    [
      "limits",
      { client: { max: 0, windowSeconds: 60 } },
      "limits.client is { max: 3, windowSeconds: 3600 }, or false",
    ],
    ["limits", { address: { max: 3, windowSeconds: 60 } }, "limits.address is a list of objects"],
    [
      "limits",
      { address: [{ max: 3.5, windowSeconds: 60 }] },
      "limits.address is { max: 3, windowSeconds: 3600 }, or false",
    ],
    [
      "limits",
      { address: [{ max: 3, windowSeconds: 7200 }] },
      "limits.address: a window must not be longer than tokenLifetime",
    ],
    ["limits", { rateLimiter: {} }, "limits.rateLimiter needs a method consume()"],
    [
      "limits",
      { rateLimiter: { consume() {}, refund: true } },
      "limits.rateLimiter.refund is a method or left out",
    ],
    ["limits", { onUnavailable: "ignore" }, 'limits.onUnavailable is one of "refuse", "allow"'],
    [
      "limits",
      { client: { max: 3, windowSeconds: 60, burst: 9 } },
      "limits.client is { max: 3, windowSeconds: 3600 }, or false",
    ],
    [
      "limits",
      {
        address: [
          { max: 1, windowSeconds: 60 },
          { max: 3, windowSeconds: 3601 },
        ],
      },
      "limits.address: a window must not be longer than tokenLifetime",
    ],
    ["limits", { perUser: 3 }, 'there is no "perUser" among the limits'],
    ["limits", "none", "limits is an object"],
    ["callTimeout", 5000, 'callTimeout is a TimeSpan above 0 and up to 24 hours, e.g. new TimeSpan(30, "m")'],
    ["dispatcher", { dispatch() {}, drain: true }, "dispatcher.drain is a method or left out"],
    ["dispatcher", {}, "dispatcher needs a method dispatch()"],
    ["waitUntil", {}, "waitUntil is a function"],
    ["languages", [], "languages is a list like [en, ru], from relatch/languages"],
    ["languages", ["en"], "languages is a list of objects"],
    ["languages", [en, {}], "languages is a list like [en, ru], from relatch/languages"],
    ["languages", [{ ...en, tag: tagOf(65) }], "languages is a list like [en, ru], from relatch/languages"],
    ["languages", [{}], "languages is a list like [en, ru], from relatch/languages"],
    ["languages", [{ tag: "en" }], "languages is a list like [en, ru], from relatch/languages"],
    ["languages", [{ ...en, tag: "not a tag" }], "languages is a list like [en, ru], from relatch/languages"],
    ["messages", { reset: () => ({}) }, 'there is no "reset" among the messages'],
    ["messages", { resetLink: "hello" }, "messages.resetLink is a function"],
    ["messages", 3, "messages is an object"],
    ["onEvent", console, "onEvent is a function"],
    ["now", Date.UTC(2026, 0), "now is a function that answers a Date"],
    ["tokenLifeTime", new TimeSpan(1, "h"), 'there is no "tokenLifeTime" among the options'],
  ])("%s: %s", (name, value, message) => {
    expect(build({ [name]: value })).toThrow(
      expect.objectContaining({ name: "RelatchError", code: "ERR_OPTIONS", message: `${message}.` }),
    );
  });

  test.each([[undefined], [null], ["options"], [[]], [7]])("%s instead of an object", (options) => {
    expect(() => createPasswordReset(options as never)).toThrow(
      expect.objectContaining({ code: "ERR_OPTIONS" }),
    );
  });

  test("waitUntil and a dispatcher of one's own", () => {
    expect(build({ dispatcher: background(), waitUntil: () => {} })).toThrow(/background\(\{ waitUntil \}\)/);
  });
});

test("what only just will do", () => {
  expect(build({ languages: [{ ...en, tag: tagOf(64) }] })).not.toThrow();
  expect(build({ limits: { address: [{ max: 3, windowSeconds: 3600 }] } })).not.toThrow();
  expect(build({ tokenLifetime: new TimeSpan(24, "h") })).not.toThrow();
});

test("an option that throws when it is read is the cause", () => {
  const cause = new Error("lazy");
  const users = Object.defineProperty({ ...good.users }, "setFirstPasswordHash", {
    get() {
      throw cause;
    },
  });
  expect(build({ users })).toThrow(
    expect.objectContaining({ code: "ERR_OPTIONS", message: "The options cannot be read.", cause }),
  );
});

test("waitUntil is handed the work that is left after an answer", async () => {
  const work: Promise<unknown>[] = [];
  const { passwordReset, mailer } = harness({ waitUntil: (promise) => void work.push(promise) });
  await passwordReset.requestReset({ email: MIKE.email, ip: null });
  expect(work).toHaveLength(1);
  await Promise.all([passwordReset.drain(), ...work]);
  expect(mailer.sent).toHaveLength(1);
});

test("every optional property may be undefined", () => {
  const names = ["tokenLifetime", "passwordRules", "limits", "dispatcher", "waitUntil", "deliveryTimeout"];
  const all = [...names, "languages", "messages", "onEvent", "now"].map((name) => [name, undefined]);
  expect(build(Object.fromEntries(all))).not.toThrow();
  expect(build({ limits: { rateLimiter: undefined, client: undefined, address: undefined } })).not.toThrow();
  expect(build({ messages: { resetLink: undefined } })).not.toThrow();
});

test("options are copied: changing them later changes nothing", async () => {
  const options = { ...good, ...memoryPorts([MIKE]), languages: [en] as [typeof en] };
  const passwordReset = createPasswordReset(options);
  options.users = memoryPorts().users;
  options.resetUrl = "https://evil.example/:token";
  await passwordReset.requestReset({ email: MIKE.email, ip: null });
  await passwordReset.drain();
  expect(options.mailer).toHaveProperty("sent.0.to", MIKE.email);
  expect(options.mailer).toHaveProperty("sent.0.text", expect.stringContaining("https://app.example.com/"));
});

test("ports are called as methods, so that classes keep their this", async () => {
  class Users {
    #rows = [MIKE];
    async findByEmail(email: string) {
      return this.#rows.find((row) => row.email === email);
    }
    async findById(id: string) {
      return this.#rows.find((row) => row.id === id);
    }
    async replacePasswordHash() {
      return this.#rows.length === 1;
    }
  }
  const { passwordReset, requestToken } = harness({ users: new Users() });
  const token = await requestToken();
  const result = await passwordReset.completeReset({ token, newPassword: "correct horse battery" });
  expect(result).toMatchObject({ ok: true });
});

test("a short token lifetime shortens the default address window with it", async () => {
  const { passwordReset, mailer, clock } = harness({ tokenLifetime: new TimeSpan(10, "m") });
  for (let minute = 0; minute < 20; minute++) {
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.drain();
    clock.now += 60_000;
  }
  expect(mailer.sent).toHaveLength(6);
});

test("a clock that is broken is ERR_OPTIONS", async () => {
  const passwordReset = createPasswordReset({ ...good, now: () => new Date(Number.NaN) });
  const request = passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
  await expect(request).rejects.toMatchObject({
    code: expect.stringMatching(/ERR_OPTIONS|ERR_RATE_LIMITER/),
  });
  const delivery = passwordReset.deliver({
    v: 1,
    id: "a",
    at: 0,
    type: "reset_requested",
    email: MIKE.email,
  });
  await expect(delivery).rejects.toEqual(wrongOptions("now must answer a valid Date"));
});

test("signedTokens cannot be told apart by what is printed of them", () => {
  const secret = new Uint8Array(32).fill(65);
  expect(JSON.stringify(signedTokens({ keys: [secret] }))).not.toMatch(/AAAA|65,65/);
});
