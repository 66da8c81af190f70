import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPasswordReset, type Dispatcher, type Job, type Mailer, queueDispatcher, TimeSpan } from "relatch";
import { memoryMailer, memoryTokens } from "relatch/memory";
import { sqliteTokens } from "relatch/sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Campaign, lockAccounts, type Outcome, sendLinks } from "../accounts/forced-reset.ts";
import { libsqlCampaign, retiredHash, startCampaign } from "../accounts/forced-reset-libsql.ts";
import { endAccess, mustResetUsers, notTheOldPassword, openSession, signInWith } from "../accounts/must-reset.ts";
import { accountsDatabase, NEW_PASSWORD, OLD_PASSWORD } from "./accounts.ts";
import { mailServer } from "./mail-server.ts";
import { killAll, start } from "./processes.ts";

const MINUTE = 60_000;
const IDS = Array.from({ length: 12 }, (_, n) => `user${String(n).padStart(2, "0")}`);
const addressOf = (id: string) => `${id}@example.org`;

type Accounts = ReturnType<typeof accountsDatabase>;

/** A world with accounts that are on the list and locked, and with a clock that only pauses move. */
async function openWorld(ids: readonly string[] = IDS) {
  const accounts = accountsDatabase();
  for (const id of ids) await accounts.addUser(id);
  const clock = { time: Date.UTC(2026, 10, 12) };
  const tokens = memoryTokens();
  const mailer = memoryMailer();
  /** Runs once, like the script: its process has nothing in memory from the run before. */
  async function run(options: Partial<Parameters<typeof sendLinks>[0]> & Start = {}) {
    const { wrapMailer = (each) => each, dispatcher, ...others } = options;
    const passwordReset = createResetOf(accounts, { tokens, mailer: wrapMailer(mailer), dispatcher, clock });
    const outcomes: [string, Outcome][] = [];
    const end = await sendLinks({
      campaign: libsqlCampaign(accounts.db),
      passwordReset,
      perMinute: 60,
      clock: pausing(clock),
      onOutcome: (...outcome) => outcomes.push(outcome),
      ...others,
    });
    return { end, outcomes };
  }
  const site = createResetOf(accounts, { tokens, mailer, clock });
  return { ...accounts, clock, mailer, run, site, recipients: () => mailer.sent.map(({ to }) => to) };
}

interface Start {
  wrapMailer?: (mailer: Mailer) => Mailer;
  dispatcher?: Dispatcher | undefined;
}

function createResetOf(
  { db, hasher }: Accounts,
  { clock, ...ports }: { tokens: ReturnType<typeof memoryTokens>; mailer: Mailer; clock: { time: number } } & Start,
) {
  return createPasswordReset({
    users: mustResetUsers(db),
    hasher,
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: async (userId) => endAccess(db, userId),
    passwordRules: [notTheOldPassword(retiredHash(db), hasher)],
    keys: ports.dispatcher && [new Uint8Array(32).fill(7)],
    now: () => new Date(clock.time),
    onError: () => {},
    onEvent: () => {},
    ...ports,
  });
}

const pausing = (clock: { time: number }) => ({
  now: () => clock.time,
  async pause(milliseconds: number) {
    clock.time += milliseconds;
  },
});

/** Puts everybody on the list and locks them. */
async function lockAll({ db, hasher }: Accounts, revokeTokens?: (userId: string) => Promise<void>) {
  startCampaign(db);
  await lockAccounts({ campaign: libsqlCampaign(db), hasher, revokeTokens });
}

const hashOf = ({ db }: Accounts, id: string) =>
  (db.prepare("SELECT password_hash AS hash FROM users WHERE id = ?").get(id) as { hash: string | null }).hash;

