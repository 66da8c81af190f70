import {
  background,
  createPasswordReset,
  type PasswordResetOptions,
  queueDispatcher,
  type Site,
  signedTokens,
  TimeSpan,
} from "relatch";
import { en, ru } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { harness, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";

const good: PasswordResetOptions = {
  ...memoryPorts(),
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
};
const build = (changes: object) => () => createPasswordReset({ ...good, ...changes });

/** Returns a well-formed tag of this length. */
const tagOf = (length: number) => `en-x-${"abcdefg-".repeat(8)}`.slice(0, length).replace(/-$/, "a");

describe("createPasswordReset accepts", () => {
  test.each<[string, object]>([
    ["a language tag of 64 characters", { languages: [{ ...en, tag: tagOf(64) }] }],
    ["a window as long as the token lifetime", { limits: { address: [{ max: 3, window: new TimeSpan(3600, "s") }] } }],
    ["limits that are switched off one by one", { limits: { client: false, address: false } }],
    ["limits that are switched off at once", { limits: false }],
    ["a sender", { from: "Acme <noreply@example.com>" }],
    ["a sender for each tenant", { from: ({ tenant }: Site) => `${tenant} <noreply@example.com>` }],
    ["five keys", { keys: Array.from({ length: 5 }, (_, n) => new Uint8Array(32).fill(n + 1)) }],
    ["signed tokens with keys", { tokens: signedTokens(), keys: KEYS }],
    ["a queue with keys", { dispatcher: queueDispatcher(async () => {}), keys: KEYS }],
    ["only the newest link of a store", { onlyNewestLink: true }],
    ["a token lifetime of 24 hours", { tokenLifetime: new TimeSpan(24, "h") }],
    ["no password rules", { passwordRules: [] }],
    ["limits that are undefined", { limits: { rateLimiter: undefined, client: undefined, address: undefined } }],
    ["messages that are undefined", { messages: { resetLink: undefined, noAccount: undefined } }],
    [
      "optional options that are undefined",
      Object.fromEntries(
        [
          "tokenLifetime",
          "passwordRules",
          "limits",
          "dispatcher",
          "from",
          "keys",
          "onlyNewestLink",
          "callTimeout",
          "deliveryTimeout",
        ]
          .concat("languages", "messages", "onEvent", "now")
          .map((name) => [name, undefined]),
      ),
    ],
  ])("%s", (_, changes) => {
    expect(build(changes)).not.toThrow();
  });

  test("ports whose methods need their this", async () => {
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
});

test.each<[string, object, string]>([
  ["a language tag of 65 characters", { languages: [{ ...en, tag: tagOf(65) }] }, "languages[0]"],
  ["a language without a greeting", { languages: [en, { tag: "ru" }] }, "languages[1]"],
  ["a tag that is not one", { languages: [{ ...en, tag: "not a tag" }] }, "languages[0]"],
])("createPasswordReset refuses %s", (_, changes, keyword) => {
  expect(build(changes)).toThrow(relatchError("ERR_OPTIONS", keyword));
});

test("createPasswordReset copies its options, so later changes have no effect", async () => {
  const languages = [ru, en] as [typeof en, typeof en];
  const options = { ...good, ...memoryPorts([MIKE]), languages };
  const passwordReset = createPasswordReset(options);
  languages.shift();
  options.users = memoryPorts().users;
  options.resetUrl = "https://evil.example/:token";
  await passwordReset.requestReset({ email: MIKE.email, ip: false });
  await passwordReset.drain();
  const [email] = options.mailer.sent;
  expect(email).toMatchObject({ to: MIKE.email, locale: "ru" });
  expect(email?.text).toContain("https://app.example.com/");
});

test("background with waitUntil hands its work to the platform", async () => {
  const work: Promise<unknown>[] = [];
  const { passwordReset, mailer } = harness({
    dispatcher: background({ waitUntil: (promise) => void work.push(promise) }),
  });
  await passwordReset.requestReset({ email: MIKE.email, ip: false });
  expect(work).toHaveLength(1);
  await Promise.all([passwordReset.drain(), ...work]);
  expect(mailer.sent).toHaveLength(1);
});

test("A short token lifetime shortens the default window of the address limit", async () => {
  const { passwordReset, mailer, clock } = harness({ tokenLifetime: new TimeSpan(10, "m") });
  for (let minute = 0; minute < 20; minute++) {
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    clock.now += 60_000;
  }
  expect(mailer.sent).toHaveLength(6);
});

test.each([new Date(Number.NaN), 1_790_000_000_000, undefined])(
  "A clock that returns %s is ERR_OPTIONS",
  async (instant) => {
    const { requestJob, users } = queuedHarness();
    const job = await requestJob();
    const { passwordReset } = harness({ users, keys: KEYS, now: () => instant as Date });
    await expect(passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_OPTIONS", "now"));
    const request = passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
    await expect(request).rejects.toMatchObject({ code: "ERR_RATE_LIMITER" });
  },
);

test("Signed tokens need one origin for all languages of a tenant", async () => {
  const languages = [en, ru] as [typeof en, typeof ru];
  const signed = { tokens: signedTokens(), keys: KEYS, languages };
  const byLanguage = ({ locale }: Site) => `https://${locale}.example.com/:token`;
  for (const tenants of [undefined, ["blue"]]) {
    expect(() => harness({ ...signed, tenants, resetUrl: byLanguage })).toThrow(
      relatchError("ERR_OPTIONS", "resetUrl"),
    );
  }
  // Tenants that come and go are judged with their first call.
  const dynamic = harness({ ...signed, tenants: "dynamic", resetUrl: byLanguage });
  const verification = dynamic.passwordReset.verifyToken({ token: "A".repeat(78), tenant: "blue" });
  await expect(verification).rejects.toEqual(relatchError("ERR_OPTIONS", "resetUrl"));
  const byPath = ({ locale }: Site) => `https://app.example.com/${locale}/:token`;
  const other = harness({ ...signed, resetUrl: byPath });
  expect(await other.passwordReset.verifyToken({ token: await other.requestToken() })).toMatchObject({
    ok: true,
  });
  // The control: stored links name no origin.
  const stored = harness({ languages, resetUrl: byLanguage });
  expect(await stored.passwordReset.verifyToken({ token: await stored.requestToken() })).toMatchObject({
    ok: true,
  });
});

test("from is in every email, and may depend on tenant and language", async () => {
  const from = ({ tenant, locale }: Site) => `Acme ${tenant} <${locale}@example.com>`;
  const accounts = [{ ...MIKE, tenant: "blue" }];
  const { requestToken, mailer } = harness({ accounts, from, tenants: ["blue"] });
  await requestToken(MIKE.email, "blue");
  expect(mailer.sent[0]?.from).toBe("Acme blue <en@example.com>");
});

test("The default limiter reads the clock of the options", async () => {
  const clock = vi.fn(() => new Date());
  const h = harness({ now: clock });
  await h.passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
  expect(clock.mock.calls.length).toBeGreaterThan(2);
});
