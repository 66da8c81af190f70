import { setTimeout as realPause } from "node:timers/promises";
import { createPasswordReset, type Job, memoryRateLimiter, type PasswordContext, type Site, TimeSpan } from "relatch";
import { en, ru } from "relatch/languages";
import { memoryPorts } from "relatch/memory";
import { afterEach, describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, MIKE, queuedHarness } from "../../helpers/harness.ts";

/** A dispatcher that keeps jobs until the test delivers them in this process. */
function heldJobs() {
  const jobs: { job: Job; deliver: () => Promise<void> }[] = [];
  const dispatcher = {
    dispatch: async (job: Job, deliver: (job: Job) => Promise<void>) => jobs.push({ job, deliver: () => deliver(job) }),
  };
  return { jobs, dispatcher };
}

describe("An attempt whose time is up", () => {
  test("leaves the email to the next attempt", async () => {
    const { jobs, dispatcher } = heldJobs();
    const slow = gate();
    let isFirst = true;
    const resetLink = async ({ url }: { url: string }) => {
      if (isFirst) await slow.opened;
      return { subject: "Link", text: url };
    };
    const options = { dispatcher, messages: { resetLink }, deliveryTimeout: new TimeSpan(20, "ms") };
    const { passwordReset, mailer } = harness(options);
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await expect(jobs[0]?.deliver()).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    isFirst = false;
    slow.open();
    await realPause(5);
    await jobs[0]?.deliver();
    expect(mailer.sent).toHaveLength(1);
  });
});

describe("The email for accounts without a password", () => {
  test.each([
    ["an unusable address", { email: "mike@example.org, eve@example.org" }],
    ["another address", { email: "mikhail@example.org" }],
    ["another tenant", { tenant: "b" }],
    ["a suspended account", { resetAllowed: false }],
  ])("is not sent to %s", async (_what, change) => {
    const found = { ...MIKE, passwordHash: null, ...change };
    const users = { ...memoryPorts().users, findByEmail: async () => found };
    const messages = { noPassword: () => ({ subject: "None", text: "None." }) };
    const { passwordReset, mailer } = harness({ users, messages });
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
  });
});

