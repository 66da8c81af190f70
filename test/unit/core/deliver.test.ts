import {
  type Dispatcher,
  type FollowUpJob,
  type Job,
  type Mailer,
  type MailFailure,
  signedTokens,
  TimeSpan,
} from "relatch";
import { memoryMailer } from "relatch/memory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { signJob } from "../../../src/core/jobs.ts";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SECOND = 1000;
const NO_RATE_LIMIT = { rateLimiter: { consume: async () => ({ allowed: true, retryAfterSeconds: 0 }) } };

/** Jobs of all types as they are in a queue, and another process that may deliver them. */
async function createJobs() {
  const origin = queuedHarness();
  const token = await origin.requestToken();
  await origin.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  await origin.passwordReset.sendLink({ userId: "42" });
  const worker = harness({ users: origin.users, keys: KEYS });
  worker.clock.now = origin.clock.now;
  const [reset_requested, follow_up, link_requested] = origin.jobs as [Job, FollowUpJob, Job];
  const save = vi.spyOn(worker.tokens, "save");
  const expectNothing = (reason: string) => {
    expect([worker.mailer.sent, worker.revoked, save.mock.calls]).toEqual([[], [], []]);
    expect(worker.events).toMatchObject([{ type: "job_dropped", reason }]);
  };
  return { ...worker, jobs: { reset_requested, follow_up, link_requested }, expectNothing };
}

/** How old a job of each type may be. */
const MAX_AGE = { reset_requested: HOUR, follow_up: 24 * HOUR, link_requested: 72 * HOUR };

describe.each(["reset_requested", "follow_up", "link_requested"] as const)("A %s job from a queue", (type) => {
  test("is delivered if it is signed, and once if it is replayed", async () => {
    const { passwordReset, jobs, mailer, revoked, happened } = await createJobs();
    for (let nth = 0; nth < 3; nth++) await passwordReset.deliver(jobs[type]);
    expect([mailer.sent.length, revoked.length]).toEqual([1, type === "follow_up" ? 1 : 0]);
    expect(happened()).toEqual(["mail_sent", "job_dropped:duplicate", "job_dropped:duplicate"]);
  });

  const edits: [string, string, (job: Job) => unknown][] = [
    ["has no MAC", "forged", ({ mac: _, ...job }) => job],
    ["has an empty MAC", "malformed", (job) => ({ ...job, mac: "" })],
    ["has the MAC of another job", "forged", (job) => ({ ...job, mac: signJob({ ...job, id: "x" }, KEYS).mac })],
    ["is signed with another key", "forged", (job) => signJob(job, [new Uint8Array(32).fill(8)])],
    ["is replayed under a new id", "forged", (job) => ({ ...job, id: crypto.randomUUID() })],
    ["is of another type", "malformed", (job) => ({ ...job, type: "reset_requested2" })],
    ["is of format 1", "malformed", (job) => signJob({ ...job, v: 1 } as never, KEYS)],
    ["has an unknown field", "malformed", (job) => signJob({ ...job, token: "x" } as never, KEYS)],
    ["is JSON text", "malformed", (job) => JSON.stringify(job)],
    ["is nothing", "malformed", () => undefined],
    ["is an empty object", "malformed", () => ({})],
  ];
  test.each(edits)("is dropped if it %s, and nothing is mailed, revoked or saved", async (_, reason, edit) => {
    const { passwordReset, jobs, expectNothing } = await createJobs();
    await passwordReset.deliver(edit(jobs[type]));
    expectNothing(reason);
  });

  test("is dropped if any one of its fields was changed", async () => {
    const { jobs } = await createJobs();
    for (const [name, value] of Object.entries(jobs[type])) {
      const { passwordReset, expectNothing } = await createJobs();
      const other = typeof value === "number" ? value + (name === "v" ? 1 : 1000) : `x${value}`;
      const isMalformed = name === "type" || name === "v";
      await passwordReset.deliver({ ...jobs[type], [name]: typeof value === "boolean" ? !value : other });
      expectNothing(isMalformed ? "malformed" : "forged");
    }
  });

  test.each([
    ["as old as it may be", 0, true],
    ["older than it may be", 1, false],
    ["from a clock that is five minutes ahead", -5 * MINUTE, true],
    ["from a clock that is more than five minutes ahead", -5 * MINUTE - 1, false],
  ])("that is %s is judged by its age", async (_, age, isDelivered) => {
    const { passwordReset, jobs, clock, mailer, expectNothing } = await createJobs();
    clock.now += age < 0 ? age : MAX_AGE[type] + age;
    await passwordReset.deliver(jobs[type]);
    if (isDelivered) expect(mailer.sent).toHaveLength(1);
    else expectNothing("stale");
  });

  test.each([
    [
      "before it",
      async (deliver: (job: Job) => Promise<void>, jobs: Job[]) => {
        for (const job of jobs) await deliver(job);
      },
    ],
    ["at the same time", (deliver: (job: Job) => Promise<void>, jobs: Job[]) => Promise.all(jobs.map(deliver))],
  ])("is not suppressed by a job of the other type with its id %s", async (_, run) => {
    const { passwordReset, jobs, mailer } = await createJobs();
    const other = jobs[type === "follow_up" ? "link_requested" : "follow_up"];
    await run(passwordReset.deliver, [signJob<Job>({ ...other, id: jobs[type].id }, KEYS), jobs[type]]);
    expect(mailer.sent.map(({ kind }) => kind).sort()).toEqual(["password_changed", "reset_link"]);
  });
});

