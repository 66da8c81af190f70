import { TimeSpan } from "relatch";
import { en, ru } from "relatch/languages";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, harness, MIKE, queuedHarness } from "../../helpers/harness.ts";

const BARE = { ...MIKE, passwordHash: null };
const DAY = 24 * 60 * 60 * 1000;

test("sendLink emails a link to an account with a password, and says so", async () => {
  const { passwordReset, mailer, clock, events } = harness();
  expect(await passwordReset.sendLink({ userId: "42", correlationId: "ticket-7" })).toEqual({
    ok: true,
    isInvitation: false,
  });
  await passwordReset.drain();
  const jobId = mailer.sent[0]?.jobId;
  expect(mailer.sent).toMatchObject([{ to: MIKE.email, kind: "reset_link", correlationId: "ticket-7" }]);
  const link = await passwordReset.verifyToken({ token: mailer.lastToken(MIKE.email) });
  expect(link).toMatchObject({ ok: true, isInvitation: false, expiresAt: new Date(clock.now + 60 * 60 * 1000) });
  const origin = { jobId, userId: "42", correlationId: "ticket-7" };
  expect(events).toMatchObject([
    { type: "link_requested", isInvitation: false, ...origin },
    { type: "mail_sent", kind: "reset_link", ...origin },
    { type: "token_verified", userId: "42" },
  ]);
});

test("sendLink invites an account without a password, for three days by default", async () => {
  const { passwordReset, mailer, hasher, users, clock, happened } = harness({ accounts: [BARE] });
  expect(await passwordReset.sendLink({ userId: "42" })).toEqual({ ok: true, isInvitation: true });
  await passwordReset.drain();
  expect(mailer.sent).toMatchObject([{ to: MIKE.email, kind: "invitation" }]);
  const token = mailer.lastToken(MIKE.email);
  const link = await passwordReset.verifyToken({ token });
  expect(link).toMatchObject({ ok: true, isInvitation: true, expiresAt: new Date(clock.now + 3 * DAY) });
  clock.now += 3 * DAY - 1000;
  expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
  expect(await hasher.verify(users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
  expect(happened()).toContain("password_reset");
});

test("invitationLifetime is how long an invitation is valid, and no other link", async () => {
  const invitationLifetime = new TimeSpan(7, "d");
  const { passwordReset, mailer, clock } = harness({ accounts: [BARE], invitationLifetime });
  await passwordReset.requestReset({ email: MIKE.email, ip: false });
  await passwordReset.drain();
  await passwordReset.sendLink({ userId: "42" });
  await passwordReset.drain();
  expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "invitation"]);
  const ends = mailer.sent.map(({ variables }) => "expiresAt" in variables && variables.expiresAt.getTime());
  expect(ends).toEqual([clock.now + 60 * 60 * 1000, clock.now + 7 * DAY]);
});

test.each([
  [new TimeSpan(8, "d"), "7 days and a millisecond is too long"],
  [new TimeSpan(7 * DAY + 1, "ms"), "a millisecond too long"],
  [new TimeSpan(999, "ms"), "shorter than a second"],
  [3600 as never, "a number has no unit"],
])("invitationLifetime %o is refused: %s", (invitationLifetime) => {
  expect(() => harness({ invitationLifetime })).toThrow(relatchError("ERR_OPTIONS", "invitationLifetime"));
});

describe("sendLink tells the truth and sends nothing to", () => {
  test.each([
    ["an unknown account", [], undefined, "unknown_account"],
    ["a suspended account", [{ ...MIKE, resetAllowed: false }], undefined, "not_allowed"],
    ["a suspended account without a password", [{ ...BARE, resetAllowed: false }], undefined, "not_allowed"],
    ["an address that cannot be used", [{ ...MIKE, email: "mike@example.org\n" }], undefined, "unusable_address"],
    ["an account of no declared tenant", [{ ...MIKE, tenant: "red" }], ["blue"], "unknown_account", "other_tenant"],
    ["an account of no tenant at all", [{ ...MIKE, tenant: null }], ["blue"], "unknown_account", "other_tenant"],
  ])("%s", async (_, accounts, tenants, reason, reported = reason) => {
    const { passwordReset, mailer, revoked, events } = harness({ accounts, tenants });
    expect(await passwordReset.sendLink({ userId: "42" })).toEqual({ ok: false, reason });
    await passwordReset.drain();
    expect([mailer.sent, revoked]).toEqual([[], []]);
    expect(events).toMatchObject([{ type: "request_skipped", reason: reported, userId: "42" }]);
  });

  test("an account without a password if the store sets no first passwords", async () => {
    const its = harness({ accounts: [BARE] });
    const { setFirstPasswordHash: _, ...users } = its.users;
    const { passwordReset, mailer } = harness({ users });
    users.set(BARE);
    expect(await passwordReset.sendLink({ userId: "42" })).toEqual({ ok: false, reason: "no_password" });
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
  });
});