describe("A follow-up job", () => {
  test("acts on its own stamp, also if the response to the commit never comes", async () => {
    const { jobs, dispatcher } = heldJobs();
    const { users } = memoryPorts([MIKE]);
    const commits: (() => Promise<boolean>)[] = [];
    const replacePasswordHash = (change: Parameters<typeof users.replacePasswordHash>[0]) => {
      commits.push(() => users.replacePasswordHash(change));
      return new Promise<boolean>(() => {});
    };
    const options = {
      dispatcher,
      users: { ...users, replacePasswordHash },
      callTimeout: new TimeSpan(20, "ms"),
      // Loading the list of common passwords can take longer.
      passwordRules: [],
    };
    const { passwordReset, mailer, clock } = harness(options);
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await jobs[0]?.deliver();
    const token = mailer.lastToken(MIKE.email);
    await expect(passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).rejects.toThrow();
    expect(await commits[0]?.()).toBe(true);
    clock.now += 16 * 60_000;
    await jobs[1]?.deliver();
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  test("notifies the address on file, also if the other one cannot be reached", async () => {
    const { mailer } = memoryPorts();
    const tried = new Set<string>();
    const send: typeof mailer.send = async (message, about) => {
      if (about.kind !== "password_changed") return mailer.send(message, about);
      tried.add(message.to);
      if (message.to === MIKE.email) throw new Error("452");
      return undefined;
    };
    const { passwordReset, users } = harness({ mailer: { send } });
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    await passwordReset.completeReset({ token: mailer.lastToken(MIKE.email), newPassword: GOOD_PASSWORD });
    users.set({ ...(users.get("42") ?? MIKE), email: "new@example.org" });
    await passwordReset.drain();
    expect(tried).toEqual(new Set([MIKE.email, "new@example.org"]));
  });
});

describe("With fake timers", () => {
  afterEach(() => void vi.useRealTimers());

  test("drain resolves after a request for an address without an account", async () => {
    const { mailer } = memoryPorts();
    const send: typeof mailer.send = async (message, about) => {
      await realPause(5);
      return mailer.send(message, about);
    };
    const { passwordReset } = harness({ mailer: { send } });
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    vi.useFakeTimers();
    await passwordReset.requestReset({ email: "nobody@example.org", ip: false });
    const drained = passwordReset.drain().then(() => "drained");
    expect(await Promise.race([drained, realPause(500, "waits")])).toBe("drained");
  });
});

describe("limits.address", () => {
  test("must not be empty if the lifetime is over an hour", () => {
    const options = {
      ...memoryPorts(),
      appName: "Acme",
      resetUrl: "https://app.example.com/:token",
      revokeSessions: false as const,
      tokenLifetime: new TimeSpan(24, "h"),
    };
    expect(() => createPasswordReset({ ...options, limits: { address: [] } })).toThrow();
  });
});

describe("A limit", () => {
  test("gives back what an earlier rule took if a later one fails, so that a broken limiter shuts nobody out", async () => {
    const limiter = memoryRateLimiter();
    const hour = new TimeSpan(1, "h");
    let isDown = true;
    const consume: typeof limiter.consume = (key, rule) =>
      isDown && rule.max === 5 ? Promise.reject(new Error("down")) : limiter.consume(key, rule);
    const address = [
      { max: 3, window: hour },
      { max: 5, window: hour },
    ];
    const { passwordReset, mailer } = harness({ limits: { rateLimiter: { ...limiter, consume }, address } });
    const request = () => passwordReset.requestReset({ email: MIKE.email, ip: false });
    for (let n = 0; n < 10; n++) await expect(request()).rejects.toMatchObject({ code: "ERR_RATE_LIMITER" });
    isDown = false;
    for (let n = 0; n < 5; n++) await request();
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(3);
  });

  test("gives the units of an address back if the hand-over fails, and none of the client's", async () => {
    let isDown = true;
    const jobs: Job[] = [];
    const dispatch = async (job: Job) => {
      if (isDown) throw new Error("down");
      jobs.push(job);
    };
    const { passwordReset } = harness({
      dispatcher: { dispatch },
      limits: { client: { max: 12, window: new TimeSpan(1, "h") } },
    });
    const request = () => passwordReset.requestReset({ email: MIKE.email, ip: "93.184.216.34" });
    for (let n = 0; n < 10; n++) await expect(request()).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    isDown = false;
    expect(await request()).toEqual({ ok: true });
    expect(jobs).toHaveLength(1);
    await request();
    expect(await request()).toMatchObject({ reason: "throttled" });
  });

  test.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["10.1.2.3", true],
    ["::ffff:192.168.0.1", true],
    ["fd00::1", true],
    ["93.184.216.34", false],
    ["2606:2800::1", false],
  ])("that %s has reached names the proxy as the likely cause: %s", async (ip, isProxy) => {
    const { passwordReset, happened } = harness({ limits: { client: { max: 1, window: new TimeSpan(1, "h") } } });
    const request = (n: number) => passwordReset.requestReset({ email: `user${n}@example.org`, ip });
    await request(1);
    expect(happened()).not.toContain("client_address_unusable:private_address");
    await request(2);
    expect(happened().includes("client_address_unusable:private_address")).toBe(isProxy);
  });

  test("tells its rule, and how long it lasts, in the event", async () => {
    const { passwordReset, events, clock } = harness({ limits: { client: { max: 4, window: new TimeSpan(15, "m") } } });
    const request = () => passwordReset.requestReset({ email: MIKE.email, ip: "93.184.216.34", correlationId: "r1" });
    await request();
    clock.now += 20_000;
    for (let n = 0; n < 4; n++) await request();
    const throttled = events.filter(({ type }) => type === "request_throttled");
    expect(throttled[0]).toMatchObject({
      ...{ reason: "address", rule: { max: 1, windowSeconds: 60 }, retryAfterSeconds: 40, correlationId: "r1" },
    });
    expect(throttled.at(-1)).toMatchObject({
      ...{ reason: "client", rule: { max: 4, windowSeconds: 900 }, retryAfterSeconds: 880 },
    });
  });
});

