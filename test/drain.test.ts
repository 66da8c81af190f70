import { background, type Dispatcher, inline, type Job, type Mailer } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, MIKE } from "./harness.ts";

const down: Mailer = { send: () => Promise.reject(new Error("the mail server is away")) };
const refusing: Mailer = {
  send: () => Promise.reject(Object.assign(new Error("550"), { permanent: true })),
};

async function requested(options: Parameters<typeof harness>[0] = {}, times = 1) {
  const h = harness({ limits: { address: false }, ...options });
  for (let nth = 0; nth < times; nth++) {
    await h.passwordReset.requestReset({ email: MIKE.email, ip: null });
  }
  return h;
}

describe("a drain answers with what was not sent", () => {
  test("nothing, when all was", async () => {
    const { passwordReset, mailer } = await requested({}, 3);
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
    expect(mailer.sent).toHaveLength(3);
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
  });

  test.each<[string, Mailer]>([
    ["gave_up", down],
    ["refused", refusing],
  ])("a mail that was %s, and whose, in words that can be logged", async (reason, mailer) => {
    const { passwordReset } = await requested({ mailer }, 2);
    const report = await passwordReset.drain();
    const lost = { jobId: expect.any(String), type: "reset_requested", reason };
    expect(report).toEqual({ undelivered: [lost, lost] });
    expect(new Set(report.undelivered.map(({ jobId }) => jobId)).size).toBe(2);
    expect(JSON.stringify(report)).not.toContain(MIKE.email.split("@")[0]);
    // Each is told once.
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
  });

  test("the notice of a change too", async () => {
    let isDown = false;
    const h = harness();
    const send = h.mailer.send.bind(h.mailer);
    h.mailer.send = async (...input) => (isDown ? down.send(...input) : send(...input));
    const token = await h.requestToken();
    isDown = true;
    expect(await h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect((await h.passwordReset.drain()).undelivered).toMatchObject([
      { type: "password_changed", reason: "gave_up" },
    ]);
  });

  test("what was never tried, for want of room", async () => {
    const { opened, open } = gate();
    const mailer: Mailer = { send: () => opened };
    const { passwordReset } = await requested({ mailer, dispatcher: background({ maxWaiting: 1 }) });
    const drained = passwordReset.drain();
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    open();
    expect((await drained).undelivered).toMatchObject([{ type: "reset_requested", reason: "queue_full" }]);
  });

  test("once, also where two wait at once", async () => {
    const { passwordReset } = await requested({ mailer: down }, 2);
    const reports = await Promise.all([passwordReset.drain(), passwordReset.drain()]);
    expect(reports.flatMap(({ undelivered }) => undelivered)).toHaveLength(2);
  });

  test("also what was given up before it began", async () => {
    const { passwordReset } = await requested({ mailer: down, dispatcher: inline() });
    expect((await passwordReset.drain()).undelivered).toHaveLength(1);
  });

  test("of very much the newest", async () => {
    const dispatcher: Dispatcher = { dispatch: async (job, _, dropped) => dropped(job, "queue_full") };
    const { passwordReset } = await requested({ dispatcher }, 1001);
    const { undelivered } = await passwordReset.drain();
    expect(undelivered).toHaveLength(1000);
  });

  test("what another dispatcher lets go of while it drains", async () => {
    const waiting: (() => void)[] = [];
    const dispatcher: Dispatcher = {
      dispatch: async (job, _, dropped) => waiting.push(() => dropped(job, "gave_up")),
      async drain() {
        for (const letGo of waiting.splice(0)) letGo();
      },
    };
    const { passwordReset } = await requested({ dispatcher }, 2);
    expect((await passwordReset.drain()).undelivered).toHaveLength(2);
  });

  test("nothing, of a dispatcher that has no drain", async () => {
    const { passwordReset } = await requested({ dispatcher: { dispatch: async () => {} } });
    expect(await passwordReset.drain()).toEqual({ undelivered: [] });
  });

  test("when all that was in flight has ended, and not before", async () => {
    const { opened, open } = gate();
    const { passwordReset } = await requested({ mailer: { send: () => opened } });
    const drained = vi.fn();
    const waiting = passwordReset.drain().then(drained);
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).not.toHaveBeenCalled();
    open();
    await waiting;
    expect(drained).toHaveBeenCalledWith({ undelivered: [] });
  });
});

test("a drain also waits for a worker that took the last job from the queue meanwhile", async () => {
  const { opened, open } = gate();
  const queue: Job[] = [];
  const dispatcher: Dispatcher = {
    dispatch: async (job) => queue.push(job),
    async drain() {
      for (const job of queue.splice(0)) void passwordReset.deliver(job);
    },
  };
  const { passwordReset } = await requested({ dispatcher, mailer: { send: () => opened } });
  const drained = vi.fn();
  const end = passwordReset.drain().then(drained);
  await new Promise((resolve) => setImmediate(resolve));
  expect(drained).not.toHaveBeenCalled();
  open();
  await end;
});

test("a drain that fails is a fault of the dispatcher, and the next one starts afresh", async () => {
  const drain = vi.fn(async () => {}).mockRejectedValueOnce(new Error("down"));
  const { passwordReset } = await requested({ dispatcher: { dispatch: async () => {}, drain } });
  await expect(passwordReset.drain()).rejects.toMatchObject({
    code: "ERR_DISPATCHER",
    message: "dispatcher.drain failed.",
  });
  expect(await passwordReset.drain()).toEqual({ undelivered: [] });
});
