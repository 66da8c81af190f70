import { randomBytes, randomUUID } from "node:crypto";
import { Argon2id } from "oslo/password";
import {
  canonicalEmail,
  type Dispatcher,
  type FollowUpJob,
  type Job,
  type ResetEvent,
  type ResetRequestedJob,
  sessionStamp,
} from "relatch";
import { dispatcherContract } from "relatch/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { signJob } from "../../../src/core/jobs.ts";
import { SESSIONS_TABLE } from "../logins/session-stamp.ts";
import { USERS_TABLE } from "../users/pg.ts";
import { mailServer, tokenIn } from "./mail-server.ts";
import { killAll, type Program, start } from "./processes.ts";
import { postgresSchema } from "./servers.ts";

/** A queue, as the suite gets at it. */
export interface QueueUnderTest {
  /** The program of a web process, and that of a worker. */
  web: string;
  worker: string;
  /** Tells the programs where the queue is, and to take a dead worker's jobs over within some seconds. */
  env: Record<string, string>;
  /** Whether the queue drops a job whose id it has already. */
  dropsDuplicates: boolean;
  /** Whether the queue stores the errors of its workers. */
  storesErrors: boolean;
  /** Puts a job into the queue by hand, under this id. */
  enqueue(job: Job, id: string): Promise<unknown>;
  /** How many jobs wait, run, or wait for another attempt. */
  unfinished(): Promise<number>;
  /** Everything that the queue has stored, or has been given to store, as text. */
  stored(): Promise<string>;
  /** A dispatcher with a worker in this process, over a separate queue. */
  inProcess(deliver: (job: Job) => Promise<void>): Promise<{ dispatcher: Dispatcher; close(): Promise<unknown> }>;
}