describe("A link", () => {
  const BCRYPT = `$2b$12$${"a".repeat(53)}`;

  test.each([
    ["bcrypt", BCRYPT],
    ["bcrypt behind its name", `{bcrypt}${BCRYPT}`],
    ["bcrypt of Django", `bcrypt$${BCRYPT}`],
    ["bcrypt behind a name in capitals", `BCRYPT:${BCRYPT}`],
    ["an older bcrypt", BCRYPT.replace("$2b", "$2y")],
    ["a bcrypt of another library", BCRYPT.replace("$2b", "$2a")],
  ])("of an account with a hash of %s costs no hash for passwords that are too long", async (_, passwordHash) => {
    const { passwordReset, requestToken, hasher } = harness({ accounts: [{ ...MIKE, passwordHash }] });
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    for (const newPassword of ["x9".repeat(37), "я".repeat(37), "😀".repeat(19), "ﷺ".repeat(30)]) {
      const result = await passwordReset.completeReset({ token, newPassword });
      expect(result).toMatchObject({ violations: [{ code: "too_long", params: { maxBytes: 72 } }] });
    }
    expect(hash).not.toHaveBeenCalled();
    const newPassword = "correct horse battery ".repeat(4).slice(0, 72);
    expect(await passwordReset.completeReset({ token, newPassword })).toMatchObject({ ok: true });
  });

  test("of an account with another hash costs one hash, if the new hash is of bcrypt", async () => {
    const { hasher, passwordReset, requestToken } = harness();
    const hash = vi.spyOn(hasher, "hash").mockResolvedValue(BCRYPT);
    const token = await requestToken();
    const newPassword = "correct horse battery ".repeat(4).slice(0, 73);
    const result = await passwordReset.completeReset({ token, newPassword });
    expect(result).toMatchObject({ violations: [{ code: "too_long" }] });
    expect(hash).toHaveBeenCalledTimes(1);
  });

  test("takes 20 refused passwords, and no rule is asked about the next", async () => {
    const rule = vi.fn(async () => ({ code: "breached" }));
    const { passwordReset, requestToken, events } = harness({ passwordRules: [rule] });
    const token = await requestToken();
    const attempt = (each: string, n: number) =>
      passwordReset.completeReset({ token: each, newPassword: `correct horse battery ${n}` });
    for (let n = 0; n < 20; n++) expect(await attempt(token, n)).toMatchObject({ reason: "password_rejected" });
    for (let n = 20; n < 25; n++) expect(await attempt(token, n)).toMatchObject({ reason: "invalid_or_expired_token" });
    expect(rule).toHaveBeenCalledTimes(20);
    expect(events.at(-1)).toMatchObject({ type: "token_refused", reason: "too_many_attempts", userId: "42" });
  });

  test("refused too often does not stop the account's other links", async () => {
    let isStrict = true;
    const { passwordReset, requestToken, clock } = harness({
      passwordRules: [() => (isStrict ? { code: "no" } : undefined)],
    });
    const first = await requestToken();
    clock.now += 60_000;
    const second = await requestToken();
    const complete = (token: string, n = 0) => passwordReset.completeReset({ token, newPassword: `battery ${n}` });
    for (let n = 0; n < 20; n++) await complete(first, n);
    isStrict = false;
    expect(await complete(first)).toMatchObject({ ok: false, reason: "invalid_or_expired_token" });
    expect(await complete(second)).toMatchObject({ ok: true });
  });

  test("must be valid before its attempts are looked at", async () => {
    const { passwordReset, events } = harness();
    await passwordReset.completeReset({ token: "A".repeat(43), newPassword: "" });
    expect(events.at(-1)).toMatchObject({ type: "token_refused", reason: "unknown" });
  });
});