describe("deliver", () => {
  test("is ERR_OPTIONS without keys, because then every job would be forged", async () => {
    const delivery = harness().passwordReset.deliver(await queuedHarness().requestJob());
    await expect(delivery).rejects.toEqual(relatchError("ERR_OPTIONS", "keys"));
  });

  test("accepts a job that was signed before the keys were rotated", async () => {
    const job = await queuedHarness().requestJob();
    const keys = [new Uint8Array(32).fill(8), ...KEYS];
    const { passwordReset, mailer } = harness({ keys });
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
  });

  test("sends the link in another process, valid for its whole lifetime from the email on", async () => {
    const job = await queuedHarness().requestJob();
    const { passwordReset, mailer, clock } = harness({ keys: KEYS });
    clock.now = job.at + 10 * MINUTE;
    await passwordReset.deliver(job);
    expect(mailer.sent).toMatchObject([{ to: MIKE.email, kind: "reset_link" }]);
    const token = mailer.lastToken(MIKE.email);
    const expiresAt = new Date(clock.now + 60 * MINUTE);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ expiresAt });
  });

  test("sends one email for a job that comes twice, at once or later", async () => {
    const { requestJob, passwordReset, mailer, events } = queuedHarness();
    const job = await requestJob();
    await Promise.all([passwordReset.deliver(job), passwordReset.deliver(job)]);
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    const drop = { type: "job_dropped", jobType: "reset_requested", reason: "duplicate" };
    expect(events.at(-1)).toMatchObject(drop);
  });

  test.each([
    ["unknown_account", undefined],
    ["other_address", { ...MIKE, email: "mike@other.example" }],
    ["other_tenant", { ...MIKE, tenant: "green" }, ["blue", "green"]],
    ["other_tenant", { ...MIKE, tenant: null }, ["blue"]],
    ["unusable_address", { ...MIKE, email: `${MIKE.email}\n` }],
    ["not_allowed", { ...MIKE, resetAllowed: false }],
  ])("sends no link and issues no token for a request with the obstacle %s", async (reason, found, tenants?) => {
    const { requestJob, passwordReset, users, tokens, mailer, events } = queuedHarness({ tenants });
    const save = vi.spyOn(tokens, "save");
    users.findByEmail = async () => found;
    const job = await requestJob(MIKE.email, tenants?.[0]);
    await passwordReset.deliver(job);
    expect(events.at(-1)).toMatchObject({ type: "request_skipped", reason, jobId: job.id, userId: found?.id });
    expect([mailer.sent, save.mock.calls]).toEqual([[], []]);
  });

  test("sends no link to an account without a password if it cannot set its first one", async () => {
    const its = queuedHarness({ accounts: [{ ...MIKE, passwordHash: null }] });
    const users = { ...its.users, setFirstPasswordHash: undefined };
    const { passwordReset, happened } = harness({ users, keys: KEYS });
    await passwordReset.deliver(await its.requestJob());
    expect(happened()).toEqual(["request_skipped:no_password"]);
  });

  test("rejects with ERR_DISPATCHER, saves nothing and sends nothing without randomness", async () => {
    const onError = vi.fn();
    const { requestJob, passwordReset, tokens, mailer, events } = queuedHarness({ onError });
    const save = vi.spyOn(tokens, "save");
    const job = await requestJob();
    const random = vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
      throw new Error("no entropy");
    });
    const delivery = passwordReset.deliver(job);
    await expect(delivery).rejects.toEqual(relatchError("ERR_DISPATCHER"));
    random.mockRestore();
    expect(onError.mock.calls).toEqual([[relatchError("ERR_DISPATCHER"), new Error("no entropy")]]);
    expect([mailer.sent, save.mock.calls]).toEqual([[], []]);
    const failure = { type: "delivery_failed", jobType: "reset_requested", reason: "ERR_DISPATCHER" };
    expect(events.at(-1)).toMatchObject(failure);
  });

  test.each<[string, object, number?]>([
    ["a resetUrl without :token", { resetUrl: () => "https://app.example.com/" }],
    ["an empty appName", { appName: () => "" }],
    ["a from that is not an address", { from: () => "Acme" }, 1],
  ])("rejects with ERR_OPTIONS for %s of a new tenant, and sends nothing", async (_, options, issued = 0) => {
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const its = queuedHarness({ accounts, tenants: "dynamic", ...options });
    const save = vi.spyOn(its.tokens, "save");
    const job = await its.requestJob(MIKE.email, "blue");
    await expect(its.passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_OPTIONS", 'tenant: "blue"'));
    expect([its.mailer.sent, save.mock.calls.length]).toEqual([[], issued]);
    expect(its.errors).toEqual([relatchError("ERR_OPTIONS")]);
    expect(its.events.at(-1)).toMatchObject({ type: "delivery_failed", reason: "ERR_OPTIONS", tenant: "blue" });
  });

  test("reports a job that the dispatcher drops", async () => {
    const dispatcher: Dispatcher = { dispatch: async (job, _, dropped) => dropped(job, "queue_full") };
    const { passwordReset, events } = harness({ dispatcher });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: false })).toEqual({ ok: true });
    expect(events[0]).toMatchObject({
      type: "job_dropped",
      jobType: "reset_requested",
      reason: "queue_full",
    });
  });
});

