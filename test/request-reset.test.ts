import { inline, type Job, type MailMessage, RelatchError } from "relatch";
import { en, ru } from "relatch/languages";
import { memoryUsers } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, MIKE } from "./harness.ts";
import { wrongOptions } from "./helpers/errors.ts";

describe("the answer", () => {
  const states = {
    known: MIKE,
    suspended: { ...MIKE, resetAllowed: false },
    "without a password": { ...MIKE, passwordHash: null },
    "with an unusable address": { ...MIKE, email: "mike@example.org\r\nBcc: eve@evil.example" },
  };
  test.each(Object.entries(states))("is the same for an account %s as for none", async (_, account) => {
    const { passwordReset } = harness({ accounts: [account] });
    const known = await passwordReset.requestReset({ email: account.email.slice(0, 16), ip: "192.0.2.1" });
    const unknown = await passwordReset.requestReset({ email: "nobody@example.org", ip: "192.0.2.1" });
    expect(known).toEqual({ ok: true });
    expect(unknown).toEqual({ ok: true });
  });

  test("comes before anything is looked up, minted or mailed", async () => {
    const { passwordReset, users, tokens, mailer } = harness();
    const calls = [
      vi.spyOn(users, "findByEmail"),
      vi.spyOn(users, "findById"),
      vi.spyOn(tokens, "save"),
      vi.spyOn(mailer, "send"),
    ];
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    for (const call of calls) expect(call).not.toHaveBeenCalled();
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 0],
    ["an array of addresses (CVE-2023-7028)", ["mike@example.org", "eve@evil.example"]],
    ["an array of one", ["mike@example.org"]],
    ["an object", { $gt: "" }],
    ["a String object", new String("mike@example.org")],
    ["an object with toString", { toString: () => "mike@example.org" }],
    ["two addresses in one (CVE-2022-35924)", "eve@evil.example,mike@example.org"],
    ["a header in it", "mike@example.org\r\nBcc: eve@evil.example"],
    ["a megabyte", `${"a".repeat(1_000_000)}@example.org`],
  ])("to %s is invalid_email, and no port is called", async (_, email) => {
    const { passwordReset, users, happened } = harness();
    const find = vi.spyOn(users, "findByEmail");
    expect(await passwordReset.requestReset({ email, ip: "192.0.2.1" })).toEqual({
      ok: false,
      reason: "invalid_email",
    });
    await passwordReset.drain();
    expect(find).not.toHaveBeenCalled();
    expect(happened()).toEqual(["request_refused:invalid_email"]);
  });

  test.each([[undefined], [null], [0], ["mike@example.org"], [[]], [Symbol("x")]])(
    "to an input of %s instead of an object is invalid_email",
    async (input) => {
      const { passwordReset } = harness();
      expect(await passwordReset.requestReset(input as never)).toEqual({
        ok: false,
        reason: "invalid_email",
      });
    },
  );

  test("reads own properties only: a polluted Object.prototype is no input", async () => {
    const { passwordReset, mailer } = harness();
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype["email"] = MIKE.email;
    try {
      expect(await passwordReset.requestReset({} as never)).toEqual({ ok: false, reason: "invalid_email" });
    } finally {
      delete prototype["email"];
    }
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
  });

  test.each([[""], [7], [["a"]], ["x".repeat(257)]])("to a tenant of %j is ERR_OPTIONS", async (tenant) => {
    const { passwordReset } = harness();
    const request = passwordReset.requestReset({ email: MIKE.email, ip: null, tenant: tenant as string });
    await expect(request).rejects.toEqual(
      wrongOptions("tenant must be a string of 1 to 256 characters, or left out"),
    );
  });

  test.each([null, undefined])("to a tenant of %s is that of none", async (tenant) => {
    const { passwordReset, mailer } = harness();
    expect(
      await passwordReset.requestReset({ email: MIKE.email, ip: null, tenant: tenant as never }),
    ).toEqual({
      ok: true,
    });
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
  });

  test("methods work destructured", async () => {
    const { requestReset } = harness().passwordReset;
    expect(await requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
  });
});