describe("lockAccounts", () => {
  test("the old password, old sessions, API keys and links open nothing afterwards", async () => {
    const world = await openWorld();
    const { db, hasher, site, mailer } = world;
    const signIn = signInWith({ db, users: mustResetUsers(db), hasher, passwordReset: site });
    const before = await mustResetUsers(db).findById("user00");
    await site.requestReset({ email: addressOf("user00"), ip: false });
    await site.drain();
    const token = mailer.lastToken(addressOf("user00"));
    expect(await site.verifyToken({ token })).toMatchObject({ ok: true });

    await lockAll(world);
    expect(world.countAccess()).toBe(0);
    expect(await site.verifyToken({ token })).toMatchObject({ ok: false });
    for (const id of IDS) {
      expect(await signIn(addressOf(id), OLD_PASSWORD)).toEqual({ ok: false, reason: "refused" });
    }
    // A sign-in that had verified the old password just before.
    expect(before && openSession(db, before)).toBeUndefined();
  });

  test("accounts without a password, and those that are created later, are left alone", async () => {
    const world = await openWorld();
    await world.addUser("bare", { hasPassword: false });
    startCampaign(world.db);
    await world.addUser("later");
    startCampaign(world.db); // a second start of the script
    await lockAll(world);
    expect(hashOf(world, "bare")).toBeNull();
    expect(await world.hasher.verify(hashOf(world, "later") ?? "", OLD_PASSWORD)).toBe(true);
    expect(world.countAccess()).toBe(4);
  });

  test("more accounts than one batch are locked, and a second start locks nobody twice", async () => {
    const world = await openWorld([]);
    const add = world.db.prepare(
      "INSERT INTO users (id, email, canonical_email, password_hash) VALUES (?1, ?1, ?1, ?1)",
    );
    for (let n = 0; n < 1201; n++) add.run(`id${n}`);
    await lockAll(world);
    const hashes = new Set(Array.from({ length: 1201 }, (_, n) => hashOf(world, `id${n}`)));
    expect(hashes.size).toBe(1);
    await lockAll(world);
    expect(new Set(Array.from({ length: 1201 }, (_, n) => hashOf(world, `id${n}`)))).toEqual(hashes);
  });

  test("a crash between the revocation and the lock is made up for by the next start", async () => {
    const world = await openWorld();
    const revoked: string[] = [];
    const crash = async (userId: string) => {
      revoked.push(userId);
      if (revoked.length === 5) throw new Error("crash");
    };
    await expect(lockAll(world, crash)).rejects.toThrow("crash");
    await expect(world.run()).rejects.toThrow("locked first");
    await lockAll(world, async (userId) => void revoked.push(userId));
    expect(new Set(revoked)).toEqual(new Set(IDS));
    expect(world.countAccess()).toBe(0);
  });

  test("a password that the owner changed just before the lock is locked as well, and is the one that is retired", async () => {
    const world = await openWorld(["user00"]);
    startCampaign(world.db);
    const changed = await world.hasher.hash("changed by an intruder");
    world.db.prepare("UPDATE users SET password_hash = ?").run(changed);
    await lockAll(world);
    expect(retiredHash(world.db)("user00")).toBe(changed);
    expect(hashOf(world, "user00")).not.toBe(changed);
  });
});

