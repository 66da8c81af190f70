import { inline, type MessageInput, type PasswordResetOptions, type ResetUser } from "relatch";
import { en, ru } from "relatch/languages";
import { describe, expect, test, vi } from "vitest";
import { harness, MIKE } from "./harness.ts";
import { WRONG_OPTIONS } from "./helpers/errors.ts";

// The mails that are sent only where the application has words for them.

const NOBODY = "nobody@example.org";
const MINUTE = 60_000;

const words =
  (kind: string) =>
  ({ appName, language }: MessageInput) => ({
    subject: `${appName}: ${kind}`,
    text: `${kind} in ${language.tag}`,
  });
const noAccount = vi.fn(words("no account"));
const noPassword = vi.fn(words("no password"));
const messages = { noAccount, noPassword };

function setup(options: Parameters<typeof harness>[0] = {}) {
  const h = harness({ dispatcher: inline(), messages, ...options });
  const request = async (email: string, more: { tenant?: string; locale?: string } = {}) => {
    const answer = await h.passwordReset.requestReset({ email, ip: null, ...more });
    await h.passwordReset.drain();
    return answer;
  };
  return { ...h, request };
}

describe("the notice to an address that nobody has", () => {
  test("goes to it in canonical form, without a link, and tells of no user", async () => {
    const { request, mailer, happened, events } = setup();
    expect(await request(" NoBody@EXAMPLE.org ")).toEqual({ ok: true });
    const [mail, ...more] = mailer.sent;
    expect(more).toEqual([]);
    expect(mail).toMatchObject({
      to: NOBODY,
      kind: "no_account",
      subject: "Acme: no account",
      text: "no account in en",
      locale: "en",
    });
    expect([mail?.userId, mail?.name, mail?.tenant]).toEqual([undefined, undefined, undefined]);
    expect(happened()).toEqual(["mail_sent", "request_skipped:unknown_account", "reset_requested"]);
    expect(events[0]).toMatchObject({ type: "mail_sent", kind: "no_account" });
  });

  test("is told to the application's functions like any other recipient", async () => {
    const appName = vi.fn(() => "Blue");
    const resetUrl = vi.fn(() => "https://app.example.com/:token");
    const { request, mailer } = setup({ appName, resetUrl, languages: [en, ru] });
    await request(NOBODY, { tenant: "blue", locale: "ru" });
    const to = { locale: "ru", tenant: "blue", name: undefined, userId: undefined };
    expect(appName.mock.calls).toEqual([[to]]);
    // There is no link in it.
    expect(resetUrl).not.toHaveBeenCalled();
    expect(noAccount.mock.lastCall?.[0]).toMatchObject({ to, appName: "Blue", language: { tag: "ru" } });
    expect(mailer.sent).toMatchObject([{ subject: "Blue: no account", tenant: "blue", locale: "ru" }]);
  });

  test("holds nothing that came with the request but the address itself", async () => {
    const { request } = setup({ languages: [en, ru] });
    noAccount.mockClear();
    const locale = "ru;q=0.5, https://evil.example";
    await request("https//evil.example@example.org", { locale });
    const { to, appName, language, ...more } = noAccount.mock.lastCall![0];
    expect([to.locale, appName, language, more]).toEqual(["ru", "Acme", ru, {}]);
    expect(JSON.stringify(to)).not.toContain("evil");
  });

  test("counts against the address like a link", async () => {
    const { request, mailer, clock, happened } = setup();
    for (let nth = 0; nth < 6; nth++) {
      await request(NOBODY);
      await request(NOBODY);
      clock.now += MINUTE;
    }
    expect(mailer.sent).toHaveLength(3);
    expect(happened().filter((type) => type === "request_throttled:address")).toHaveLength(9);
  });

  const elsewhere: [string, ResetUser, object?][] = [
    ["suspended", { ...MIKE, resetAllowed: false }],
    ["of another tenant", { ...MIKE, tenant: "green" }],
    ["with an address on file that mail cannot go to", { ...MIKE, email: `${MIKE.email} ` }],
    ["that a loose store found", { ...MIKE, email: "mike@other.example" }],
  ];
  test.each(elsewhere)("is not sent for an account %s", async (_, account) => {
    const { request, mailer, users, happened } = setup();
    users.findByEmail = async () => account;
    await request(MIKE.email);
    expect(mailer.sent).toEqual([]);
    expect(happened()[0]).toMatch(
      /^request_skipped:(not_allowed|other_tenant|unusable_address|other_address)$/,
    );
  });

  test("is not sent for one that gets a link", async () => {
    const { request, mailer } = setup();
    await request(MIKE.email);
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
  });
});