describe("the mail", () => {
  test("goes to the address on file, spelled as it is stored", async () => {
    const { passwordReset, mailer } = harness({ accounts: [{ ...MIKE, email: "Mike@EXAMPLE.org" }] });
    await passwordReset.requestReset({ email: " mike@example.ORG ", ip: null });
    await passwordReset.drain();
    expect(mailer.sent).toMatchObject([
      {
        to: "Mike@EXAMPLE.org",
        subject: "Reset your Acme password",
        userId: "42",
        name: "Mike",
        locale: "en",
      },
    ]);
    expect(mailer.lastLink("Mike@EXAMPLE.org")).toMatch(
      /^https:\/\/app\.example\.com\/password_reset\/[A-Za-z0-9_-]{43}$/,
    );
    expect(Object.keys(mailer.sent[0]!).sort()).toEqual([
      "html",
      "idempotencyKey",
      "kind",
      "locale",
      "name",
      "subject",
      "tenant",
      "text",
      "to",
      "userId",
    ]);
  });

  test("does not go out when a loose store finds another address (CVE-2019-19844, GHSA-qw9g-7549-7wg5)", async () => {
    const { passwordReset, users, mailer, happened } = harness();
    users.findByEmail = async () => users.get("42");
    for (const email of ["mıke@example.org", "mike@example.orġ", "mike+x@example.org", "mikе@example.org"]) {
      await passwordReset.requestReset({ email, ip: null });
    }
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
    expect(happened().filter((what) => what.startsWith("request_skipped"))).toEqual(
      new Array(4).fill("request_skipped:other_address"),
    );
  });

  test.each([
    ["unknown_account", []],
    ["not_allowed", [{ ...MIKE, resetAllowed: false }]],
    ["other_tenant", [{ ...MIKE, tenant: "b" }]],
  ])("does not go out: %s", async (reason, accounts) => {
    const { passwordReset, users, mailer, happened } = harness({ accounts });
    users.findByEmail = async () => users.get("42");
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
    expect(happened()).toContain(`request_skipped:${reason}`);
  });

  test("does not go to an address on file that could smuggle a header, or is padded", async () => {
    for (const email of ["mike@example.org\n", '"a@evil.example x"@example.org', " mike@example.org"]) {
      const { passwordReset, users, mailer, happened } = harness({ accounts: [{ ...MIKE, email }] });
      users.findByEmail = async () => users.get("42");
      await passwordReset.requestReset({ email: MIKE.email, ip: null });
      await passwordReset.drain();
      expect(mailer.sent).toEqual([]);
      expect(happened()).toContain("request_skipped:unusable_address");
    }
  });

  test("goes to an account without a password only where it may set its first one", async () => {
    const accounts = [{ ...MIKE, passwordHash: null }];
    const { setFirstPasswordHash: _, ...users } = memoryUsers(accounts);
    const closed = harness({ accounts, users });
    await closed.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await closed.passwordReset.drain();
    expect(closed.happened()).toContain("request_skipped:no_password");

    const open = harness({ accounts });
    const token = await open.requestToken();
    expect(await open.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect(await open.hasher.verify(open.users.get("42")!.passwordHash!, GOOD_PASSWORD)).toBe(true);
    expect(await open.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: false,
    });
  });

  test("is in the account's language, else the request's, else the first", async () => {
    const accounts = [
      { ...MIKE, locale: "ru-RU" },
      { ...MIKE, id: "43", email: "ann@example.org" },
    ];
    const { passwordReset, mailer } = harness({ accounts, languages: [en, ru] });
    await passwordReset.requestReset({ email: MIKE.email, ip: null, locale: "en" });
    await passwordReset.requestReset({
      email: "ann@example.org",
      ip: null,
      locale: "de-CH, ru;q=0.9, en;q=0.1",
    });
    await passwordReset.drain();
    const subjects = mailer.sent.map(({ subject }) => subject);
    const inRussian = ru.resetLink.subject("Acme");
    expect(subjects).toEqual([inRussian, inRussian]);
  });

  test("names app and link per recipient, for several tenants", async () => {
    const { passwordReset, mailer } = harness({
      accounts: [{ ...MIKE, tenant: "blue" }],
      appName: ({ tenant }) => `Acme ${tenant}`,
      resetUrl: ({ tenant }) => `https://${tenant}.example.com/r?t=:token`,
    });
    await passwordReset.requestReset({ email: MIKE.email, ip: null, tenant: "blue" });
    await passwordReset.drain();
    expect(mailer.sent[0]!.subject).toBe("Reset your Acme blue password");
    expect(mailer.lastLink(MIKE.email)).toMatch(/^https:\/\/blue\.example\.com\/r\?t=/);
  });

  test("can be replaced, also asynchronously; a subject stays one line", async () => {
    const { passwordReset, mailer } = harness({
      messages: {
        resetLink: async ({ url }) => ({ subject: "Hi\r\nBcc: eve@evil.example", text: `go: ${url}` }),
      },
    });
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.drain();
    expect(mailer.sent[0]).toMatchObject({ subject: "Hi Bcc: eve@evil.example", html: undefined });
  });

  test("is frozen, so that one of several mailers cannot turn it to another address", async () => {
    const mails: MailMessage[] = [];
    const { passwordReset } = harness({ mailer: { send: async (mail) => mails.push(mail) } });
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.drain();
    expect(Object.isFrozen(mails[0])).toBe(true);
  });
});