describe("sendLinks", () => {
  test("every owner gets one email, and its link sets a new password that is not the old one", async () => {
    const world = await openWorld();
    await lockAll(world);
    const { end, outcomes } = await world.run();
    expect(end).toBe("done");
    expect(outcomes).toEqual(IDS.map((id) => [id, "handed_over"]));
    expect(world.recipients()).toEqual(IDS.map(addressOf));

    const token = world.mailer.lastToken(addressOf("user03"));
    expect(await world.site.completeReset({ token, newPassword: OLD_PASSWORD })).toMatchObject({
      violations: [{ code: "old_password" }],
    });
    expect(await world.site.completeReset({ token, newPassword: NEW_PASSWORD })).toMatchObject({ ok: true });
    expect(await world.hasher.verify(hashOf(world, "user03") ?? "", NEW_PASSWORD)).toBe(true);
  });

  test("a site whose links are valid for an hour accepts the links of a script for a day", async () => {
    const world = await openWorld(["user00"]);
    await lockAll(world);
    const tokens = memoryTokens();
    const ports = { tokens, mailer: world.mailer, clock: world.clock };
    const script = createPasswordReset({
      users: mustResetUsers(world.db),
      hasher: world.hasher,
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
      tokenLifetime: new TimeSpan(24, "h"),
      now: () => new Date(world.clock.time),
      tokens,
      mailer: world.mailer,
    });
    await world.run({ passwordReset: script });
    world.clock.time += 23 * 60 * MINUTE;
    const token = world.mailer.lastToken(addressOf("user00"));
    expect(await createResetOf(world, ports).verifyToken({ token })).toMatchObject({ ok: true });
  });

  test.each([1, 7, 60, 1000])("at %i a minute no minute has more, also if some emails are slow", async (perMinute) => {
    const world = await openWorld();
    await lockAll(world);
    const times: number[] = [];
    const { end } = await world.run({
      perMinute,
      wrapMailer: ({ send }) => ({
        send(...email) {
          times.push(world.clock.time);
          world.clock.time += times.length % 4 === 0 ? 3 * MINUTE : 20;
          return send(...email);
        },
      }),
    });
    expect([end, times.length]).toEqual(["done", IDS.length]);
    const perMinuteAt = times.map((from) => times.filter((time) => time >= from && time < from + MINUTE).length);
    expect(Math.max(...perMinuteAt)).toBeLessThanOrEqual(perMinute);
    const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(MINUTE / perMinute);
  });

  test.each([0, -1, Number.NaN])("a rate of %d is refused", async (perMinute) => {
    await expect((await openWorld([])).run({ perMinute })).rejects.toThrow("perMinute must be");
  });

  test("refused accounts are recorded with their reason, and are not attempted again", async () => {
    const world = await openWorld(["fine"]);
    await world.addUser("broken", { email: "broken@example.org\n" });
    await world.addUser("full");
    await world.addUser("gone");
    await world.addUser("suspended", { active: 0 });
    await lockAll(world);
    world.db.exec("DELETE FROM users WHERE id = 'gone'");
    const wrapMailer = ({ send }: Mailer): Mailer => ({
      async send(message, about) {
        if (message.to.startsWith("full@")) throw Object.assign(new Error("550"), { permanent: true });
        return send(message, about);
      },
    });
    const { end, outcomes } = await world.run({ wrapMailer });
    expect(end).toBe("done");
    expect(Object.fromEntries(outcomes)).toEqual({
      fine: "handed_over",
      broken: "unusable_address",
      full: "mailbox_refused",
      gone: "not_needed",
      suspended: "not_allowed",
    });
    expect(await libsqlCampaign(world.db).count()).toEqual({
      open: 0,
      handed_over: 1,
      unusable_address: 1,
      mailbox_refused: 1,
      not_needed: 1,
      not_allowed: 1,
    });
    expect(await world.run()).toEqual({ end: "done", outcomes: [] });
    expect(world.recipients()).toEqual(["fine@example.org"]);
  });

  test("an owner who has set a new password meanwhile gets no email, and the link they asked for works", async () => {
    const world = await openWorld(["user00", "user01"]);
    await lockAll(world);
    await world.site.requestReset({ email: addressOf("user01"), ip: false });
    await world.site.drain();
    const token = world.mailer.lastToken(addressOf("user01"));
    expect(await world.site.completeReset({ token, newPassword: NEW_PASSWORD })).toMatchObject({ ok: true });
    await world.site.drain();
    const { outcomes } = await world.run();
    expect(outcomes).toEqual([
      ["user00", "handed_over"],
      ["user01", "not_needed"],
    ]);
    expect(await world.hasher.verify(hashOf(world, "user01") ?? "", NEW_PASSWORD)).toBe(true);
  });

  test("the email of the script leaves a link that the owner asked for meanwhile valid", async () => {
    const world = await openWorld(["user00"]);
    await lockAll(world);
    await world.site.requestReset({ email: addressOf("user00"), ip: false });
    await world.site.drain();
    const token = world.mailer.lastToken(addressOf("user00"));
    await world.run();
    expect(world.recipients()).toHaveLength(2);
    expect(await world.site.verifyToken({ token })).toMatchObject({ ok: true });
  });

  test("a stop ends after the current account, and the next start goes on with the others", async () => {
    const world = await openWorld();
    await lockAll(world);
    const stop = new AbortController();
    const sent: string[] = [];
    const first = await world.run({
      signal: stop.signal,
      onOutcome: (userId) => void (sent.push(userId) === 5 && stop.abort()),
    });
    expect([first.end, sent]).toEqual(["stopped", IDS.slice(0, 5)]);
    expect(await libsqlCampaign(world.db).count()).toEqual({ open: 7, handed_over: 5 });
    const startedAt = world.clock.time;
    expect((await world.run()).end).toBe("done");
    expect(world.recipients()).toEqual(IDS.map(addressOf));
    // Nothing was left claimed, so nobody waited for a claim to become stale.
    expect(world.clock.time - startedAt).toBeLessThan(MINUTE);
  });

  /** A process that dies leaves its jobs undelivered. Here its dispatcher never runs them. */
  const dying = (campaign: Campaign, point: string, id: string) => {
    const die = (here: string, userId: string) => {
      if (here === point && userId === id) throw new Error("crash");
    };
    const wrapped: Campaign = {
      ...campaign,
      async claim(...times) {
        const account = await campaign.claim(...times);
        die("after the claim", account?.userId ?? "");
        return account;
      },
      async record(userId, outcome) {
        die("after the email", userId);
        await campaign.record(userId, outcome);
        die("after the record", userId);
      },
    };
    return wrapped;
  };

  test.each<[point: string, emails: number]>([
    ["after the claim", 1],
    ["during the email", 1],
    ["after the record", 1],
    // Nothing can tell this one from "during the email".
    ["after the email", 2],
  ])("after a crash %s every owner has an email, and that account has %i", async (point, emails) => {
    const world = await openWorld();
    await lockAll(world);
    const crashed = world.run({
      campaign: dying(libsqlCampaign(world.db), point, "user04"),
      dispatcher: {
        // As with `background`, but nothing is left running after the crash.
        async dispatch(job, deliver) {
          if (point === "during the email" && job.type === "link_requested" && job.userId === "user04") {
            throw new Error("crash");
          }
          await deliver(job);
        },
      },
    });
    await expect(crashed).rejects.toThrow(/crash|dispatcher/);
    const { end, outcomes } = await world.run();
    expect(end).toBe("done");
    const expected = IDS.flatMap((id) => Array<string>(id === "user04" ? emails : 1).fill(addressOf(id)));
    expect(world.recipients().sort()).toEqual(expected);
    expect(outcomes.filter(([id]) => id === "user04")).toHaveLength(point === "after the record" ? 0 : 1);
  });

  test("two runs at the same time send every owner one email", async () => {
    const world = await openWorld();
    await lockAll(world);
    const ends = await Promise.all([world.run(), world.run()]);
    expect(ends.map(({ end }) => end)).toEqual(["done", "done"]);
    expect(ends.every(({ outcomes }) => outcomes.length > 0)).toBe(true);
    expect(world.recipients().sort()).toEqual(IDS.map(addressOf));
  });

  test("an account that a run is working on is not claimed by another run before its claim is stale", async () => {
    const world = await openWorld(["user00"]);
    await lockAll(world);
    const { claim } = libsqlCampaign(world.db);
    const [start, later] = [new Date(world.clock.time), new Date(world.clock.time + 1)];
    expect(await claim(start, start)).toEqual({ userId: "user00", isLocked: true });
    expect(await claim(later, start)).toBeUndefined();
    expect(await claim(later, later)).toEqual({ userId: "user00", isLocked: true });
  });

  /** A mail server that fails for these addresses, or for all. */
  const failing =
    (addresses?: string[]) =>
    ({ send }: Mailer): Mailer => ({
      async send(message, about) {
        if (!addresses || addresses.includes(message.to)) throw new Error("ECONNREFUSED");
        return send(message, about);
      },
    });

  test("a mail server that is down stops the run after three accounts, and the next start loses none of them", async () => {
    const world = await openWorld();
    await lockAll(world);
    const { end, outcomes } = await world.run({ wrapMailer: failing() });
    expect(end).toBe("mail_fails");
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(["gave_up", "gave_up", "gave_up"]);
    expect((await world.run()).end).toBe("done");
    expect(world.recipients().sort()).toEqual(IDS.map(addressOf));
  });

  test("mailboxes that always fail do not keep the others from their turn", async () => {
    const world = await openWorld();
    await lockAll(world);
    const wrapMailer = failing(IDS.slice(0, 3).map(addressOf));
    expect((await world.run({ wrapMailer })).end).toBe("mail_fails");
    await world.run({ wrapMailer });
    expect(world.recipients()).toEqual(IDS.slice(3).map(addressOf));
    expect(await libsqlCampaign(world.db).count()).toEqual({ open: 0, handed_over: 9, gave_up: 3 });
  });

  test("through a queue an account is done when its job is in the queue, and one job is enqueued per account", async () => {
    const world = await openWorld();
    await lockAll(world);
    const jobs: [Job, number][] = [];
    const dispatcher = queueDispatcher(async (job) => void jobs.push([job, world.clock.time]));
    expect((await world.run({ dispatcher, perMinute: 30 })).end).toBe("done");
    expect((await world.run({ dispatcher })).outcomes).toEqual([]);
    expect(jobs.map(([job]) => job.type === "link_requested" && job.userId)).toEqual(IDS);
    expect(jobs.map(([, time], n) => time - (jobs[n - 1]?.[1] ?? time - 2000))).toEqual(IDS.map(() => 2000));
    expect(world.recipients()).toEqual([]);
    const worker = createResetOf(world, {
      tokens: memoryTokens(),
      mailer: world.mailer,
      clock: world.clock,
      dispatcher,
    });
    for (const [job] of jobs) await worker.deliver(job);
    expect(world.recipients()).toEqual(IDS.map(addressOf));
  });

  test("a queue that is down ends the run with an error, and the next start sends every link", async () => {
    const world = await openWorld(["user00", "user01"]);
    await lockAll(world);
    const down = queueDispatcher(async () => {
      throw new Error("ECONNREFUSED");
    });
    await expect(world.run({ dispatcher: down })).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    expect((await world.run()).end).toBe("done");
    expect(world.recipients().sort()).toEqual([addressOf("user00"), addressOf("user01")]);
  });
});

