import type { Job, Mailer, MailKind, MessageInput, ResetUser } from "relatch";
import { en, ru } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { createCore } from "../../../src/core/core.ts";
import { assertInTime, collectInput, sendOnce, writeContent } from "../../../src/core/email.ts";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, type HarnessOptions, MIKE, queuedHarness } from "../../helpers/harness.ts";

const NOBODY = "nobody@example.org";
const FROM = "Acme <noreply@example.com>";
const HOUR = 60 * 60_000;

/** A harness that delivers every request at once. */
function setup(options: HarnessOptions = {}) {
  const its = queuedHarness({ limits: { address: false }, ...options });
  const request = async (email = MIKE.email, more: object = {}) => {
    const result = await its.passwordReset.requestReset({ email, ip: false, ...more });
    await its.passwordReset.deliver(its.jobs.at(-1));
    return result;
  };
  /** Resets the password with the newest link, and delivers the notice. */
  const complete = async (more: object = {}) => {
    const token = its.mailer.lastToken(MIKE.email);
    await its.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, ...more });
    await its.passwordReset.deliver(its.jobs.at(-1));
  };
  return { ...its, request, complete };
}

describe("The email with the link", () => {
  test("goes to the address on file, spelled as it is stored, with its header fields and its facts", async () => {
    const { request, mailer, jobs, clock } = setup({ accounts: [{ ...MIKE, email: "Mike@EXAMPLE.org" }], from: FROM });
    await request(" mike@example.ORG ");
    const [email] = mailer.sent;
    const key = email?.idempotencyKey;
    expect(key).toMatch(/^[\w-]{43}$/);
    const url = expect.stringMatching(/^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/);
    const facts = { appName: "Acme", name: "Mike", url, expiresAt: new Date(clock.now + HOUR), validFor: "1 hour" };
    expect(email).toEqual({
      ...{ from: FROM, to: "Mike@EXAMPLE.org", subject: "Reset your Acme password" },
      ...{ text: expect.stringContaining(mailer.lastLink("Mike@EXAMPLE.org") ?? "none"), html: expect.any(String) },
      headers: {
        ...{ "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply", "X-Entity-Ref-ID": key },
        ...{ "Message-ID": `<${key}@example.com>`, References: `<about-${key}@example.com>` },
      },
      variables: { kind: "reset_link", ...facts, requestedAt: undefined, requestedFrom: undefined },
      ...{ kind: "reset_link", userId: "42", name: "Mike", locale: "en", idempotencyKey: key, jobId: jobs[0]?.id },
    });
  });

  test("has no Message-ID and no References without from, because both need a domain", async () => {
    const { request, mailer } = setup();
    await request();
    const names = ["Auto-Submitted", "X-Auto-Response-Suppress", "X-Entity-Ref-ID"];
    expect(Object.keys(mailer.sent[0]?.headers ?? {})).toEqual(names);
  });

  test("is in the language of the account, otherwise of the request, otherwise the first", async () => {
    const ann = { ...MIKE, id: "43", email: "ann@example.org" };
    const { request, mailer } = setup({ accounts: [{ ...MIKE, locale: "ru-RU" }, ann], languages: [en, ru] });
    await request(MIKE.email, { locale: "en" });
    await request(ann.email, { locale: "de-CH, ru;q=0.9, en;q=0.1" });
    await request(ann.email);
    expect(mailer.sent.map(({ locale }) => locale)).toEqual(["ru", "ru", "en"]);
    expect(mailer.sent[0]?.subject).toBe(ru.resetLink.subject("Acme"));
    expect(mailer.sent[0]?.variables).toMatchObject({ validFor: expect.stringMatching(/^1\sчас$/) });
  });

  test("names application and link by recipient, for several tenants", async () => {
    const { request, mailer } = setup({
      accounts: [{ ...MIKE, tenant: "blue" }],
      tenants: ["blue", "red"],
      appName: ({ tenant }) => `Acme ${tenant}`,
      from: ({ tenant }) => `noreply@${tenant}.example`,
      resetUrl: ({ tenant }) => `https://${tenant}.example.com/r?t=:token`,
    });
    await request(MIKE.email, { tenant: "blue" });
    expect(mailer.sent[0]).toMatchObject({ subject: "Reset your Acme blue password", tenant: "blue" });
    expect(mailer.sent[0]?.headers["Message-ID"]).toMatch(/@blue\.example>$/);
    expect(mailer.lastLink(MIKE.email)).toMatch(/^https:\/\/blue\.example\.com\/r\?t=/);
  });

  test("can be replaced, also asynchronously, and its subject stays one line", async () => {
    const resetLink = vi.fn(async ({ url }: MessageInput<"reset_link">) => ({
      subject: "Hi\r\nBcc: eve@x.com",
      text: url,
    }));
    const { request, mailer, clock } = setup({ messages: { resetLink } });
    await request();
    expect(mailer.sent).toMatchObject([{ subject: "Hi Bcc: eve@x.com", html: undefined }]);
    const facts = { kind: "reset_link", appName: "Acme", validFor: "1 hour", expiresAt: new Date(clock.now + HOUR) };
    expect(resetLink.mock.calls[0]?.[0]).toMatchObject({ ...facts, language: en });
  });

  test("tells nobody a name that is more than a name", async () => {
    const appName = vi.fn(() => "Acme");
    const name = "Your account was hacked: https://evil.example";
    const { request, mailer } = setup({ accounts: [{ ...MIKE, name }], appName });
    await request();
    expect(appName.mock.calls).toContainEqual([{ locale: "en", tenant: undefined }]);
    expect(JSON.stringify(mailer.sent)).not.toContain("evil");
    expect([mailer.sent[0]?.name, mailer.sent[0]?.variables.name]).toEqual([undefined, undefined]);
  });

  test.each<[HarnessOptions["appName"], string]>([
    ["Booking.com", "Booking.com"],
    [" Acme:\r\n\u202eTools\u0000 ", "Acme: Tools"],
    ["x".repeat(65), "x".repeat(64)],
    // The names of tenants come from data.
    [() => "Booking.com", "Booking\u2024com"],
    [() => "https://evil.example", "https evil\u2024example"],
  ])("prints the application's name %j as %j", async (appName, printed) => {
    const { request, mailer } = setup({ appName: appName! });
    await request();
    expect(mailer.sent[0]).toMatchObject({
      subject: `Reset your ${printed} password`,
      variables: { appName: printed },
    });
  });
});