/** How the attempt to send an email ends. */
type Outcome = "sent" | MailFailure;
const UNKNOWN: MailFailure = {};
const REFUSED: MailFailure = { permanent: true };

/** A harness whose emails end one by one as the test says, and with `isOpen` only when `end` is called. */
function setup(
  outcomes: Outcome[],
  { isOpen = false, ...options }: Parameters<typeof queuedHarness>[0] & { isOpen?: boolean } = {},
) {
  const emails: { to: string; key: string; link: string | undefined }[] = [];
  const ends: ((outcome: Outcome) => void)[] = [];
  const send: Mailer["send"] = ({ to, text }, { idempotencyKey }) =>
    new Promise((resolve, reject) => {
      emails.push({ to, key: idempotencyKey, link: text.match(/password_reset\/(\S+)/)?.[1] });
      ends.push((outcome) => (outcome === "sent" ? resolve("sent") : reject(Object.assign(new Error("no"), outcome))));
      if (!isOpen) ends.at(-1)?.(outcomes.shift() ?? "sent");
    });
  const its = queuedHarness({ mailer: { send }, deliveryTimeout: new TimeSpan(5, "s"), ...options });
  return {
    ...its,
    emails,
    /** Attempts a job once; its failure does not matter. */
    attempt: (job: Job) => its.passwordReset.deliver(job).catch(() => {}),
    end: (nth: number, outcome: Outcome) => ends[nth]?.(outcome),
  };
}