describe("the notice to an account without a password", () => {
  const BARE: ResetUser = { ...MIKE, email: "Mike@Example.org", passwordHash: null, locale: "ru" };
  const withoutFirst = (options: Parameters<typeof harness>[0] = {}) => {
    const h = setup({ accounts: [BARE], languages: [en, ru], ...options });
    const { findByEmail, findById, replacePasswordHash } = h.users;
    const users: PasswordResetOptions["users"] = { findByEmail, findById, replacePasswordHash };
    return setup({ ...options, languages: [en, ru], users });
  };

  test("goes to the address on file, in the account's language", async () => {
    const { request, mailer, happened } = withoutFirst();
    await request("mike@example.org", { locale: "en" });
    expect(mailer.sent).toMatchObject([
      { to: "Mike@Example.org", kind: "no_password", text: "no password in ru", userId: "42", name: "Mike" },
    ]);
    expect(happened()).toContain("request_skipped:no_password");
  });

  test("is not sent where a first password can be set: then there is a link", async () => {
    const { request, mailer } = setup({ accounts: [BARE], languages: [en, ru] });
    await request("mike@example.org");
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
  });

  test("is not sent to a suspended one", async () => {
    const { request, mailer, happened } = withoutFirst({ accounts: [{ ...BARE, resetAllowed: false }] });
    await request("mike@example.org");
    expect(mailer.sent).toEqual([]);
    expect(happened()).toContain("request_skipped:not_allowed");
  });
});

test("without words of the application no notice is sent", async () => {
  for (const none of [undefined, {}, { noAccount: undefined, noPassword: undefined }]) {
    const { request, mailer, happened } = setup({ messages: none });
    await request(NOBODY);
    expect(mailer.sent).toEqual([]);
    expect(happened()[0]).toBe("request_skipped:unknown_account");
  }
});

describe("a notice is a mail like any other", () => {
  const job = { v: 1, id: "job", at: Date.UTC(2026, 0, 1), type: "reset_requested", email: NOBODY } as const;

  test("delivered twice, and at once, it goes out once", async () => {
    const { passwordReset, mailer, happened } = setup();
    await Promise.all([passwordReset.deliver(job), passwordReset.deliver(job)]);
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(happened()).toEqual(["mail_sent", "request_skipped:unknown_account", "job_dropped:duplicate"]);
  });

  test("tried again it is the same mail", async () => {
    const { passwordReset, mailer } = setup();
    const keys: string[] = [];
    const send = mailer.send.bind(mailer);
    mailer.send = async (message, about) => {
      keys.push(about.idempotencyKey);
      if (keys.length === 1) throw new Error("away");
      return send(message, about);
    };
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_MAILER" });
    await passwordReset.deliver(job);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test("refused for good it is not tried again", async () => {
    const { passwordReset, mailer, happened, events } = setup();
    mailer.send = () =>
      Promise.reject(Object.assign(new Error("550"), { permanent: true, responseCode: 550 }));
    await passwordReset.deliver(job);
    await passwordReset.deliver(job);
    expect(happened()).toEqual(["mail_refused", "request_skipped:unknown_account", "job_dropped:duplicate"]);
    expect(events[0]).toMatchObject({ kind: "no_account", detail: "550" });
  });

  test("composed wrongly it fails with ERR_OPTIONS", async () => {
    const { passwordReset } = setup({ messages: { noAccount: () => ({ subject: "s" }) as never } });
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });
});

test("the answer and what happens before it are the same with notices, for everybody", async () => {
  const { passwordReset, happened, events } = harness({ messages, dispatcher: { dispatch: async () => {} } });
  const answers = await Promise.all(
    [MIKE.email, NOBODY].map((email) => passwordReset.requestReset({ email, ip: null })),
  );
  expect(answers).toEqual([{ ok: true }, { ok: true }]);
  expect(happened()).toEqual(["reset_requested", "reset_requested"]);
  expect(events[0]).toEqual(events[1]);
});

test.each([
  ["noAccount", { noAccount: "You have none" }],
  ["noPassword", { noPassword: null }],
  ["a message that there is not", { noacount: noAccount }],
])("%s that is none is refused at construction", (_, given) => {
  expect(() => harness({ messages: given as never })).toThrow(WRONG_OPTIONS);
});