describe("Every email", () => {
  test("has the facts of its kind as frozen variables", async () => {
    const bare = { ...MIKE, id: "43", email: "ann@example.org", passwordHash: null };
    const write = () => ({ subject: "S", text: "T" });
    const messages = { noAccount: write, noPassword: write };
    const { request, complete, mailer, passwordReset, jobs, clock } = setup({ accounts: [MIKE, bare], messages });
    await request();
    await complete();
    await request(NOBODY);
    await passwordReset.sendLink({ userId: "43" });
    await passwordReset.deliver(jobs.at(-1));
    const ssoOnly = setup({
      accounts: [bare],
      messages,
      users: { ...setup({ accounts: [bare] }).users, setFirstPasswordHash: undefined },
    });
    await ssoOnly.request(bare.email);

    const link = { url: expect.stringMatching(/^https:/), expiresAt: expect.any(Date), validFor: expect.any(String) };
    const all = [...mailer.sent, ...ssoOnly.mailer.sent].map(({ variables }) => variables);
    expect(all).toEqual([
      { kind: "reset_link", appName: "Acme", name: "Mike", ...link },
      { kind: "password_changed", appName: "Acme", name: "Mike", changedAt: new Date(clock.now) },
      { kind: "no_account", appName: "Acme" },
      { kind: "invitation", appName: "Acme", name: "Mike", ...link, validFor: "3 days" },
      { kind: "no_password", appName: "Acme", name: "Mike" },
    ]);
    expect(all.every(Object.isFrozen)).toBe(true);
  });

  test("has a different idempotency key, also in its header fields", async () => {
    const { request, complete, mailer } = setup({ from: FROM });
    await request();
    await request();
    await complete();
    const keys = mailer.sent.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(3);
    expect(mailer.sent.map(({ headers }) => headers["X-Entity-Ref-ID"])).toEqual(keys);
  });

  test("is traced by job and correlationId, and by how long it took since the request", async () => {
    const { passwordReset, requestJob, jobs, mailer, events, clock } = setup();
    await passwordReset.requestReset({ email: MIKE.email, ip: false, correlationId: "request-1" });
    clock.now += 1234;
    await passwordReset.deliver(jobs[0]);
    await passwordReset.deliver(await requestJob());
    const token = mailer.lastToken(MIKE.email);
    await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, correlationId: "request-2" });
    clock.now -= 5000;
    await passwordReset.deliver(jobs.at(-1));
    const due = [
      { kind: "reset_link", correlationId: "request-1", jobId: jobs[0]?.id },
      { kind: "reset_link", correlationId: undefined, jobId: jobs[1]?.id },
      { kind: "password_changed", correlationId: "request-2", jobId: jobs[2]?.id },
    ];
    expect(mailer.sent).toMatchObject(due);
    // A clock that was set back makes no negative duration.
    const durations = [1234, 0, 0].map((durationMs, nth) => ({
      type: "mail_sent",
      userId: "42",
      durationMs,
      ...due[nth],
    }));
    expect(events.filter(({ type }) => type === "mail_sent")).toMatchObject(durations);
  });
});