test("sendLink uses the tenant of the account, and the user id alone", async () => {
  const accounts = [
    { ...MIKE, id: "1", tenant: "blue" },
    { ...MIKE, id: "2", tenant: "red" },
  ];
  const appName = ({ tenant }: { tenant: string }) => `Acme ${tenant}`;
  const { passwordReset, mailer } = harness({ accounts, tenants: ["blue", "red"], appName });
  await passwordReset.sendLink({ userId: "2" });
  await passwordReset.drain();
  expect(mailer.sent).toMatchObject([{ userId: "2", tenant: "red", variables: { appName: "Acme red" } }]);
  const token = mailer.lastToken(MIKE.email);
  expect(await passwordReset.verifyToken({ token, tenant: "blue" })).toMatchObject({ ok: false });
  expect(await passwordReset.verifyToken({ token, tenant: "red" })).toMatchObject({ ok: true, userId: "2" });
});

test("sendLink is not limited and takes no unit from the owner's own requests", async () => {
  const consume = vi.fn(async () => ({ allowed: true, retryAfterSeconds: 0 }));
  const { passwordReset, mailer } = harness({ limits: { rateLimiter: { consume } } });
  for (let n = 0; n < 50; n++) await passwordReset.sendLink({ userId: "42" });
  await passwordReset.drain();
  expect(mailer.sent).toHaveLength(50);
  expect(consume).not.toHaveBeenCalled();
});

test("sendLink is never dropped because strangers fill the queue of requests", async () => {
  const { background } = await import("relatch");
  const { passwordReset, mailer } = harness({ dispatcher: background({ maxWaiting: 1 }), limits: false });
  for (let n = 0; n < 5; n++) await passwordReset.requestReset({ email: `stranger${n}@example.org`, ip: false });
  await passwordReset.sendLink({ userId: "42" });
  await passwordReset.drain();
  expect(mailer.sent).toMatchObject([{ to: MIKE.email }]);
});

test("The email is in the language of the account, and else in that of the call", async () => {
  const { passwordReset, mailer, users } = harness({ languages: [en, ru] });
  await passwordReset.sendLink({ userId: "42", locale: "ru" });
  users.set({ ...MIKE, id: "43", email: "eve@example.org", locale: "en" });
  await passwordReset.sendLink({ userId: "43", locale: "ru" });
  await passwordReset.drain();
  expect(Object.fromEntries(mailer.sent.map(({ userId, locale }) => [userId, locale]))).toEqual({ 42: "ru", 43: "en" });
});

test.each([[undefined], [{}], [{ userId: "" }], [{ userId: 42 }], [{ userId: null }], ["42"], [{ userId: ["42"] }]])(
  "sendLink refuses %o as its input",
  async (input) => {
    await expect(harness().passwordReset.sendLink(input as never)).rejects.toEqual(
      relatchError("ERR_OPTIONS", "sendLink"),
    );
  },
);

test("sendLink fails with the code of what failed, and sends nothing", async () => {
  const { passwordReset, users, mailer } = harness({
    dispatcher: { dispatch: () => Promise.reject(new Error("down")) },
  });
  await expect(passwordReset.sendLink({ userId: "42" })).rejects.toEqual(relatchError("ERR_DISPATCHER"));
  users.findById = () => Promise.reject(new Error("down"));
  await expect(passwordReset.sendLink({ userId: "42" })).rejects.toEqual(relatchError("ERR_USER_STORE"));
  expect(mailer.sent).toEqual([]);
});

