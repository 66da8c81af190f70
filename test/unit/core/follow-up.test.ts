import { type FollowUpJob, type ResetUser, sessionStamp, TimeSpan } from "relatch";
import { en, ru } from "relatch/languages";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { signJob } from "../../../src/core/jobs.ts";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";

const MINUTE = 60_000;
const NOT_COMMITTED = { type: "job_dropped", jobType: "follow_up", reason: "not_committed" };

/** Completes a reset in one process; its follow-up job goes to another one over the same users. */
async function complete(options: Parameters<typeof harness>[0] = {}) {
  const origin = queuedHarness(options);
  const token = await origin.requestToken();
  await origin.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  const worker = harness({ keys: KEYS, ...options, users: origin.users });
  return { ...worker, users: origin.users, origin, job: origin.jobs[1] as FollowUpJob };
}

/** A signed job of a reset of Mike's password. */
const createFollowUp = (at: number, changes: Partial<FollowUpJob> = {}): FollowUpJob =>
  signJob<FollowUpJob>(
    {
      ...{
        v: 2,
        id: "a",
        at,
        type: "follow_up",
        userId: "42",
        email: MIKE.email,
        locale: "en",
        isCommitted: false,
      },
      previousStamp: sessionStamp(MIKE),
      stamp: sessionStamp({ id: "42", passwordHash: "new" }),
      ...changes,
    },
    KEYS,
  );