describe("mentionRequest", () => {
  const GLOBAL = "93.184.216.34";
  const at = "January 1, 2026 at 12:00 AM UTC";
  const mentioned = { mentionRequest: true };

  test("prints the time and the public address of the client, in the link and in the notice", async () => {
    const { request, complete, mailer, clock } = setup(mentioned);
    await request(MIKE.email, { ip: "::ffff:5db8:d822" });
    await complete({ ip: "2A00:1450:4001:0:0:0:0:8" });
    const [link, notice] = mailer.sent;
    expect(link?.text).toContain(`This email was requested on ${at} from the IP address ${GLOBAL}.`);
    expect(link?.variables).toMatchObject({ requestedAt: new Date(clock.now), requestedFrom: GLOBAL });
    expect(notice?.text).toContain(`was changed on ${at} from the IP address 2a00:1450:4001::8.`);
  });

  test.each([false, null, "10.0.0.1", "fd00::1", "203.0.113.7", "evil.example", `${GLOBAL}, ${GLOBAL}`])(
    "prints the time alone if ip is %j",
    async (ip) => {
      const { request, complete, mailer } = setup({ ...mentioned, limits: false });
      await request(MIKE.email, { ip });
      await complete({ ip });
      for (const { text } of mailer.sent) expect(text).toContain(`on ${at}.`);
      expect(JSON.stringify(mailer.sent)).not.toMatch(/IP address|evil/);
    },
  );

  test("prints the time alone if the back office asked for the link or the invitation", async () => {
    const accounts = [MIKE, { ...MIKE, id: "43", passwordHash: null }];
    const { passwordReset, mailer, jobs } = setup({ ...mentioned, accounts });
    for (const userId of ["42", "43"]) {
      await passwordReset.sendLink({ userId, ip: GLOBAL } as never);
      await passwordReset.deliver(jobs.at(-1));
    }
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "invitation"]);
    for (const { text } of mailer.sent) expect(text).toContain(`This email was requested on ${at}.`);
  });

  test("is off by default, and then no job and no email has an address", async () => {
    const { request, complete, mailer, jobs } = setup();
    await request(MIKE.email, { ip: GLOBAL });
    await complete({ ip: GLOBAL });
    expect(mailer.sent).toHaveLength(2);
    expect(JSON.stringify([mailer.sent, jobs])).not.toContain(GLOBAL);
    expect(mailer.sent[0]?.text).not.toContain("requested on");
  });
});

describe("sendOnce", () => {
  /** A core whose mailer responds when the test says so, in the order of its calls. */
  function setupCore() {
    const responses: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const send = () => new Promise<void>((resolve, reject) => responses.push({ resolve, reject }));
    const core = createCore({
      ...memoryPorts([MIKE]),
      ...{ mailer: { send } as Mailer, appName: "Acme" },
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
      onError: () => {},
    });
    const start = (id: string) => {
      const job = { v: 2, id, at: 0, type: "request", email: MIKE.email, locale: "en" } as unknown as Job;
      const input = { ...collectInput(core.config, { id: MIKE.id }, job), kind: "no_account" as const };
      const email = { address: MIKE.email, idempotencyKey: "key", input, write: () => ({ subject: "S", text: "T" }) };
      return sendOnce(core, { isOver: false, startedAt: 0, isOurs: true, key: undefined }, job, email);
    };
    return { core, responses, start };
  }

  test("forgets an email that was sent, and one that was not", async () => {
    const { core, responses, start } = setupCore();
    const failed = expect(start("a")).rejects.toEqual(relatchError("ERR_MAILER"));
    await vi.waitFor(() => expect(responses).toHaveLength(1));
    expect(core.sending.size).toBe(1);
    responses[0]?.reject(new Error("away"));
    await failed;
    expect(core.sending.size).toBe(0);
    const sent = start("a");
    await vi.waitFor(() => expect(responses).toHaveLength(2));
    responses[1]?.resolve();
    await sent;
    expect(core.sending.size).toBe(0);
  });

  test("lets another job wait for the newest attempt, although an earlier one has failed since", async () => {
    const { responses, start } = setupCore();
    const failed = expect(start("a")).rejects.toEqual(relatchError("ERR_MAILER"));
    const newest = start("a");
    await vi.waitFor(() => expect(responses).toHaveLength(2));
    responses[0]?.reject(new Error("away"));
    await failed;
    const other = start("b");
    await new Promise((resolve) => setTimeout(resolve, 5));
    responses[1]?.resolve();
    await Promise.all([newest, other]);
    expect(responses).toHaveLength(2);
  });
});

