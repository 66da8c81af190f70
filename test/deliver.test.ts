import { type Job, type MailMessage, sessionStamp, TimeSpan } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, MIKE } from "./harness.ts";

const MINUTE = 60_000;

/** A harness whose jobs are kept, as an external queue would, instead of being delivered. */
function queued(options: Parameters<typeof harness>[0] = {}) {
  const jobs: Job[] = [];
  const h = harness({
    ...options,
    dispatcher: { dispatch: async (job) => jobs.push(JSON.parse(JSON.stringify(job))) },
  });
  return { ...h, jobs };
}

async function requested(options: Parameters<typeof harness>[0] = {}) {
  const h = queued(options);
  await h.passwordReset.requestReset({ email: MIKE.email, ip: null });
  return { ...h, job: h.jobs[0]! };
}

async function completed(options: Parameters<typeof harness>[0] = {}) {
  const h = await requested(options);
  await h.passwordReset.deliver(h.job);
  const token = h.mailer.lastLink(MIKE.email)!.split("/").at(-1)!;
  await h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  // Its job goes to another process, over the same users.
  const worker = harness({ ...options, users: h.users });
  worker.clock.now = h.clock.now;
  return { ...worker, users: h.users, origin: h, job: h.jobs[1]! };
}

describe("a job from a queue", () => {
  test.each([
    [undefined],
    [null],
    ["{}"],
    [{}],
    [[]],
    [{ v: 2, id: "a", at: 0, type: "reset_requested", email: MIKE.email }],
    [{ v: 1, id: "a", at: 0, type: "delete_everything", email: MIKE.email }],
    [{ v: 1, id: "a", at: 0, type: "reset_requested", email: `${MIKE.email},eve@evil.example` }],
    [{ v: 1, id: "a", at: Number.NaN, type: "reset_requested", email: MIKE.email }],
    [{ v: 1, id: "a", at: 0, type: "password_changed", userId: 42, stamp: "x", previousStamp: "y" }],
  ])("that is malformed is dropped with an event: %j", async (job) => {
    const { passwordReset, happened, mailer } = harness();
    await passwordReset.deliver(job);
    expect(happened()).toEqual(["job_dropped:malformed"]);
    expect(mailer.sent).toEqual([]);
  });

  test("is delivered by another process than the one that took it", async () => {
    const { job } = await requested();
    const worker = harness();
    worker.clock.now = job.at + 10 * MINUTE;
    await worker.passwordReset.deliver(job);
    expect(worker.mailer.sent).toMatchObject([{ to: MIKE.email, kind: "reset_link" }]);
    const token = worker.mailer.lastLink(MIKE.email)!.split("/").at(-1);
    // The lifetime counts from the mail, not from the request.
    expect(await worker.passwordReset.verifyToken(token)).toMatchObject({
      expiresAt: new Date(worker.clock.now + 60 * MINUTE),
    });
  });

  test.each([
    [60 * MINUTE, true],
    [60 * MINUTE + 1, false],
    [-4 * MINUTE, true],
    [-6 * MINUTE, false],
  ])("that is %d ms old: delivered %s", async (age, delivered) => {
    const { job, passwordReset, clock, mailer, happened } = await requested();
    clock.now += age;
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(delivered ? 1 : 0);
    expect(happened().includes("job_dropped:stale")).toBe(!delivered);
  });

  test("may come from a clock that is five minutes ahead", async () => {
    const { job } = await requested();
    for (const [ahead, sent] of [
      [5 * MINUTE, 1],
      [5 * MINUTE + 1, 0],
    ] as const) {
      const worker = harness();
      worker.clock.now = job.at - ahead;
      await worker.passwordReset.deliver(job);
      expect(worker.mailer.sent).toHaveLength(sent);
    }
  });

  test("tells nobody a name that is more than a name", async () => {
    const told: unknown[] = [];
    const { job, passwordReset, mailer } = await requested({
      accounts: [{ ...MIKE, name: "Your account was hacked: https://evil.example" }],
      appName: (to) => {
        told.push(to);
        return "Acme";
      },
    });
    await passwordReset.deliver(job);
    expect(JSON.stringify([mailer.sent, told])).not.toContain("evil");
    expect([mailer.sent[0]?.name, told]).toEqual([undefined, [{ userId: "42", locale: "en" }]]);
  });

  test("hands its mail over frozen: no mailer changes what another one sends", async () => {
    const given: object[] = [];
    const mailer = { send: async (...mail: object[]) => given.push(...mail) };
    const { job, passwordReset } = await requested({ mailer });
    await passwordReset.deliver(job);
    expect(given.map((each) => Object.isFrozen(each))).toEqual([true, true]);
  });

  test("delivered twice, mails once, one after the other and at once", async () => {
    const { job, passwordReset, mailer, happened } = await requested();
    await Promise.all([passwordReset.deliver(job), passwordReset.deliver(job)]);
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(happened()).toContain("job_dropped:duplicate");
  });

  type Harness = Awaited<ReturnType<typeof requested>>;
  const down = () => Promise.reject(new Error("down"));
  test.each([
    ["mailer", "ERR_MAILER", (h: Harness) => vi.spyOn(h.mailer, "send").mockImplementationOnce(down)],
    [
      "user store",
      "ERR_USER_STORE",
      (h: Harness) => vi.spyOn(h.users, "findByEmail").mockImplementationOnce(down),
    ],
    [
      "token store",
      "ERR_TOKEN_STORE",
      (h: Harness) => vi.spyOn(h.tokens, "save").mockImplementationOnce(down),
    ],
  ])("rejects when the %s fails, and the next try succeeds", async (_, code, breakIt) => {
    const h = await requested();
    breakIt(h);
    await expect(h.passwordReset.deliver(h.job)).rejects.toMatchObject({ code });
    expect(h.events.at(-1)).toMatchObject({
      type: "delivery_failed",
      jobType: "reset_requested",
      reason: code,
    });
    await h.passwordReset.deliver(h.job);
    expect(h.mailer.sent).toHaveLength(1);
  });

  test("whose mail is refused for good resolves: no retry can help", async () => {
    const { job, passwordReset, mailer, happened } = await requested();
    mailer.send = () => Promise.reject(Object.assign(new Error("550"), { permanent: true }));
    await passwordReset.deliver(job);
    expect(happened()).toContain("mail_refused");
  });

  test("that takes too long fails, and its next try does not wait for the first", async () => {
    vi.useFakeTimers();
    try {
      const { opened, open } = gate();
      const sent: MailMessage[] = [];
      let calls = 0;
      const { job, passwordReset, happened } = await requested({
        deliveryTimeout: new TimeSpan(5, "s"),
        mailer: {
          send: async (message) => {
            calls += 1;
            if (calls === 1) await opened;
            sent.push(message);
          },
        },
      });
      const first = expect(passwordReset.deliver(job)).rejects.toMatchObject({
        code: "ERR_DISPATCHER",
        message: "Delivery took longer than deliveryTimeout.",
      });
      await vi.advanceTimersByTimeAsync(5000);
      await first;
      expect(happened()).toContain("delivery_failed:ERR_DISPATCHER");
      await passwordReset.deliver(job);
      expect(sent).toHaveLength(1);
      open();
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ["a resetUrl that is no template", { resetUrl: () => "https://app.example.com/" }],
    ["an appName that is none", { appName: () => "" }],
    ["a message without text", { messages: { resetLink: () => ({ subject: "s" }) as never } }],
    ["no message at all", { messages: { resetLink: () => undefined as never } }],
  ])("rejects with ERR_OPTIONS for %s, before a token is made where it can", async (_, options) => {
    const { job, passwordReset, mailer } = await requested(options);
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_OPTIONS" });
    expect(mailer.sent).toEqual([]);
  });

  test("without randomness makes no token and sends no mail", async () => {
    const { job, passwordReset, tokens, mailer, events } = await requested();
    const save = vi.spyOn(tokens, "save");
    const random = vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
      throw new Error("no entropy");
    });
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({
      code: "ERR_DISPATCHER",
      message: "Delivery failed.",
      cause: new Error("no entropy"),
    });
    random.mockRestore();
    expect(save).not.toHaveBeenCalled();
    expect(mailer.sent).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "delivery_failed" });
  });
});