describe("A password rule", () => {
  test("is told the user, the tenant and the language of the form", async () => {
    const rule = vi.fn((_password: string, _context: PasswordContext) => undefined);
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const languages = [en, ru] as const;
    const { passwordReset, requestToken } = harness({ accounts, tenants: ["blue"], languages, passwordRules: [rule] });
    const token = await requestToken(MIKE.email, "blue");
    await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, tenant: "blue", locale: "ru" });
    const context = { userId: "42", email: MIKE.email, name: "Mike", tenant: "blue", locale: "ru", appName: "Acme" };
    expect(rule.mock.calls[0]?.[1]).toMatchObject(context);
  });
});

describe("The events of a job", () => {
  test("have job, user and tenant, also if its mail server is down for every attempt", async () => {
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const { passwordReset, mailer, events } = harness({ accounts, tenants: ["blue"] });
    mailer.send = () => Promise.reject(Object.assign(new Error("down"), { code: "ECONNREFUSED" }));
    const input = { email: MIKE.email, ip: false, tenant: "blue", correlationId: "r1" } as const;
    await passwordReset.requestReset(input);
    const { undelivered } = await passwordReset.drain();
    const jobId = undelivered[0]?.jobId;
    expect(undelivered).toEqual([
      { jobId, type: "reset_requested", reason: "gave_up", tenant: "blue", correlationId: "r1" },
    ]);
    const origin = { jobId, tenant: "blue", correlationId: "r1" };
    const failed = { type: "delivery_failed", reason: "ERR_MAILER", detail: "ECONNREFUSED", userId: "42", ...origin };
    expect(events).toMatchObject([
      { type: "reset_requested", ...origin },
      ...[failed, failed, failed, failed, failed],
      { type: "job_dropped", reason: "gave_up", ...origin },
    ]);
  });

  test("tell how long after the request an email was sent", async () => {
    const { passwordReset, jobs, clock, events } = queuedHarness();
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    clock.now += 12_345;
    await passwordReset.deliver(jobs[0]);
    expect(events.at(-1)).toMatchObject({ type: "mail_sent", durationMs: 12_345 });
  });
});

describe("A function of tenant and language", () => {
  const brand = (name: string, wrong: (site: Site) => unknown) => ({ tenants: ["blue", "red"], [name]: wrong });
  const only = (bad: unknown, good: string) => (site: Site) =>
    site.tenant === "red" && site.locale === "ru" ? bad : good;

  test.each<[string, ReturnType<typeof brand>]>([
    ["appName", brand("appName", only("", "Acme"))],
    ["from", brand("from", only("nobody", "a@example.com"))],
    ["resetUrl", brand("resetUrl", only("http://red.example/:token", "https://blue.example/:token"))],
    ["appName", brand("appName", only(Promise.resolve("Acme"), "Acme"))],
  ])("stops the start if %s is wrong for one tenant in one language, and names both", (name, options) => {
    const build = () => harness({ ...options, languages: [en, ru] } as never);
    expect(build).toThrow(relatchError("ERR_OPTIONS", `${name}({ tenant: "red", locale: "ru" }) must`));
  });

  test("is judged with the first email of a tenant that comes and goes, and onError hears why it failed", async () => {
    const cause = new TypeError("brands[tenant] is undefined");
    const heard: unknown[] = [];
    const { passwordReset } = harness({
      tenants: "dynamic",
      accounts: [{ ...MIKE, tenant: "new" }],
      appName: () => {
        throw cause;
      },
      onError: (error: Error, thrown: unknown) => heard.push(error.message, thrown),
    });
    await passwordReset.requestReset({ email: MIKE.email, ip: false, tenant: "new" });
    const { undelivered } = await passwordReset.drain();
    expect(undelivered).toMatchObject([{ reason: "gave_up", tenant: "new" }]);
    expect(heard.slice(0, 2)).toEqual([expect.stringContaining('appName({ tenant: "new", locale: "en" })'), cause]);
  });
});
