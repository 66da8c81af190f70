import { background, type Dispatcher, type Mailer } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, KEYS, MIKE } from "../helpers/harness.ts";

const down: Mailer = { send: () => Promise.reject(new Error("the mail server is away")) };
const refusing: Mailer = { send: () => Promise.reject(Object.assign(new Error("550"), { permanent: true })) };

async function request(options: Parameters<typeof harness>[0] = {}, times = 1) {
  const its = harness({ limits: { address: false }, ...options });
  for (let nth = 0; nth < times; nth++) await its.passwordReset.requestReset({ email: MIKE.email, ip: false });
  return its;
}

test("The functions of a password reset work destructured, and the object is frozen", async () => {
  const { passwordReset, mailer } = harness();
  const { requestReset, verifyToken, completeReset, drain } = passwordReset;
  expect(await requestReset({ email: MIKE.email, ip: false })).toEqual({ ok: true });
  await drain();
  const token = mailer.lastToken(MIKE.email);
  expect(await verifyToken({ token })).toMatchObject({ ok: true });
  expect(await completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
  expect(Object.isFrozen(passwordReset)).toBe(true);
});

describe("drain returns", () => {
  test("no undelivered job if all emails were sent", async () => {
    const { passwordReset, mailer } = await request({}, 3);
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    expect(mailer.sent).toHaveLength(3);
  });

  test.each<[string, Mailer]>([
    ["gave_up", down],
    ["refused", refusing],
  ])("each job that ended with %s once, without an address", async (reason, mailer) => {
    const { passwordReset } = await request({ mailer }, 2);
    const reports = await Promise.all([passwordReset.drain(), passwordReset.drain()]);
    const undelivered = reports.flatMap((report) => report.undelivered);
    const job = { jobId: expect.any(String), type: "reset_requested", reason };
    expect(undelivered).toEqual([job, job]);
    expect(new Set(undelivered.map(({ jobId }) => jobId)).size).toBe(2);
    expect(JSON.stringify(undelivered)).not.toContain("mike");
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
  });

  test("the notice of a change that could not be sent", async () => {
    const { passwordReset, requestToken, mailer } = harness();
    const token = await requestToken();
    mailer.send = down.send;
    await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    const { undelivered } = await passwordReset.drain();
    expect(undelivered).toMatchObject([{ type: "follow_up", reason: "gave_up" }]);
  });

  test("a job for which there was no room", async () => {
    const { opened, open } = gate();
    const mailer: Mailer = { send: () => opened };
    const { passwordReset } = await request({ mailer, dispatcher: background({ maxWaiting: 1 }) });
    const drained = passwordReset.drain();
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    open();
    expect((await drained).undelivered).toMatchObject([{ type: "reset_requested", reason: "queue_full" }]);
  });

  test("a job that was given up before drain was called", async () => {
    const dispatcher: Dispatcher = {
      dispatch: (job, deliver, dropped) => deliver(job).catch(() => dropped(job, "gave_up")),
    };
    const { passwordReset, happened } = await request({ mailer: down, dispatcher });
    expect((await passwordReset.drain()).undelivered).toHaveLength(1);
    expect(happened()).toEqual(["delivery_failed:ERR_MAILER", "job_dropped:gave_up", "reset_requested"]);
  });

  test("jobs that the application's dispatcher drops while it drains", async () => {
    const waiting: (() => void)[] = [];
    const dispatcher: Dispatcher = {
      dispatch: async (job, _, dropped) => waiting.push(() => dropped(job, "gave_up")),
      async drain() {
        for (const drop of waiting.splice(0)) drop();
      },
    };
    const { passwordReset } = await request({ dispatcher }, 2);
    expect((await passwordReset.drain()).undelivered).toHaveLength(2);
  });

  test("no undelivered job if the dispatcher cannot drain", async () => {
    const { passwordReset } = await request({ dispatcher: { dispatch: async () => {} } });
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
  });
});

describe("drain waits", () => {
  test("for an email that is being sent", async () => {
    const { opened, open } = gate();
    const { passwordReset } = await request({ mailer: { send: () => opened } });
    const drained = vi.fn();
    const waiting = passwordReset.drain().then(drained);
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).not.toHaveBeenCalled();
    open();
    await waiting;
    expect(drained).toHaveBeenCalledWith({ undelivered: [] });
  });

  test.each(["requestReset", "completeReset"] as const)("for a call of %s that is running", async (name) => {
    const { opened, open } = gate();
    const { passwordReset, requestToken, users } = harness({ limits: { address: false } });
    const token = await requestToken();
    const ended = vi.fn();
    if (name === "completeReset") {
      const find = users.findById;
      users.findById = (id) => opened.then(() => find(id));
    }
    const call =
      name === "completeReset"
        ? passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })
        : passwordReset.requestReset({ email: MIKE.email, ip: false });
    void call.then(ended);
    const drained = passwordReset.drain();
    open();
    await drained;
    expect(ended).toHaveBeenCalledOnce();
  });

  test("for a worker that takes the last job from the queue meanwhile", async () => {
    const { opened, open } = gate();
    const queue: unknown[] = [];
    const dispatcher: Dispatcher = {
      dispatch: async (job) => queue.push(job),
      async drain() {
        for (const job of queue.splice(0)) void passwordReset.deliver(job);
      },
    };
    const { passwordReset } = await request({ dispatcher, mailer: { send: () => opened }, keys: KEYS });
    const drained = vi.fn();
    const end = passwordReset.drain().then(drained);
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).not.toHaveBeenCalled();
    open();
    await end;
  });
});