/** Tests a queue recipe with real processes, a real database and a real mail server. */
export function queueSuite(open: () => Promise<QueueUnderTest & { close(): Promise<unknown> }>) {
  const key = randomBytes(32);
  let queue: Awaited<ReturnType<typeof open>>;
  let db: Awaited<ReturnType<typeof postgresSchema>>;
  let mails: Awaited<ReturnType<typeof mailServer>>;
  let env: Record<string, string>;
  let programs: Program[] = [];

  beforeAll(async () => {
    [queue, db, mails] = await Promise.all([open(), postgresSchema(USERS_TABLE, SESSIONS_TABLE), mailServer()]);
    const RESET_KEY = Buffer.from(key).toString("base64");
    env = { ...queue.env, DATABASE_URL: db.url(), MAIL_URL: mails.url, RESET_KEY, PORT: "0" };
  });
  afterEach(async () => {
    mails.holdFor(undefined);
    for (const program of programs) program.kill("SIGKILL");
    await Promise.all(programs.map(({ ended }) => ended));
    programs = [];
  });
  afterAll(async () => {
    killAll();
    await Promise.all([queue.close(), db.drop(), mails.close()]);
  });

  async function run(file: string): Promise<Program> {
    const program = await start(file, env);
    programs.push(program);
    return program;
  }

  async function startWeb() {
    const program = await run(queue.web);
    const port = program.ready.match(/port: (\d+)/)?.[1];
    const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    return {
      program,
      requestReset: (email: string) => post("/password_reset", { email }),
      completeReset: (token: string, newPassword: string) => post(`/password_reset/${token}`, { newPassword }),
    };
  }

  async function addUser() {
    const email = `${randomUUID()}@example.org`;
    const passwordHash = await new Argon2id().hash("old password");
    const { rows } = await db.client.query<{ id: string }>(
      "INSERT INTO users (email, canonical_email, password_hash) VALUES ($1, $2, $3) RETURNING id::text",
      [email, canonicalEmail(email), passwordHash],
    );
    return { id: rows[0]?.id ?? "", email, passwordHash };
  }

  const addSession = (userId: string, stamp: string) =>
    db.client.query("INSERT INTO sessions (id_hash, user_id, stamp) VALUES ($1, $2, $3)", [
      randomBytes(32),
      userId,
      stamp,
    ]);

  async function sessionsOf(userId: string): Promise<string[]> {
    const { rows } = await db.client.query("SELECT stamp FROM sessions WHERE user_id = $1", [userId]);
    return rows.map(({ stamp }) => stamp);
  }

  const requestJob = (email: string, at = Date.now()): ResetRequestedJob =>
    signJob({ v: 2, id: randomUUID(), at, locale: "en", type: "reset_requested", email }, [key]);

  const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
  const mailsTo = (address: string, n: number) =>
    eventually(() => expect(mails.to(address)).toHaveLength(n)).then(() => mails.to(address));
  const worksOff = () => eventually(async () => expect(await queue.unfinished()).toBe(0));
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const kinds = (program: Program) =>
    program.events.map((event: ResetEvent) => ("reason" in event ? `${event.type}:${event.reason}` : event.type));

  describe("as a dispatcher", () => {
    // Every case's jobs go to the `deliver` they came with.
    const deliveries = new Map<string, (job: Job) => Promise<void>>();
    let opened: Awaited<ReturnType<QueueUnderTest["inProcess"]>>;
    beforeAll(async () => {
      opened = await queue.inProcess(async (job) => deliveries.get(job.id)?.(job));
    });
    afterAll(() => opened.close());

    const cases = dispatcherContract(() => ({
      dispatch(job, deliver, dropped) {
        deliveries.set(job.id, deliver);
        return opened.dispatcher.dispatch(job, deliver, dropped);
      },
    }));
    for (const { name, run } of cases) test(name, run);

    test("the same job twice is one job, if the queue drops duplicates", async () => {
      if (!queue.dropsDuplicates) return;
      const job = requestJob("mike@example.org");
      let delivered = 0;
      deliveries.set(job.id, async () => {
        delivered += 1;
      });
      const deliver = async () => {};
      for (let n = 0; n < 3; n++) await opened.dispatcher.dispatch(job, deliver, () => {});
      await eventually(() => expect(delivered).toBe(1));
      await opened.dispatcher.dispatch(job, deliver, () => {});
      await pause(2500);
      expect(delivered).toBe(1);
    });
  });

  test("a link of the back office and a follow-up do not wait behind a flood of requests", async () => {
    const flood = 200;
    let requests = 0;
    const before: number[] = [];
    const { dispatcher, close } = await queue.inProcess(async ({ type }) => {
      if (type !== "reset_requested") return void before.push(requests);
      requests += 1;
      await pause(500);
    });
    const dispatch = (job: object) =>
      dispatcher.dispatch(
        job as Job,
        async () => {},
        () => {},
      );
    await Promise.all(Array.from({ length: flood }, () => dispatch(requestJob("mike@example.org"))));
    await pause(1200); // longer than the delay that a job starts with
    for (const type of ["link_requested", "follow_up"]) await dispatch({ ...requestJob("mike@example.org"), type });
    await eventually(() => expect(before).toHaveLength(2));
    expect(Math.max(...before)).toBeLessThan(150);
    // And no worker pauses while there are jobs.
    await eventually(() => expect(requests).toBe(flood));
    await close();
  });

  test("a reset succeeds from the request to the notice, and the queue stores no secret", async () => {
    const [web, worker] = await Promise.all([startWeb(), run(queue.worker)]);
    const user = await addUser();
    await addSession(user.id, sessionStamp(user));

    expect(await web.requestReset(user.email)).toEqual({ ok: true });
    expect(await web.requestReset("nobody@example.org")).toEqual({ ok: true });
    const token = tokenIn((await mailsTo(user.email, 1))[0]);
    expect(token).toHaveLength(43);
    expect(await web.completeReset(token, "correct horse battery")).toMatchObject({ ok: true });
    const [, notice] = await mailsTo(user.email, 2);
    expect(notice?.body).not.toMatch(/password_reset\//);
    expect(await sessionsOf(user.id)).toEqual([]);
    await worksOff();

    const { rows } = await db.client.query("SELECT password_hash FROM users WHERE id = $1", [user.id]);
    const newHash: string = rows[0].password_hash;
    expect(await new Argon2id().verify(newHash, "correct horse battery")).toBe(true);

    const stored = await queue.stored();
    // A control of the scan itself: it does see what is in the jobs.
    expect(stored).toContain(user.email);
    expect(stored).toContain(sessionStamp({ id: user.id, passwordHash: newHash }));
    for (const secret of [token, "correct horse battery", newHash, user.passwordHash]) {
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(JSON.stringify(secret).slice(1, -1));
    }

    for (const { kill } of [web.program, worker]) kill("SIGTERM");
    expect(await Promise.all([web.program.ended, worker.ended])).toEqual([0, 0]);
    // The worker alone has delivered.
    expect(kinds(web.program)).not.toContain("mail_sent");
    expect(kinds(worker).toSorted()).toEqual(["mail_sent", "mail_sent", "request_skipped:unknown_account"]);
  });

  test("another worker sends the link if a worker is killed in the middle of its email", async () => {
    const user = await addUser();
    const doomed = await run(queue.worker);
    mails.holdFor(user.email);
    const job = requestJob(user.email);
    await queue.enqueue(job, job.id);
    await eventually(() => expect(mails.held.filter(({ to }) => to === user.email)).toHaveLength(1));
    doomed.kill("SIGKILL");
    expect(await doomed.ended).toBe("SIGKILL");
    expect(await queue.unfinished()).toBe(1);

    mails.holdFor(undefined);
    const [web] = await Promise.all([startWeb(), run(queue.worker)]);
    const token = tokenIn((await mailsTo(user.email, 1))[0]);
    await worksOff();
    expect(await web.completeReset(token, "correct horse battery")).toMatchObject({ ok: true });
  });

  test("another worker ends the sessions and sends the notice if a worker is killed in the middle of it", async () => {
    const user = await addUser();
    const [web, doomed] = await Promise.all([startWeb(), run(queue.worker)]);
    await web.requestReset(user.email);
    const token = tokenIn((await mailsTo(user.email, 1))[0]);
    mails.holdFor(user.email);
    expect(await web.completeReset(token, "correct horse battery")).toMatchObject({ ok: true });
    await eventually(() => expect(mails.held.filter(({ to }) => to === user.email)).toHaveLength(1));
    doomed.kill("SIGKILL");
    await doomed.ended;
    // As if a login in flight had brought it only now: the follow-up ends it once more.
    await addSession(user.id, sessionStamp(user));

    mails.holdFor(undefined);
    await run(queue.worker);
    await mailsTo(user.email, 2);
    await worksOff();
    expect(await sessionsOf(user.id)).toEqual([]);
  });

  test("a worker that is asked to stop finishes its jobs", async () => {
    const user = await addUser();
    const worker = await run(queue.worker);
    mails.holdFor(user.email);
    const job = requestJob(user.email);
    await queue.enqueue(job, job.id);
    await eventually(() => expect(mails.held.filter(({ to }) => to === user.email)).toHaveLength(1));
    worker.kill("SIGTERM");
    await pause(500);
    mails.held.find(({ to }) => to === user.email)?.accept();
    expect(await worker.ended).toBe(0);
    expect(mails.to(user.email)).toHaveLength(1);
    expect(await queue.unfinished()).toBe(0);
  });

  test("a duplicate delivery does no harm", async () => {
    const user = await addUser();
    const [web, ...workers] = await Promise.all([startWeb(), run(queue.worker), run(queue.worker)]);
    const job = requestJob(user.email);
    for (let n = 0; n < 4; n++) await queue.enqueue(job, randomUUID());
    await worksOff();
    // One email per process, because neither knows what the other one has sent.
    const links = mails.to(user.email);
    expect(links.length).toBeGreaterThanOrEqual(1);
    expect(links.length).toBeLessThanOrEqual(workers.length);
    const duplicates = workers.flatMap(kinds).filter((what) => what === "job_dropped:duplicate");
    expect(duplicates.length + links.length).toBeLessThanOrEqual(4);

    // One of the links works, and once.
    const results: { ok?: unknown }[] = [];
    for (const mail of [...links, ...links]) {
      results.push(await web.completeReset(tokenIn(mail), "correct horse battery"));
    }
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    await worksOff();

    // A follow-up that comes again, and late, spares the sessions of the new password.
    const { rows } = await db.client.query("SELECT password_hash FROM users WHERE id = $1", [user.id]);
    const stamp = sessionStamp({ id: user.id, passwordHash: rows[0].password_hash });
    await addSession(user.id, stamp);
    const again: FollowUpJob = {
      v: 2,
      id: randomUUID(),
      at: Date.now() - 10 * 60 * 1000,
      locale: "en",
      type: "follow_up",
      userId: user.id,
      email: user.email,
      previousStamp: sessionStamp(user),
      stamp,
      isCommitted: false,
    };
    for (let n = 0; n < 4; n++) await queue.enqueue(signJob(again, [key]), randomUUID());
    await worksOff();
    expect(await sessionsOf(user.id)).toEqual([stamp]);
  });

  test("the worker drops jobs that were changed or signed with another key, with an event", async () => {
    const [user, other] = [await addUser(), await addUser()];
    const moved = { ...requestJob(other.email), email: user.email };
    const { mac: _, ...unsigned } = requestJob(user.email);
    const foreign = signJob(unsigned, [randomBytes(32)]);
    for (const job of [moved, unsigned, foreign]) await queue.enqueue(job, randomUUID());
    const worker = await run(queue.worker);
    await worksOff();
    await eventually(() => expect(kinds(worker)).toEqual(new Array(3).fill("job_dropped:forged")));
    expect(mails.to(user.email)).toEqual([]);
  });

  test("a job older than the token lifetime is dropped, with an event", async () => {
    const user = await addUser();
    const stale = requestJob(user.email, Date.now() - 61 * 60 * 1000);
    await queue.enqueue(stale, stale.id);
    const worker = await run(queue.worker);
    await worksOff();
    await eventually(() => expect(kinds(worker)).toEqual(["job_dropped:stale"]));
    expect(mails.to(user.email)).toEqual([]);
  });

  test("the queue does not store the message of a mailer's error", async () => {
    const secret = `https://app.example.com/password_reset/${randomBytes(32).toString("base64url")}`;
    let failures = 0;
    const opened = await queue.inProcess(async () => {
      failures += 1;
      throw Object.assign(new Error(`could not send ${secret}`), { code: "ERR_MAILER", body: secret });
    });
    const job = requestJob("mike@example.org");
    await opened.dispatcher.dispatch(
      job,
      async () => {},
      () => {},
    );
    await eventually(async () => {
      if (queue.storesErrors) expect(await queue.stored()).toContain("ERR_MAILER");
      else expect(failures).toBeGreaterThan(1);
    });
    await opened.close();
    expect(await queue.stored()).not.toContain(secret);
  });
}