describe("the script as a process", () => {
  const folder = mkdtempSync(join(tmpdir(), "relatch-forced-reset-"));
  const RUN = "accounts/forced-reset-run.ts";
  let mails: Awaited<ReturnType<typeof mailServer>>;
  beforeAll(async () => {
    mails = await mailServer();
  });
  afterEach(() => mails.holdFor(undefined));
  afterAll(async () => {
    killAll();
    await mails.close();
    rmSync(folder, { recursive: true });
  });

  async function createFile() {
    const DATABASE_FILE = join(folder, `${randomUUID()}.db`);
    const accounts = accountsDatabase(DATABASE_FILE);
    await sqliteTokens(accounts.db).createTable();
    const ids = IDS.map((id) => `${id}-${randomUUID()}`);
    for (const id of ids) await accounts.addUser(id);
    accounts.db.close();
    const env = { DATABASE_FILE, MAIL_URL: mails.url, PER_MINUTE: "3000", TAKE_OVER_MS: "1500" };
    return { ids, env, countEmails: () => ids.map((id) => mails.to(addressOf(id)).length) };
  }

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "after %s a second start sends the missing emails once",
    async (signal) => {
      const { ids, env, countEmails } = await createFile();
      const held = addressOf(ids[5] ?? "");
      mails.holdFor(held);
      const first = await start(RUN, env);
      expect(first.ready).toContain('"open":12');
      await vi.waitFor(() => expect(mails.held.map(({ to }) => to)).toContain(held), { timeout: 20_000 });
      first.kill(signal);
      mails.holdFor(undefined);
      if (signal === "SIGTERM") for (const mail of mails.held) if (mail.to === held) mail.accept();
      expect(await first.ended).toBe(signal === "SIGTERM" ? 0 : signal);
      expect(new Set(countEmails())).toEqual(new Set([0, 1]));

      const second = await start(RUN, env);
      expect(await second.ended).toBe(0);
      expect(countEmails()).toEqual(ids.map(() => 1));
      expect(JSON.stringify([...first.events, ...second.events])).not.toContain("@");
    },
  );
});