describe("An email that may not have arrived", () => {
  test.each<[string, MailFailure, object]>([
    ["nobody knows whether it did", UNKNOWN, {}],
    ["nobody knows, and its link is signed", UNKNOWN, { tokens: signedTokens() }],
  ])("is sent again with the same key and another link if %s, and every link works", async (_, outcome, options) => {
    const { requestJob, attempt, emails, clock, passwordReset, happened } = setup([outcome, outcome], options);
    const job = await requestJob();
    for (let nth = 0; nth < 4; nth++, clock.now += SECOND) await attempt(job);
    expect(emails).toHaveLength(3);
    expect(emails[0]?.key).toMatch(/^[\w-]{43}$/);
    expect([1, 3]).toEqual([new Set(emails.map(({ key }) => key)).size, new Set(emails.map(({ link }) => link)).size]);
    for (const { link: token } of emails)
      expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    expect(happened().filter((what) => what === "mail_sent")).toHaveLength(1);
  });

  test("has the same key in another process, so a mail service can drop the second one", async () => {
    const [one, other] = [setup([UNKNOWN]), setup([])];
    const job = await one.requestJob();
    for (const { attempt } of [one, other]) await attempt(job);
    expect(other.emails[0]?.key).toBe(one.emails[0]?.key);
    expect(other.emails[0]?.link).not.toBe(one.emails[0]?.link);
  });

  test("has another key for another request, and for another kind", async () => {
    const noAccount = () => ({ subject: "Nobody", text: "Nobody has this address." });
    const its = setup([UNKNOWN], { accounts: [], messages: { noAccount }, limits: { address: false } });
    const job = await its.requestJob();
    await its.attempt(job);
    its.users.set(MIKE);
    for (const each of [job, await its.requestJob()]) await its.attempt(each);
    expect(new Set(its.emails.map(({ key }) => key)).size).toBe(3);
  });

  test("is not sent again once it was refused for good", async () => {
    const { requestJob, attempt, emails, happened, passwordReset } = setup([UNKNOWN, REFUSED]);
    const job = await requestJob();
    for (let nth = 0; nth < 4; nth++) await attempt(job);
    expect(emails).toHaveLength(2);
    expect(happened().slice(1, 3)).toEqual(["delivery_failed:ERR_MAILER", "mail_refused"]);
    expect(await passwordReset.drain()).toMatchObject({ undelivered: [{ reason: "refused" }] });
  });

  test("gives back no unit of the address, whatever came of it, because that would tell who has an account", async () => {
    const refund = vi.fn(async () => {});
    const rateLimiter = { ...NO_RATE_LIMIT.rateLimiter, refund };
    for (const outcome of [UNKNOWN, REFUSED]) {
      const { requestJob, attempt } = setup([outcome], { limits: { rateLimiter } });
      await attempt(await requestJob());
    }
    expect(refund).not.toHaveBeenCalled();
  });
});

describe("An attempt whose time is up", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("rejects with ERR_DISPATCHER, and the next one sends without waiting for it", async () => {
    const { requestJob, attempt, end, emails, events, passwordReset } = setup([], { isOpen: true });
    const job = await requestJob();
    const first = attempt(job);
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    await first;
    const failure = { type: "delivery_failed", reason: "ERR_DISPATCHER", detail: undefined };
    expect(events.at(-1)).toMatchObject(failure);
    const second = attempt(job);
    await vi.advanceTimersByTimeAsync(0);
    expect(emails.map(({ key }) => key)).toEqual([emails[0]?.key, emails[0]?.key]);
    for (const nth of [0, 1]) end(nth, "sent");
    await second;
    await attempt(job);
    expect(emails).toHaveLength(2);
    for (const { link: token } of emails)
      expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  });

  test("issues no token and sends nothing any more", async () => {
    const { opened, open } = gate();
    const { users, tokens, requestJob, attempt, emails } = setup([]);
    const find = users.findByEmail;
    vi.spyOn(users, "findByEmail").mockImplementationOnce(async (...input) => {
      await opened;
      return find(...input);
    });
    const save = vi.spyOn(tokens, "save");
    const job = await requestJob();
    const first = attempt(job);
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    await first;
    await attempt(job);
    open();
    await vi.advanceTimersByTimeAsync(SECOND);
    expect([save.mock.calls.length, emails.length]).toEqual([1, 1]);
  });
});