test("An attempt whose time is up ends with an error that says so", () => {
  const attempt = { startedAt: 0, isOurs: true, key: undefined };
  const error = relatchError("ERR_DISPATCHER", "The time of this attempt is up.");
  expect(() => assertInTime({ ...attempt, isOver: true })).toThrow(error as Error);
  expect(() => assertInTime({ ...attempt, isOver: false })).not.toThrow();
});

describe("writeContent", () => {
  const report = vi.fn();
  const write = (content: unknown, kind: MailKind = "reset_link") =>
    writeContent({ report, timeout: 1000 }, kind, () => content as never);

  test.each([
    [
      { subject: "S", text: "T" },
      { subject: "S", text: "T", html: undefined },
    ],
    [
      { subject: " a\r\nb ", text: "T", html: "<p>" },
      { subject: "a b", text: "T", html: "<p>" },
    ],
    [
      { subject: "S", text: "T", html: null },
      { subject: "S", text: "T", html: null },
    ],
    [
      { subject: "S", text: "T", to: "eve@evil.example", headers: {} },
      { subject: "S", text: "T", html: undefined },
    ],
  ])("takes subject, text and html of %o, and nothing else", async (content, written) => {
    expect(await write(content)).toEqual(written);
    expect(await write(Promise.resolve(content))).toEqual(written);
  });

  test.each([
    ["reset_link", "resetLink"],
    ["invitation", "invitation"],
    ["password_changed", "passwordChanged"],
    ["no_account", "noAccount"],
    ["no_password", "noPassword"],
  ] as const)("names the message of kind %s that failed: messages.%s", async (kind, name) => {
    report.mockClear();
    const cause = new TypeError("no template for https://app.example.com/password_reset/secret");
    const thrown = write(Promise.reject(cause), kind);
    await expect(thrown).rejects.toEqual(relatchError("ERR_OPTIONS", `messages.${name} threw`));
    const error = await thrown.catch((reason: Error) => reason);
    expect(`${error}`).not.toContain("secret");
    // Without the list of what it was given, nothing of the cause is printed.
    expect(report.mock.calls).toEqual([[error, cause, undefined]]);
  });

  test.each([
    undefined,
    null,
    "text",
    {},
    { subject: "S" },
    { subject: 7, text: "T" },
    { subject: "S", text: "T", html: 7 },
  ])("refuses %j", async (content) => {
    await expect(write(content)).rejects.toEqual(relatchError("ERR_OPTIONS", "messages.resetLink must return"));
  });
});