test("a try whose time was up makes no token any more: it would kill the link of the next one", async () => {
  vi.useFakeTimers();
  try {
    const { opened, open } = gate();
    const { job, passwordReset, users, mailer, tokens } = await requested({
      deliveryTimeout: new TimeSpan(5, "s"),
    });
    const find = users.findByEmail.bind(users);
    vi.spyOn(users, "findByEmail").mockImplementationOnce(async (...input) => {
      await opened;
      return find(...input);
    });
    const save = vi.spyOn(tokens, "save");
    const first = expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    await vi.advanceTimersByTimeAsync(5000);
    await first;
    await passwordReset.deliver(job);
    const token = mailer.lastLink(MIKE.email)?.split("/").at(-1);
    open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(save).toHaveBeenCalledTimes(1);
    expect(mailer.sent).toHaveLength(1);
    expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  } finally {
    vi.useRealTimers();
  }
});

test("a try whose time was up while its mail was composed does not send it any more", async () => {
  vi.useFakeTimers();
  try {
    const { opened, open } = gate();
    const { job, passwordReset, mailer } = await requested({
      deliveryTimeout: new TimeSpan(5, "s"),
      messages: {
        async resetLink({ url }) {
          await opened;
          return { subject: "Reset", text: url };
        },
      },
    });
    const tried = expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    await vi.advanceTimersByTimeAsync(5000);
    await tried;
    open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(mailer.sent).toEqual([]);
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

describe("the follow-up of a reset", () => {
  test("ends the sessions and tells the owner, hours later too", async () => {
    const { job, passwordReset, clock, revoked, mailer } = await completed();
    clock.now += 300 * MINUTE;
    await passwordReset.deliver(job);
    expect(revoked).toEqual(["42"]);
    expect(mailer.sent).toMatchObject([{ kind: "password_changed", to: MIKE.email }]);
  });

  test("done twice revokes and mails once", async () => {
    const { job, passwordReset, revoked, mailer } = await completed();
    await passwordReset.deliver(job);
    await passwordReset.deliver(job);
    expect(revoked).toEqual(["42"]);
    expect(mailer.sent).toHaveLength(1);
  });

  test("names the stamp of the new password, so that sessions opened with it can stay", async () => {
    const stamps: string[] = [];
    const { job, passwordReset, users } = await completed({
      revokeSessions: async (_, { stamp }) => stamps.push(stamp),
    });
    await passwordReset.deliver(job);
    expect(new Set(stamps)).toEqual(new Set([sessionStamp(users.get("42")!)]));
    expect(stamps).toHaveLength(3);
  });

  test("in the process of the reset itself does not end sessions again: only new ones could be left", async () => {
    const { job, origin } = await completed();
    expect(origin.revoked).toEqual(["42", "42"]);
    await origin.passwordReset.deliver(job);
    expect(origin.revoked).toEqual(["42", "42"]);
    expect(origin.mailer.sent.at(-1)).toMatchObject({ kind: "password_changed" });
  });

  test("does nothing when the password was changed again since", async () => {
    const { job, passwordReset, users, revoked, mailer, happened } = await completed();
    users.set({ ...MIKE, passwordHash: "newer" });
    await passwordReset.deliver(job);
    expect([revoked, mailer.sent]).toEqual([[], []]);
    expect(happened().at(-1)).toBe("job_dropped:not_committed");
  });

  test("does nothing for an account that is gone", async () => {
    const { job, passwordReset, users, happened } = await completed();
    users.delete("42");
    await passwordReset.deliver(job);
    expect(happened().at(-1)).toBe("job_dropped:not_committed");
  });

  test("waits two minutes for its commit, then gives up", async () => {
    const { passwordReset, clock, happened, mailer } = harness();
    const job: Job = {
      v: 1,
      id: "a",
      at: clock.now,
      type: "password_changed",
      userId: "42",
      previousStamp: sessionStamp(MIKE),
      stamp: sessionStamp({ id: "42", passwordHash: "new" }),
    };
    clock.now += 2 * MINUTE - 1;
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({
      message: expect.stringContaining("not set yet"),
    });
    clock.now += 1;
    await passwordReset.deliver(job);
    expect(happened()).toEqual(["job_dropped:not_committed"]);
    expect(mailer.sent).toEqual([]);
  });

  test("sends the notice even when the revocation fails, asks for another try, and does not repeat the mail", async () => {
    let down = false;
    const passwordChanged = vi.fn(() => ({ subject: "Changed", text: "Changed." }));
    const { job, passwordReset, mailer, events } = await completed({
      messages: { passwordChanged },
      revokeSessions: async () => {
        if (down) throw new Error("down");
      },
    });
    down = true;
    await expect(passwordReset.deliver(job)).rejects.toMatchObject({ code: "ERR_SESSIONS" });
    expect(mailer.sent).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: "delivery_failed", reason: "ERR_SESSIONS" });
    down = false;
    const composed = passwordChanged.mock.calls.length;
    await passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(passwordChanged).toHaveBeenCalledTimes(composed);
  });

  test("sends no notice to an address on file that mail cannot safely go to", async () => {
    const { job, passwordReset, users, mailer, happened } = await completed();
    users.set({ ...users.get("42")!, email: "mike@example.org\r\nBcc: eve@evil.example" });
    await passwordReset.deliver(job);
    expect(mailer.sent).toEqual([]);
    expect(happened().at(-1)).toBe("notice_skipped:unusable_address");
  });

  test.each([["in_transaction"], [false]] as const)(
    "with revokeSessions %s only tells",
    async (revokeSessions) => {
      const { job, passwordReset, mailer } = await completed({ revokeSessions });
      await passwordReset.deliver(job);
      expect(mailer.sent).toMatchObject([{ kind: "password_changed" }]);
    },
  );
});