describe("A job that sends nothing", () => {
  /** Requests an email that takes this long, then delivers a job for nobody. Returns how long that took. */
  async function measure(emailMs: number, options: Parameters<typeof harness>[0] = {}) {
    const mailer = memoryMailer();
    const send = mailer.send;
    mailer.send = async (...email) => {
      await new Promise((resolve) => setTimeout(resolve, emailMs));
      return send(...email);
    };
    const its = queuedHarness({ mailer, ...options });
    await its.requestToken();
    const start = performance.now();
    await its.passwordReset.deliver(await its.requestJob("nobody@example.org"));
    return { took: performance.now() - start, ...its };
  }

  test("holds its place for as long as emails usually take, whatever the last one did", async () => {
    let emailMs = 120;
    let isRefusing = false;
    const mailer = memoryMailer();
    const { send } = mailer;
    mailer.send = async (...email) => {
      await new Promise((resolve) => setTimeout(resolve, emailMs));
      if (isRefusing) throw Object.assign(new Error("no such mailbox"), { permanent: true });
      return send(...email);
    };
    const its = queuedHarness({ mailer });
    for (let nth = 1; nth <= 3; nth++) await its.passwordReset.deliver(await its.requestJob());
    // An own mailbox that accepts or refuses at once must not end the pretense.
    emailMs = 0;
    await its.passwordReset.deliver(await its.requestJob());
    isRefusing = true;
    for (let nth = 1; nth <= 30; nth++) await its.passwordReset.deliver(await its.requestJob()).catch(() => {});
    const start = performance.now();
    await its.passwordReset.deliver(await its.requestJob("nobody@example.org"));
    expect(performance.now() - start).toBeGreaterThan(100);
  });

  test("holds its place for as long as the last email took, if it was the only one", async () => {
    const { took, happened } = await measure(120);
    expect(took).toBeGreaterThan(100);
    expect(happened().at(-1)).toBe("request_skipped:unknown_account");
    // The control: emails that took no time.
    expect((await measure(0)).took).toBeLessThan(100);
  });

  test("holds its place for one of the middle half of the times, in whatever order they came", async () => {
    const times = [200, 0, 120, 120];
    const mailer = memoryMailer();
    const { send } = mailer;
    mailer.send = async (...email) => {
      await new Promise((resolve) => setTimeout(resolve, times.shift()));
      return send(...email);
    };
    const its = queuedHarness({ mailer, limits: false });
    while (times.length > 0) await its.passwordReset.deliver(await its.requestJob());
    for (let nth = 1; nth <= 5; nth++) {
      const start = performance.now();
      await its.passwordReset.deliver(await its.requestJob("nobody@example.org"));
      expect(performance.now() - start).toBeGreaterThan(100);
    }
  });

  test("holds its place also for as long as a link takes to be saved", async () => {
    const { tokens } = queuedHarness();
    const { save } = tokens;
    tokens.save = async (record) => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return save(record);
    };
    expect((await measure(0, { tokens })).took).toBeGreaterThan(100);
  });

  test("holds its place also for an account that may not reset", async () => {
    const users = { ...queuedHarness().users };
    const find = users.findByEmail;
    users.findByEmail = async (email, tenant) => (await find(email, tenant)) ?? { ...MIKE, email, resetAllowed: false };
    const { took, happened } = await measure(120, { users });
    expect(took).toBeGreaterThan(100);
    expect(happened().at(-1)).toBe("request_skipped:not_allowed");
  });
});