describe("The optional emails", () => {
  const write = (kind: string) =>
    vi.fn(({ appName, language }: MessageInput) => ({
      subject: `${appName}: ${kind}`,
      text: `${kind} ${language.tag}`,
    }));
  const messages = () => ({ noAccount: write("no account"), noPassword: write("no password") });
  /** A harness whose store finds this account, which cannot set a first password. */
  const withoutFirstPassword = (account: ResetUser) => {
    const users = { ...setup().users, setFirstPasswordHash: undefined, findByEmail: async () => account };
    const tenants = account.tenant ? ["blue", account.tenant] : undefined;
    return setup({ users, tenants, languages: [en, ru], messages: messages() });
  };

  test("go to an address without an account in canonical form, without a link and without a user", async () => {
    const { request, mailer, happened, events } = setup({ messages: messages() });
    expect(await request(" NoBody@EXAMPLE.org ")).toEqual({ ok: true });
    const [email, ...others] = mailer.sent;
    expect(others).toEqual([]);
    expect(email).toMatchObject({ to: NOBODY, kind: "no_account", subject: "Acme: no account", text: "no account en" });
    const { html, userId, name, tenant, locale } = email!;
    expect({ html, userId, name, tenant, locale }).toEqual({ locale: "en" });
    expect(happened()).toEqual(["reset_requested", "mail_sent", "request_skipped:unknown_account"]);
    expect(events[1]).toMatchObject({ kind: "no_account", userId: undefined });
  });

  test("contain nothing of the request but tenant and language, and ask for no link", async () => {
    const appName = vi.fn(() => "Blue");
    const resetUrl = vi.fn(() => "https://app.example.com/:token");
    const words = messages();
    const options = { appName, resetUrl, languages: [en, ru] as const, messages: words };
    const { request } = setup({ ...options, tenants: ["blue"] });
    // They are called at construction as well.
    for (const call of [appName, resetUrl]) call.mockClear();
    const locale = "ru;q=0.5, https://evil.example";
    await request("https//evil.example@example.org", { tenant: "blue", locale });
    const to = { locale: "ru", tenant: "blue" };
    expect(appName.mock.calls).toEqual([[{ locale: "ru", tenant: "blue" }]]);
    expect(resetUrl).not.toHaveBeenCalled();
    expect(words.noAccount.mock.calls).toEqual([[{ kind: "no_account", to, appName: "Blue", language: ru }]]);
  });

  test("go to the address on file of an account without a password, in its language", async () => {
    const account = { ...MIKE, email: "Mike@Example.org", passwordHash: null, locale: "ru" };
    const { request, mailer, happened } = withoutFirstPassword(account);
    await request(MIKE.email, { locale: "en" });
    const email = {
      to: "Mike@Example.org",
      kind: "no_password",
      text: "no password ru",
      userId: "42",
      name: "Mike",
    };
    expect(mailer.sent).toMatchObject([email]);
    expect(happened()).toContain("request_skipped:no_password");
  });

  test.each([
    ["a suspended account", "not_allowed", { resetAllowed: false }],
    ["a suspended account without a password", "not_allowed", { resetAllowed: false, passwordHash: null }],
    ["an account of another tenant", "other_tenant", { tenant: "green" }],
    ["an account with an unusable address", "unusable_address", { email: `${MIKE.email} ` }],
    ["another account", "other_address", { email: "mike@other.example" }],
  ])("do not go to %s", async (_, reason, change) => {
    const { request, mailer, happened } = withoutFirstPassword({ ...MIKE, ...change });
    await request(MIKE.email, "tenant" in change ? { tenant: "blue" } : {});
    expect(happened().at(-1)).toBe(`request_skipped:${reason}`);
    expect(mailer.sent).toEqual([]);
  });

  test("do not go to an account that gets a link, for a first password too", async () => {
    for (const passwordHash of [MIKE.passwordHash, null]) {
      const { request, mailer } = setup({ accounts: [{ ...MIKE, passwordHash }], messages: messages() });
      await request();
      expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
    }
  });

  test("are not sent without the application's own words", async () => {
    for (const none of [undefined, {}, { noAccount: undefined, noPassword: undefined }]) {
      const { request, mailer, happened } = setup({ messages: none });
      await request(NOBODY);
      expect(mailer.sent).toEqual([]);
      expect(happened()).toEqual(["reset_requested", "request_skipped:unknown_account"]);
    }
  });

  test("are the same email when they are sent again, and end their job when they are refused for good", async () => {
    const keys: string[] = [];
    const outcomes = [new Error("away"), Object.assign(new Error("550"), { permanent: true, responseCode: 550 })];
    const mailer = {
      async send(_: unknown, { idempotencyKey }: { idempotencyKey: string }) {
        keys.push(idempotencyKey);
        throw outcomes.shift();
      },
    };
    const { requestJob, passwordReset, events, happened } = setup({ mailer, messages: messages() });
    const job = await requestJob(NOBODY);
    await expect(passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_MAILER"));
    for (let nth = 0; nth < 2; nth++) await passwordReset.deliver(job);
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(happened().slice(2)).toEqual([
      ...["mail_refused", "request_skipped:unknown_account", "job_dropped:duplicate"],
    ]);
    expect(events[2]).toMatchObject({ kind: "no_account", detail: "550" });
  });
});