describe("The owner is notified at the address of the link, and the sessions are ended, although", () => {
  const INTRUDER = "intruder@evil.example";
  const byEmail: [string, (account: ResetUser) => ResetUser | undefined, string[]][] = [
    ["nothing else happened", (account) => account, []],
    ["the address was changed", (account) => ({ ...account, email: INTRUDER }), [INTRUDER]],
    ["the address was spelled anew", (account) => ({ ...account, email: "MIKE@example.org" }), []],
    ["the address became unusable", (account) => ({ ...account, email: "mike\r\nBcc: eve@evil.example" }), []],
    ["the password was changed again", (account) => ({ ...account, passwordHash: "newer" }), []],
    ["both were changed", (account) => ({ ...account, email: INTRUDER, passwordHash: "newer" }), [INTRUDER]],
    ["the password was removed", (account) => ({ ...account, passwordHash: null }), []],
    ["the account was suspended", (account) => ({ ...account, resetAllowed: false }), []],
    ["the account was deleted", () => undefined, []],
  ];

  /** Applies a change to the account between the commit and the worker. */
  const apply = (
    users: { get(id: string): ResetUser | undefined; set(user: ResetUser): void; delete(id: string): void },
    change: (account: ResetUser) => ResetUser | undefined,
  ) => {
    const changed = change(users.get("42")!);
    if (changed) users.set(changed);
    else users.delete("42");
  };

  test.each(byEmail)("%s before the worker of a queue came", async (_, change, others) => {
    const { job, passwordReset, users, mailer, revoked, happened } = await complete();
    apply(users, change);
    for (let nth = 0; nth < 2; nth++) await passwordReset.deliver(job);
    const notices = mailer.sent.filter(({ kind }) => kind === "password_changed");
    const spelled = notices.map(({ to }) => to.toLowerCase());
    expect(spelled).toEqual([MIKE.email, ...others]);
    expect(new Set(notices.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(notices.length);
    expect(revoked).toEqual(["42"]);
    expect(happened().at(-1)).toBe("job_dropped:duplicate");
  });

  test.each(byEmail)("%s before the job of this process ran", async (_, change, others) => {
    const { passwordReset, requestToken, users, mailer, revoked } = harness();
    const token = await requestToken();
    await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    apply(users, change);
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    const notices = mailer.sent.filter(({ kind }) => kind === "password_changed");
    expect(notices.map(({ to }) => to.toLowerCase())).toEqual([MIKE.email, ...others]);
    expect(revoked).toEqual(["42", "42", "42"]);
  });
});

describe("A commit that fails", () => {
  test.each([
    ["once", 1],
    ["twice", 2],
  ])("%s needs no notice: the next attempt sets the password, and its owner is notified once", async (_, failures) => {
    const { passwordReset, requestToken, users, mailer, happened } = harness();
    const token = await requestToken();
    const replace = vi.spyOn(users, "replacePasswordHash");
    for (let nth = 0; nth < failures; nth++) replace.mockRejectedValueOnce(new Error("deadlock"));
    const complete = () => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    for (let nth = 0; nth < failures; nth++) await expect(complete()).rejects.toEqual(relatchError("ERR_USER_STORE"));
    expect(await complete()).toMatchObject({ ok: true });
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    expect(happened()).not.toContain("job_dropped:gave_up");
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  test("after it was written counts, and the owner is notified", async () => {
    const { passwordReset, requestToken, users, mailer } = harness();
    const token = await requestToken();
    const replace = users.replacePasswordHash;
    users.replacePasswordHash = async (change) => {
      await replace(change);
      throw new Error("connection lost");
    };
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(await completion).toMatchObject({ ok: true });
    await passwordReset.drain();
    expect(mailer.sent.at(-1)).toMatchObject({ kind: "password_changed" });
  });
});

describe("A commit that responds after callTimeout", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Completes a reset whose commit waits for a lock; its jobs go into a queue. */
  async function completeLate() {
    const its = queuedHarness({ callTimeout: new TimeSpan(2, "s") });
    const token = await its.requestToken();
    const { opened, open } = gate();
    const replace = its.users.replacePasswordHash;
    let result: boolean | Error = true;
    its.users.replacePasswordHash = async (change) => {
      await opened;
      if (result instanceof Error) throw result;
      return result && replace(change);
    };
    const completion = its.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    const outcome = expect(completion).rejects.toEqual(relatchError("ERR_USER_STORE"));
    await vi.advanceTimersByTimeAsync(2001);
    await outcome;
    return {
      ...its,
      token,
      async respond(passed: number, response: boolean | Error) {
        result = response;
        its.clock.now += passed;
        open();
        await vi.advanceTimersByTimeAsync(1);
      },
      run: async (nth: number) => {
        const delivery = its.passwordReset.deliver(its.jobs[nth]).catch((error: unknown) => error);
        await vi.advanceTimersByTimeAsync(5000);
        return delivery;
      },
      kinds: () => its.mailer.sent.map(({ kind }) => kind),
    };
  }

  test("is waited for, and then its sessions are ended and its owner is notified", async () => {
    const { respond, run, kinds, revoked, jobs, passwordReset, token } = await completeLate();
    expect(await run(1)).toMatchObject({ isWaiting: true });
    await respond(20_000, true);
    expect(jobs).toHaveLength(2);
    expect(await run(1)).toBeUndefined();
    expect([kinds().at(-1), revoked.length]).toEqual(["password_changed", 2]);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: false });
  });

  test.each([
    ["31 seconds", 31_000],
    ["half an hour, longer than a job waits", 30 * MINUTE],
  ])("after %s hands the job over once more, marked as committed", async (_, passed) => {
    const { respond, run, kinds, jobs } = await completeLate();
    await respond(passed, true);
    expect(jobs[2]).toMatchObject({ type: "follow_up", isCommitted: true, email: MIKE.email });
    expect(jobs[2]?.id).not.toBe(jobs[1]?.id);
    for (const nth of [1, 2]) expect(await run(nth)).toBeUndefined();
    expect(kinds()).toEqual(["reset_link", "password_changed"]);
  });

  test.each<[string, boolean | Error]>([
    ["false", false],
    ["with an error", new Error("statement timeout")],
  ])("%s leaves the link valid, and nobody is notified", async (_, response) => {
    const { respond, run, kinds, jobs, clock, passwordReset, token, happened } = await completeLate();
    await respond(31_000, response);
    clock.now = jobs[1]!.at + 15 * MINUTE;
    expect(await run(1)).toBeUndefined();
    expect(happened().at(-1)).toBe("job_dropped:not_committed");
    expect([kinds(), jobs.length]).toEqual([["reset_link"], 2]);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  });
});

describe("A follow-up job", () => {
  test("ends the sessions and notifies the owner once, also hours later", async () => {
    const { job, passwordReset, clock, revoked, mailer, happened } = await complete();
    clock.now += 300 * MINUTE;
    for (let nth = 0; nth < 2; nth++) await passwordReset.deliver(job);
    expect(revoked).toEqual(["42"]);
    expect(mailer.sent).toMatchObject([{ kind: "password_changed", to: MIKE.email, userId: "42" }]);
    expect(happened()).toEqual(["mail_sent", "job_dropped:duplicate"]);
  });

  test("names the time of the change and is in the language of the reset, whatever the account says since", async () => {
    const passwordChanged = vi.fn(() => ({ subject: "Changed", text: "Changed." }));
    const languages = [en, ru] as [typeof en, typeof ru];
    for (const locale of [undefined, "ru"]) {
      const accounts = [{ ...MIKE, locale }];
      const { job, passwordReset, users } = await complete({
        languages,
        accounts,
        messages: { passwordChanged },
      });
      users.set({ ...users.get("42")!, locale: locale ? "en" : "ru" });
      await passwordReset.deliver(job);
      const email = { changedAt: new Date(job.at), language: locale ? ru : en };
      expect(passwordChanged.mock.lastCall).toMatchObject([email]);
    }
  });

  test("spares the sessions of the current password", async () => {
    const revokeSessions = vi.fn(async () => {});
    const { job, passwordReset, users } = await complete({ revokeSessions });
    revokeSessions.mockClear();
    users.set({ ...users.get("42")!, passwordHash: "newer" });
    await passwordReset.deliver(job);
    expect(revokeSessions.mock.calls).toEqual([["42", { except: sessionStamp(users.get("42")!) }]]);
  });

  test("ends the sessions in the process of the reset, if that could not after the commit", async () => {
    let calls = 0;
    const revokeSessions = async () => {
      calls += 1;
      if (calls > 1 && calls <= 4) throw new Error("down");
    };
    const { job, origin } = await complete({ revokeSessions });
    expect(origin.happened()).toContain("session_revocation_failed");
    await origin.passwordReset.deliver(job);
    expect(calls).toBe(5);
    expect(origin.events.at(-1)).toMatchObject({ type: "mail_sent", kind: "password_changed" });
  });

  test.each([["in_transaction"], [false]] as const)("only notifies with revokeSessions: %s", async (revokeSessions) => {
    const { job, passwordReset, mailer } = await complete({ revokeSessions });
    await passwordReset.deliver(job);
    expect(mailer.sent).toMatchObject([{ kind: "password_changed" }]);
  });

  test("waits fifteen minutes for its commit without using up attempts, then does nothing", async () => {
    const { passwordReset, clock, events, mailer, revoked } = harness({ keys: KEYS });
    const job = createFollowUp(clock.now);
    for (const passed of [0, 15 * MINUTE - 1]) {
      clock.now = job.at + passed;
      const waiting = { code: "ERR_DISPATCHER", isWaiting: true, retryAfterSeconds: 15 };
      await expect(passwordReset.deliver(job)).rejects.toMatchObject(waiting);
    }
    expect(events).toEqual([]);
    clock.now += 1;
    await passwordReset.deliver(job);
    expect(events).toMatchObject([NOT_COMMITTED]);
    expect([revoked, mailer.sent]).toEqual([[], []]);
  });

  test("acts if it says that it is committed, although the account looks as it did before", async () => {
    const { passwordReset, clock, mailer, revoked } = harness({ keys: KEYS });
    await passwordReset.deliver(createFollowUp(clock.now, { isCommitted: true }));
    expect([revoked, mailer.sent.length]).toEqual([["42"], 1]);
  });

  test("does nothing in the process of a reset whose sessions could not be ended, which left it uncommitted", async () => {
    const revokeSessions = () => Promise.reject(new Error("down"));
    const { passwordReset, requestToken, jobs, mailer, events } = queuedHarness({ revokeSessions });
    const completion = passwordReset.completeReset({
      token: await requestToken(),
      newPassword: GOOD_PASSWORD,
    });
    await expect(completion).rejects.toEqual(relatchError("ERR_SESSIONS", "revokeSessions"));
    await passwordReset.deliver(jobs[1]);
    expect(events.at(-1)).toMatchObject(NOT_COMMITTED);
    expect(mailer.sent).toHaveLength(1);
  });

  test("sends the notice even if the revocation fails, rejects, and does not repeat the email", async () => {
    let isDown = false;
    const passwordChanged = vi.fn(() => ({ subject: "Changed", text: "Changed." }));
    const revokeSessions = async () => {
      if (isDown) throw new Error("down");
    };
    const { job, passwordReset, mailer, events } = await complete({
      messages: { passwordChanged },
      revokeSessions,
    });
    isDown = true;
    for (let nth = 0; nth < 2; nth++) {
      await expect(passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_SESSIONS"));
    }
    const failure = { type: "delivery_failed", jobType: "follow_up", reason: "ERR_SESSIONS" };
    expect(events.at(-1)).toMatchObject(failure);
    isDown = false;
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(passwordChanged).toHaveBeenCalledTimes(1);
  });

  test("does not repeat a notice that went out when another one failed", async () => {
    const { job, passwordReset, users, mailer } = await complete();
    users.set({ ...users.get("42")!, email: "new@example.org" });
    const send = mailer.send;
    let failures = 1;
    mailer.send = async (message, about) => {
      if (message.to === MIKE.email && failures-- > 0) throw new Error("down");
      return send(message, about);
    };
    await expect(passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_MAILER"));
    await passwordReset.deliver(job);
    expect(mailer.sent.map(({ to }) => to)).toEqual(["new@example.org", MIKE.email]);
  });

  test.each([`${MIKE.email},eve@evil.example`, `${MIKE.email}\u00a0`, "", `${"a".repeat(310)}@example.org`])(
    "sends no notice if no address is usable, and says so: %j",
    async (email) => {
      const accounts = [MIKE];
      const { passwordReset, users, clock, mailer, events, revoked } = harness({ accounts, keys: KEYS });
      users.set({ ...MIKE, passwordHash: "new", email: "mike@example.org\r\nBcc: eve@evil.example" });
      await passwordReset.deliver(createFollowUp(clock.now, { email }));
      expect([mailer.sent, revoked]).toEqual([[], ["42"]]);
      expect(events).toMatchObject([{ type: "notice_skipped", userId: "42", reason: "unusable_address" }]);
    },
  );

  test("sends the same email in every process, because it contains no link", async () => {
    const { job, users, mailer, passwordReset } = await complete();
    const other = harness({ users, keys: KEYS });
    for (const { deliver } of [passwordReset, other.passwordReset]) await deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(other.mailer.sent).toEqual(mailer.sent);
    expect(mailer.sent[0]?.idempotencyKey).toMatch(/^[\w-]{43}$/);
  });
});