test("drain resolves although timers are fake and an attempt has failed", async () => {
  vi.useFakeTimers();
  try {
    const { passwordReset, requestToken, mailer } = harness();
    const token = await requestToken();
    vi.spyOn(mailer, "send").mockRejectedValueOnce(new Error("away"));
    await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    // One job that sends nothing, and one whose first attempt fails.
    await passwordReset.requestReset({ email: "nobody@example.org", ip: false });
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  } finally {
    vi.useRealTimers();
  }
});

describe("A reset during drain", () => {
  const NOTICE = { kind: "password_changed", to: MIKE.email };

  test("is waited for, uses up no attempts, and its owner is notified", async () => {
    const { opened, open } = gate();
    const { passwordReset, requestToken, users, mailer, happened } = harness();
    const token = await requestToken();
    const replace = users.replacePasswordHash;
    users.replacePasswordHash = (change) => opened.then(() => replace(change));
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    const drained = passwordReset.drain();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(mailer.sent).toHaveLength(1);
    open();
    expect(await completion).toMatchObject({ ok: true });
    expect(await drained).toEqual({ undelivered: [] });
    expect(mailer.sent.at(-1)).toMatchObject(NOTICE);
    expect(happened().filter((what) => what.startsWith("job_dropped"))).toEqual([]);
  });

  test("whose commit has failed does not hold a process that shuts down", async () => {
    const { passwordReset, requestToken, users, mailer, happened } = harness();
    const token = await requestToken();
    users.replacePasswordHash = () => Promise.reject(new Error("down"));
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completion).rejects.toEqual(relatchError("ERR_USER_STORE"));
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    expect(happened().at(-1)).toBe("job_dropped:not_committed");
    expect(mailer.sent).toHaveLength(1);
  });
});

test("drain throws ERR_DISPATCHER if the dispatcher fails, and works the next time", async () => {
  const drain = vi.fn(async () => {}).mockRejectedValueOnce(new Error("down"));
  const { passwordReset } = await request({ dispatcher: { dispatch: async () => {}, drain } });
  await expect(passwordReset.drain()).rejects.toEqual(relatchError("ERR_DISPATCHER", "dispatcher.drain"));
  expect(await passwordReset.drain()).toEqual({ undelivered: [] });
});
