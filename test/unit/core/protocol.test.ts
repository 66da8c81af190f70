import { type FollowUpJob, type Job, type PasswordResetOptions, type ResetUser, TimeSpan } from "relatch";
import { memoryMailer, memoryPorts, memoryUsers } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, MIKE } from "../../helpers/harness.ts";

// Interleavings that the protocol model (lab/protocol) visits, each as one run of the real code.

const MINUTE = 60_000;
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const WITHOUT_PASSWORD: ResetUser = { ...MIKE, passwordHash: null };

/** One deployment: several processes over the same stores, and a queue that keeps jobs until a test delivers them. */
function deploy(account: ResetUser = MIKE) {
  const users = memoryUsers([account], { firstPasswords: true });
  const { tokens } = memoryPorts();
  const mailer = memoryMailer();
  const queue: Job[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const startProcess = (options: Partial<PasswordResetOptions> = {}) =>
    harness({
      users,
      tokens,
      mailer,
      keys: [new Uint8Array(32).fill(7)],
      dispatcher: { dispatch: async (job) => queue.push(JSON.parse(JSON.stringify(job))) },
      now: () => new Date(clock.now),
      limits: false,
      ...options,
    });
  const worker = startProcess();
  const requestToken = async () => {
    await worker.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await worker.passwordReset.deliver(queue.pop());
    return mailer.lastToken(MIKE.email) ?? "";
  };
  const change = (changes: Partial<ResetUser>) => users.set({ ...users.get("42")!, ...changes });
  const notices = () => mailer.sent.filter(({ kind }) => kind === "password_changed");
  return { users, mailer, clock, queue, startProcess, worker, requestToken, change, notices };
}

/** A hasher that says when it has started, and goes on when the test says so. */
function slowHasher() {
  const started = gate();
  const go = gate();
  const { hasher } = memoryPorts();
  const hash = async (password: string) => {
    started.open();
    await go.opened;
    return hasher.hash(password);
  };
  return { hasher: { hash }, started: started.opened, go: go.open };
}

describe("The commit", () => {
  test("A double click in two processes sets one password and sends one notice", async () => {
    const { users, queue, startProcess, worker, requestToken, notices } = deploy();
    const token = await requestToken();
    const hashers = [slowHasher(), slowHasher()];
    const results = hashers.map(({ hasher }) =>
      startProcess({ hasher }).passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    );
    await Promise.all(hashers.map(({ started }) => started));
    for (const { go } of hashers) go();
    expect((await Promise.all(results)).map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(users.get("42")?.passwordHash).not.toBe(MIKE.passwordHash);
    expect(queue).toHaveLength(2);
    // Each worker repeats the email, and names it alike, so that a mail service drops it.
    for (const job of queue) await worker.passwordReset.deliver(job);
    for (const job of queue) await startProcess().passwordReset.deliver(job);
    expect(notices()).toHaveLength(3);
    expect(new Set(notices().map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  test("The link of a first password stays used if the password is removed again", async () => {
    const { startProcess, requestToken, change } = deploy(WITHOUT_PASSWORD);
    const token = await requestToken();
    const { passwordReset } = startProcess();
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    change({ passwordHash: null });
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
  });

  test("A link that expires while the password is hashed still sets it", async () => {
    const { clock, startProcess, requestToken } = deploy();
    const token = await requestToken();
    const { hasher, started, go } = slowHasher();
    const result = startProcess({ hasher }).passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await started;
    clock.now += 2 * 3_600_000;
    go();
    expect(await result).toMatchObject({ ok: true });
  });

  test("revokeTokens wins over a completion that is hashing, and nobody is notified", async () => {
    const { users, clock, queue, startProcess, worker, requestToken, notices } = deploy();
    const token = await requestToken();
    const { hasher, started, go } = slowHasher();
    const result = startProcess({ hasher }).passwordReset.completeReset({
      token,
      newPassword: GOOD_PASSWORD,
    });
    await started;
    await worker.passwordReset.revokeTokens("42");
    go();
    expect(await result).toEqual(REFUSED);
    expect(users.get("42")).toEqual(MIKE);
    await expect(worker.passwordReset.deliver(queue[0])).rejects.toMatchObject({ isWaiting: true });
    clock.now += 15 * MINUTE;
    await worker.passwordReset.deliver(queue[0]);
    expect(worker.happened().at(-1)).toBe("job_dropped:not_committed");
    expect(notices()).toEqual([]);
  });
});

describe("The notice of a commit", () => {
  const complete = async (account?: ResetUser) => {
    const deployment = deploy(account);
    const token = await deployment.requestToken();
    const origin = deployment.startProcess();
    const result = await origin.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(result).toMatchObject({ ok: true });
    return { ...deployment, origin };
  };

  test("The address of the link gets the notice if address and password change before the worker comes", async () => {
    const { change, queue, worker, notices } = await complete();
    change({ email: "intruder@example.net", passwordHash: "hash-of-the-intruder" });
    await worker.passwordReset.deliver(queue[0]);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email, "intruder@example.net"]);
    expect(worker.revoked).toEqual(["42"]);
  });

  test("The address of the link gets the notice if the account is deleted before the worker comes", async () => {
    const { users, queue, worker, notices } = await complete();
    users.delete("42");
    await worker.passwordReset.deliver(queue[0]);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });

  test("The owner gets the notice if a first password is removed again before the worker comes", async () => {
    const { change, queue, worker, notices } = await complete(WITHOUT_PASSWORD);
    change({ passwordHash: null });
    const [first, again] = queue;
    expect([first, again]).toMatchObject([{ isCommitted: false }, { isCommitted: true }]);
    await expect(worker.passwordReset.deliver(first)).rejects.toMatchObject({ isWaiting: true });
    await worker.passwordReset.deliver(again);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });

  test("The owner gets the notice if the commit comes after the job was given up", async () => {
    const { users, clock, queue, startProcess, worker, requestToken, notices } = deploy();
    const token = await requestToken();
    const reached = gate();
    const go = gate();
    const replacePasswordHash: typeof users.replacePasswordHash = async (values) => {
      reached.open();
      await go.opened;
      return users.replacePasswordHash(values);
    };
    const origin = startProcess({ users: { ...users, replacePasswordHash } });
    const result = origin.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await reached.opened;
    clock.now += 16 * MINUTE;
    await worker.passwordReset.deliver(queue[0]);
    expect(worker.happened().at(-1)).toBe("job_dropped:not_committed");
    go.open();
    expect(await result).toMatchObject({ ok: true });
    expect(queue).toMatchObject([{ isCommitted: false }, { isCommitted: true }]);
    await worker.passwordReset.deliver(queue[1]);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });

  test("The owner gets the notice if the database responds after callTimeout, while the process drains", async () => {
    const { users, startProcess, requestToken, notices } = deploy();
    const token = await requestToken();
    const go = gate();
    const replacePasswordHash: typeof users.replacePasswordHash = async (values) => {
      await go.opened;
      return users.replacePasswordHash(values);
    };
    const callTimeout = new TimeSpan(20, "ms");
    const { passwordReset } = startProcess({
      users: { ...users, replacePasswordHash },
      dispatcher: undefined,
      callTimeout,
      passwordRules: [],
    });
    const result = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(result).rejects.toEqual(relatchError("ERR_USER_STORE"));
    const drained = passwordReset.drain();
    go.open();
    await drained;
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });

  test("The owner gets the notice if the commit comes after a drain gave its job up", async () => {
    const { users, startProcess, requestToken, notices } = deploy();
    const token = await requestToken();
    const go = gate();
    const replacePasswordHash: typeof users.replacePasswordHash = async (values) => {
      await go.opened;
      return users.replacePasswordHash(values);
    };
    const { passwordReset, happened, events } = startProcess({
      users: { ...users, replacePasswordHash },
      dispatcher: undefined,
      callTimeout: new TimeSpan(20, "ms"),
      passwordRules: [],
    });
    const result = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(result).rejects.toEqual(relatchError("ERR_USER_STORE"));
    await passwordReset.drain();
    expect(happened()).toContain("job_dropped:not_committed");
    go.open();
    await vi.waitFor(() => expect(happened()).toContain("password_reset"));
    await passwordReset.drain();
    expect(notices()).toHaveLength(1);
    // The caller has got an error by then, and the follow-up ends the sessions.
    const reset = expect.objectContaining({ type: "password_reset", sessionsRevoked: false });
    expect(events).toContainEqual(reset);
  });

  /** The statement takes effect after callTimeout, and its connection is lost without a sign. */
  async function completeOverLostConnection() {
    const { users, clock, queue, startProcess, requestToken, ...more } = deploy();
    const token = await requestToken();
    let takeEffect: () => Promise<boolean> = async () => false;
    const replacePasswordHash: typeof users.replacePasswordHash = (values) => {
      takeEffect = () => users.replacePasswordHash(values);
      return new Promise(() => {});
    };
    const origin = startProcess({
      users: { ...users, replacePasswordHash },
      callTimeout: new TimeSpan(20, "ms"),
      passwordRules: [],
    });
    const result = origin.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(result).rejects.toEqual(relatchError("ERR_USER_STORE"));
    expect(await takeEffect()).toBe(true);
    clock.now += 16 * MINUTE;
    return { ...more, origin, job: queue[0] as FollowUpJob };
  }

  test("The owner gets the notice if the response never comes and another process runs the job", async () => {
    const { worker, job, notices } = await completeOverLostConnection();
    await worker.passwordReset.deliver(job);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });

  test("The owner gets the notice if the response never comes and the process of the completion runs the job", async () => {
    const { origin, job, notices } = await completeOverLostConnection();
    await origin.passwordReset.deliver(job);
    expect(notices().map(({ to }) => to)).toEqual([MIKE.email]);
  });
});

describe("A completion without a commit", () => {
  test("Nobody gets a notice if a sign-in rehashes the password first and the job stays in its process", async () => {
    const { change, startProcess, requestToken, notices } = deploy();
    const token = await requestToken();
    const { hasher, started, go } = slowHasher();
    const { passwordReset, happened } = startProcess({ hasher, dispatcher: undefined });
    const result = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await started;
    change({ passwordHash: "rehashed" });
    go();
    expect(await result).toEqual(REFUSED);
    await passwordReset.drain();
    expect(happened()).toContain("job_dropped:not_committed");
    expect(notices()).toEqual([]);
  });

  test("Nobody gets a notice if somebody writes a job or changes a field of one", async () => {
    const { change, queue, startProcess, worker, requestToken, notices } = deploy();
    const token = await requestToken();
    const { passwordReset } = startProcess({ revokeSessions: async () => Promise.reject(new Error("down")) });
    const result = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(result).rejects.toEqual(relatchError("ERR_SESSIONS"));
    const ours = queue[0] as FollowUpJob;
    const forged = [
      { ...ours, isCommitted: true },
      { ...ours, mac: undefined },
      { ...ours, previousStamp: "x" },
    ];
    for (const job of forged) await worker.passwordReset.deliver(job);
    expect(worker.happened().slice(-3)).toEqual(forged.map(() => "job_dropped:forged"));
    expect([notices(), worker.revoked]).toEqual([[], []]);
    // The job itself acts as soon as the password has changed.
    change({ passwordHash: "hash-of-the-owner" });
    await worker.passwordReset.deliver(ours);
    expect(notices()).toHaveLength(1);
  });
});