describe("limits", () => {
  test("by address: one a minute, three an hour, silent, and alike for an unknown address", async () => {
    const { passwordReset, mailer, clock, happened } = harness();
    for (let minute = 0; minute < 60; minute++) {
      for (const email of [MIKE.email, "nobody@example.org"]) {
        expect(await passwordReset.requestReset({ email, ip: null })).toEqual({ ok: true });
        expect(await passwordReset.requestReset({ email, ip: null })).toEqual({ ok: true });
      }
      clock.now += 60_000;
    }
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(3);
    expect(happened().filter((what) => what === "request_throttled:address")).toHaveLength(4 * 60 - 6);
    clock.now += 60_000;
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(4);
  });

  test("by address: others' requests never leave the owner without a live link", async () => {
    const { passwordReset, mailer, clock } = harness();
    for (let minute = 0; minute < 180; minute++) {
      await passwordReset.requestReset({ email: MIKE.email, ip: null });
      await passwordReset.drain();
      const token = mailer.lastLink(MIKE.email)!.split("/").at(-1);
      expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: true });
      clock.now += 60_000;
    }
  });

  test("by client: 30 in 15 minutes over all addresses, answered with the time to wait", async () => {
    const { passwordReset, clock, happened } = harness({ limits: { address: false } });
    const ask = (n: number) => passwordReset.requestReset({ email: `a${n}@example.org`, ip: "192.0.2.1" });
    for (let n = 0; n < 30; n++) expect(await ask(n)).toEqual({ ok: true });
    expect(await ask(31)).toEqual({ ok: false, reason: "throttled", retryAfterSeconds: 900 });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.2" })).toEqual({ ok: true });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
    clock.now += 900_000;
    expect(await ask(32)).toEqual({ ok: true });
    expect(happened()).toContain("request_throttled:client");
    expect(happened()).not.toContain("client_address_unusable");
  });

  test("by client: only null declines it; a connection that was reset has no address any more", async () => {
    const { passwordReset } = harness({ limits: { client: { max: 1, windowSeconds: 60 }, address: false } });
    const ask = async (ip: string | null | undefined) =>
      (await passwordReset.requestReset({ email: MIKE.email, ip })).ok;
    expect([await ask(null), await ask(null), await ask(undefined), await ask(undefined)]).toEqual([
      ...[true, true, true, false],
    ]);
    expect(await passwordReset.requestReset({ email: MIKE.email } as never)).toMatchObject({ ok: false });
  });

  test("by client: whatever is no address shares one bucket, and shows as an event", async () => {
    const { passwordReset, happened } = harness({
      limits: { client: { max: 2, windowSeconds: 60 }, address: false },
    });
    const answers: unknown[] = [];
    for (const ip of ["unknown", "1.2.3.4, 5.6.7.8", "x".repeat(100)]) {
      answers.push((await passwordReset.requestReset({ email: MIKE.email, ip })).ok);
    }
    expect(answers).toEqual([true, true, false]);
    expect(happened()).toContain("client_address_unusable");
  });

  test("hold under 50 parallel requests", async () => {
    const { passwordReset, mailer } = harness();
    await Promise.all(
      Array.from({ length: 50 }, () => passwordReset.requestReset({ email: MIKE.email, ip: null })),
    );
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
  });

  test("that are switched off ask no limiter", async () => {
    const rateLimiter = { consume: vi.fn() };
    const { passwordReset } = harness({ limits: { rateLimiter, client: false, address: false } });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" })).toEqual({ ok: true });
    expect(rateLimiter.consume).not.toHaveBeenCalled();
  });

  test("are asked with keys that hold no address", async () => {
    const keys: string[] = [];
    const rateLimiter = {
      consume: async (key: string) => {
        keys.push(key);
        return { allowed: true, retryAfterSeconds: 0 };
      },
    };
    const { passwordReset } = harness({ limits: { rateLimiter } });
    await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", tenant: "blue" });
    expect(keys).toEqual([
      "client:192.0.2.1",
      ...Array(2).fill(expect.stringMatching(/^address:[\da-f]{64}$/)),
    ]);
    await passwordReset.requestReset({ email: MIKE.email, ip: "unknown" });
    expect(keys[3]).toBe("client:unusable");
    expect(keys.join()).not.toMatch(/mike|example|blue/);
    // Some stores fold the case of their keys.
    expect(keys.join()).toBe(keys.join().toLowerCase());
  });

  test.each([
    ["throws", () => Promise.reject(new Error("down"))],
    ["answers nothing", async () => undefined],
    ["answers half", async () => ({ allowed: true })],
    ["answers a number for yes", async () => ({ allowed: 1, retryAfterSeconds: 0 })],
  ])("a limiter that %s refuses with ERR_RATE_LIMITER", async (_, consume) => {
    const { passwordReset, mailer } = harness({ limits: { rateLimiter: { consume } as never } });
    const request = passwordReset.requestReset({ email: MIKE.email, ip: null });
    await expect(request).rejects.toMatchObject({ code: "ERR_RATE_LIMITER" });
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
  });

  test("give the hourly unit back when the server refused the mail, once per job", async () => {
    const refusal = Object.assign(new Error("no such mailbox"), { permanent: true, responseCode: 550 });
    const { passwordReset, clock, events } = harness({
      mailer: { send: () => Promise.reject(refusal) },
      limits: { client: false },
    });
    for (let half = 0; half < 20; half++) {
      await passwordReset.requestReset({ email: MIKE.email, ip: null });
      await passwordReset.drain();
      // The rule that spaces the tries keeps its unit.
      clock.now += 30_000;
    }
    const refused = events.filter(({ type }) => type === "mail_refused");
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ userId: "42", kind: "reset_link", detail: "550" });
  });
});

