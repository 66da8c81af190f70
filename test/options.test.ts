import { background, createPasswordReset, type PasswordResetOptions, signedTokens, TimeSpan } from "relatch";
import { en } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test } from "vitest";
import { harness, MIKE } from "./harness.ts";

const good: PasswordResetOptions = {
  ...memoryPorts(),
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
};
const build = (change: Record<string, unknown>) => () => createPasswordReset({ ...good, ...change } as never);

describe("wrong options throw ERR_OPTIONS at construction and say what to write", () => {
  test.each([
    ["users", undefined, /users needs a method findByEmail\(\)/],
    ["users", { findByEmail() {}, findById() {} }, /replacePasswordHash\(\)/],
    ["users", { ...good.users, setFirstPasswordHash: "yes" }, /setFirstPasswordHash is a method or left out/],
    ["tokens", null, /tokens needs a method save\(\)/],
    ["tokens", { save() {}, find() {} }, /deleteByUser\(\)/],
    ["tokens", { kind: "signed" }, /save\(\)/],
    ["mailer", {}, /mailer needs a method send\(\)/],
    ["hasher", async () => "x", /hasher needs a method hash\(\)/],
    ["appName", "", /appName is a name like "Acme"/],
    ["appName", undefined, /appName/],
    ["appName", "://\u200b", /appName/],
    ["resetUrl", undefined, /https:\/\/app\.example\.com\/password_reset\/:token/],
    ["resetUrl", "http://app.example.com/:token", /https/],
    ["resetUrl", "/password_reset/:token", /absolute/],
    ["revokeSessions", undefined, /revokeSessions is \(userId\) =>/],
    ["revokeSessions", true, /in_transaction/],
    ["tokenLifetime", 3600, /new TimeSpan\(30, "m"\)/],
    ["tokenLifetime", new TimeSpan(0, "s"), /above 0/],
    ["tokenLifetime", new TimeSpan(-1, "h"), /above 0/],
    ["tokenLifetime", new TimeSpan(25, "h"), /24 hours/],
    ["tokenLifetime", new TimeSpan(Number.POSITIVE_INFINITY, "h"), /24 hours/],
    ["tokenLifetime", new TimeSpan(Number.NaN, "h"), /24 hours/],
    ["tokenLifetime", null, /TimeSpan/],
    ["deliveryTimeout", "30s", /deliveryTimeout is a TimeSpan/],
    ["passwordRules", "strict", /passwordRules is a list of functions/],
    ["passwordRules", [{}], /passwordRules is a list of functions/],
    ["limits", { client: true }, /limits\.client is \{ max: 3, windowSeconds: 3600 \}, or false/],
    ["limits", { client: { max: 0, windowSeconds: 60 } }, /limits\.client/],
    ["limits", { address: { max: 3, windowSeconds: 60 } }, /limits\.address is a list/],
    ["limits", { address: [{ max: 3.5, windowSeconds: 60 }] }, /limits\.address/],
    ["limits", { address: [{ max: 3, windowSeconds: 7200 }] }, /not be longer than tokenLifetime/],
    ["limits", { rateLimiter: {} }, /limits\.rateLimiter needs a method consume\(\)/],
    ["limits", { perUser: 3 }, /no "perUser" among the limits/],
    ["limits", "none", /limits is an object/],
    ["dispatcher", {}, /dispatcher needs a method dispatch\(\)/],
    ["waitUntil", {}, /waitUntil is a function/],
    ["languages", [], /languages is a list like \[en, ru\]/],
    ["languages", ["en"], /languages is a list/],
    ["languages", [{}], /languages is a list like \[en, ru\]/],
    ["languages", [{ tag: "en" }], /languages is a list like \[en, ru\]/],
    ["languages", [{ ...en, tag: "not a tag" }], /languages is a list like \[en, ru\]/],
    ["messages", { reset: () => ({}) }, /no "reset" among the messages/],
    ["messages", { resetLink: "hello" }, /messages\.resetLink is a function/],
    ["messages", 3, /messages is an object/],
    ["onEvent", console, /onEvent is a function/],
    ["now", Date.UTC(2026, 0), /now is a function/],
    ["tokenLifeTime", new TimeSpan(1, "h"), /no "tokenLifeTime" among the options/],
  ])("%s: %s", (name, value, message) => {
    expect(build({ [name]: value })).toThrow(
      expect.objectContaining({ name: "RelatchError", code: "ERR_OPTIONS" }),
    );
    expect(build({ [name]: value })).toThrow(message);
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
});

test("signedTokens cannot be told apart by what is printed of them", () => {
  const secret = new Uint8Array(32).fill(65);
  expect(JSON.stringify(signedTokens({ keys: [secret] }))).not.toMatch(/AAAA|65,65/);
});