describe("A job of sendLink in a queue", () => {
  const sendInQueue = async (options = {}) => {
    const its = queuedHarness(options);
    await its.passwordReset.sendLink({ userId: "42" });
    return { ...its, deliver: () => its.passwordReset.deliver(its.jobs[0]) };
  };

  test("is plain JSON without an address or a secret", async () => {
    const { jobs, clock } = await sendInQueue();
    const mac = expect.stringMatching(/^[\w-]{43}$/);
    expect(jobs).toEqual([
      { v: 2, id: expect.any(String), at: clock.now, type: "link_requested", userId: "42", locale: "en", mac },
    ]);
  });

  test.each([
    ["is suspended meanwhile", { ...MIKE, resetAllowed: false }, "request_skipped:not_allowed"],
    ["has an unusable address meanwhile", { ...MIKE, email: "mike" }, "request_skipped:unusable_address"],
    ["moved to another tenant meanwhile", { ...MIKE, tenant: "red" }, "request_skipped:other_tenant"],
  ])("sends nothing if the account %s", async (_, account, expected) => {
    const { deliver, users, mailer, happened } = await sendInQueue({
      accounts: [{ ...MIKE, tenant: "blue" }],
      tenants: ["blue", "red"],
    });
    users.set({ tenant: "blue", ...account });
    await deliver();
    expect([mailer.sent, happened().at(-1)]).toEqual([[], expected]);
  });

  test("sends nothing if the account is deleted meanwhile", async () => {
    const { deliver, users, mailer, happened } = await sendInQueue();
    users.delete("42");
    await deliver();
    expect([mailer.sent, happened().at(-1)]).toEqual([[], "request_skipped:unknown_account"]);
  });

  test("goes to the address on file, whatever it was when the link was requested", async () => {
    const { deliver, users, mailer } = await sendInQueue();
    users.set({ ...MIKE, email: "new@example.org" });
    await deliver();
    expect(mailer.sent).toMatchObject([{ to: "new@example.org", kind: "reset_link" }]);
  });

  test("becomes a reset link if the account has set a password meanwhile", async () => {
    const { deliver, users, mailer } = await sendInQueue({ accounts: [BARE] });
    users.set(MIKE);
    await deliver();
    expect(mailer.sent).toMatchObject([{ kind: "reset_link" }]);
  });

  test("is dropped as stale after the invitation's lifetime", async () => {
    const { deliver, clock, mailer, happened } = await sendInQueue();
    clock.now += 3 * DAY + 1;
    await deliver();
    expect([mailer.sent, happened().at(-1)]).toEqual([[], "job_dropped:stale"]);
  });

  test.each([
    ["without its MAC", ({ mac: _, ...job }: Record<string, unknown>) => job],
    ["for another account", (job: Record<string, unknown>) => ({ ...job, userId: "43" })],
    ["of another tenant", (job: Record<string, unknown>) => ({ ...job, tenant: "red" })],
  ])("is dropped as forged %s", async (_, change) => {
    const { passwordReset, jobs, mailer, happened } = await sendInQueue({ tenants: undefined });
    await passwordReset.deliver(change({ ...jobs[0] }));
    expect([mailer.sent, happened().at(-1)]).toEqual([[], "job_dropped:forged"]);
  });
});

test("A job of a tenant that is no longer declared is dropped with an event, and nothing is mailed or revoked", async () => {
  const accounts = [{ ...MIKE, tenant: "red" }];
  const before = queuedHarness({ accounts, tenants: ["blue", "red"] });
  await before.passwordReset.requestReset({ email: MIKE.email, ip: false, tenant: "red" });
  await before.passwordReset.sendLink({ userId: "42" });
  for (const tenants of [["blue"], undefined]) {
    const after = queuedHarness({ accounts, tenants });
    for (const job of before.jobs) await after.passwordReset.deliver(job);
    expect(after.happened()).toEqual(["job_dropped:unknown_tenant", "job_dropped:unknown_tenant"]);
    expect([after.mailer.sent, after.revoked]).toEqual([[], []]);
  }
});