describe("the dispatcher", () => {
  test("that fails is ERR_DISPATCHER, for everybody alike", async () => {
    const dispatcher = { dispatch: () => Promise.reject(new Error("queue is down")) };
    const { passwordReset } = harness({ dispatcher });
    for (const email of [MIKE.email, "nobody@example.org"]) {
      const request = passwordReset.requestReset({ email, ip: null });
      await expect(request).rejects.toThrow(RelatchError);
      await expect(request).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    }
  });

  test("gets a job that is JSON and holds no secret", async () => {
    const jobs: Job[] = [];
    const { passwordReset } = harness({ dispatcher: { dispatch: async (job) => jobs.push(job) } });
    await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", locale: "en-GB", tenant: "blue" });
    expect(JSON.parse(JSON.stringify(jobs))).toEqual([
      {
        v: 1,
        id: expect.any(String),
        at: Date.UTC(2026, 0, 1),
        type: "reset_requested",
        email: MIKE.email,
        locale: "en",
        tenant: "blue",
      },
    ]);
  });

  test("inline delivers before the answer and keeps the mailer's failure to itself", async () => {
    const { passwordReset, happened } = harness({
      dispatcher: inline(),
      mailer: { send: () => Promise.reject(new Error("down")) },
    });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
    expect(happened()).toEqual(["delivery_failed:ERR_MAILER", "job_dropped:gave_up", "reset_requested"]);
  });

  test("that drops a job for want of room gives the unit back", async () => {
    const refunds: string[] = [];
    const { passwordReset, happened } = harness({
      dispatcher: { dispatch: async (job, _deliver, dropped) => dropped(job, "queue_full") },
      limits: {
        rateLimiter: {
          consume: async () => ({ allowed: true, retryAfterSeconds: 0 }),
          refund: async (key) => refunds.push(key),
        },
      },
    });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
    expect(happened()).toContain("job_dropped:queue_full");
    expect(refunds).toHaveLength(1);
  });
});

test("drain waits for requests, deliveries and completions that are under way", async () => {
  const { opened, open } = gate();
  const sent: string[] = [];
  const { passwordReset } = harness({
    mailer: {
      send: async ({ to }) => {
        await opened;
        sent.push(to);
      },
    },
  });
  await passwordReset.requestReset({ email: MIKE.email, ip: null });
  const drained = passwordReset.drain().then(() => sent.length);
  open();
  expect(await drained).toBe(1);
});
