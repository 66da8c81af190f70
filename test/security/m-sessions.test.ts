import { createHmac } from "node:crypto";
import * as relatch from "relatch";
import { type Job, type ResetUser, sessionStamp } from "relatch";
import { expect, vi } from "vitest";
import { GOOD_PASSWORD, type Harness, harness, KEYS, MIKE } from "../helpers/harness.ts";
import {
  COMPLETE,
  isDeleted,
  NEW_PASSWORD,
  requestLink,
  requestToken,
  signIn,
  submit,
} from "../system/http/contract/helpers.ts";
import { linkLike } from "./helpers/email.ts";
import { everyFlawOf, flaw, flawIn, override, REFUSED, signedJob, spyOnCommits } from "./helpers/flaw.ts";
import { adapters, launch, type Visit } from "./helpers/front.ts";

// With the new password every session of the old one ends, and the reset itself opens none.

const reset = async (app: Harness, newPassword: string = GOOD_PASSWORD) =>
  app.passwordReset.completeReset({ token: await app.requestToken(), newPassword });
const userOf = (app: Harness) => app.users.get(MIKE.id) as ResetUser;

/** Registers the same test over each example application. The mistake changes what a visitor does or sees. */
function flawInApps(
  id: string,
  title: string,
  mistake: (visit: Visit) => unknown,
  check: (visit: Visit) => Promise<void>,
): void {
  for (const adapter of adapters) {
    const wrong = async () => {
      const visit = await launch(adapter);
      mistake(visit);
      return visit;
    };
    flawIn(id, `${title} (${adapter.name})`, [() => launch(adapter), wrong], check);
  }
}
// ── The order of the calls ────────────────────────────────────────────────────────────────────────────────

/** An application whose jobs wait, and the password hash at each call of `revokeSessions`. */
interface Watched {
  app: Harness;
  hashes: (string | null | undefined)[];
  nextJob(): Promise<unknown>;
  token(): Promise<string>;
}
function watchRevocations(isDown: (nth: number) => boolean, changes: object = {}): Watched {
  const hashes: Watched["hashes"] = [];
  const jobs: Job[] = [];
  const app = harness({
    keys: KEYS,
    dispatcher: { dispatch: async (job) => void jobs.push(job) },
    async revokeSessions(userId) {
      hashes.push(app.users.get(userId)?.passwordHash);
      if (isDown(hashes.length)) throw new Error("the session store is down");
    },
    ...changes,
  });
  const nextJob = () => app.passwordReset.deliver(jobs.shift());
  const token = async () => {
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await nextJob();
    return app.mailer.lastLink(MIKE.email)?.split("/").at(-1) ?? "";
  };
  return { app, hashes, nextJob, token };
}
/** The mistake in the control: sessions are left alone. */
const revoking = (isDown: (nth: number) => boolean = () => false) =>
  [() => watchRevocations(isDown), () => watchRevocations(isDown, { revokeSessions: false })] as const;
const complete = async ({ app, token }: Watched) =>
  app.passwordReset.completeReset({ token: await token(), newPassword: GOOD_PASSWORD });

flawIn("CVE-2026-34828", "Sessions end before the commit and after it", revoking(), async (watched) => {
  const { app, hashes, nextJob } = watched;
  expect(await complete(watched)).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: true });
  const hash = app.users.get(MIKE.id)?.passwordHash;
  expect(hashes).toEqual([MIKE.passwordHash, hash]);
  await nextJob();
  expect(hashes.slice(2).every((each) => each === hash)).toBe(true);
  expect(app.mailer.sent.at(-1)?.kind).toBe("password_changed");
});

const alwaysDown = revoking(() => true);

flawIn("CVE-2026-34828", "Nothing changes while the session store is down", alwaysDown, async (watched) => {
  const { app, nextJob, token } = watched;
  const link = await token();
  const completing = app.passwordReset.completeReset({ token: link, newPassword: GOOD_PASSWORD });
  expect(await completing.catch(({ code }) => code)).toBe("ERR_SESSIONS");
  expect(app.users.get(MIKE.id)).toEqual(MIKE);
  expect(await app.passwordReset.verifyToken({ token: link })).toMatchObject({ ok: true });
  await nextJob();
  expect(app.happened()).toContain("job_dropped:not_committed");
});

/** The mistake: the follow-up job is lost. */
const losesJobs = { deliver: async () => undefined };
const workers = [() => ({}), () => losesJobs] as const;

flawIn("CVE-2023-40273", "Another process ends the sessions after a crash", workers, async (mistake) => {
  const jobs: Job[] = [];
  const ended: unknown[] = [];
  const options = {
    keys: KEYS,
    dispatcher: { dispatch: async (job: Job) => void jobs.push(job) },
    revokeSessions: async (userId: string) => ended.push(app.users.get(userId)?.passwordHash),
  };
  const app = harness(options);
  await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  await app.passwordReset.deliver(jobs.shift());
  const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
  await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  ended.length = 0;
  const worker = harness({ ...options, users: app.users, mailer: app.mailer });
  await { ...worker.passwordReset, ...mistake }.deliver(structuredClone(jobs[0]));
  expect(ended).toEqual([app.users.get(MIKE.id)?.passwordHash]);
});

// ── Credentials of the old password ───────────────────────────────────────────────────────────────────────

interface Credential {
  issue(user: ResetUser): void;
  isValid(user: ResetUser): boolean;
  revoke(): void;
}

/** Kept on the server, and deleted there. */
function kept(): Credential {
  let owner: string | undefined;
  return {
    issue({ id }) {
      owner = id;
    },
    isValid: ({ id }) => owner === id,
    revoke() {
      owner = undefined;
    },
  };
}

/** Signed and kept nowhere: it contains the stamp of the password under which it was issued. */
function signToken(stampOf = sessionStamp): Credential {
  const macOf = (stamp: string) => createHmac("sha256", "a key of the application").update(stamp).digest("hex");
  let token: { stamp: string; mac: string } | undefined;
  return {
    issue(user) {
      const stamp = stampOf(user);
      token = { stamp, mac: macOf(stamp) };
    },
    isValid: (user) => token?.mac === macOf(token?.stamp ?? "") && token?.stamp === stampOf(user),
    revoke() {},
  };
}
/** The mistakes: a table that is never cleared, and a signature over the id only. */
const keptForEver = (): Credential => ({ ...kept(), revoke() {} });
const signedForEver = () => signToken(({ id }) => id);

const CREDENTIALS: Record<string, [title: string, right: () => Credential, wrong: () => Credential][]> = {
  "GHSA-x4vh-j75g-268g": [
    ["A refresh token in a table", kept, keptForEver],
    ["A refresh token that is a JWT", signToken, signedForEver],
  ],
  "CVE-2021-41268": [["A signed remember-me cookie", signToken, signedForEver]],
  "CVE-2016-7038": [
    ["A token of a web service", kept, keptForEver],
    ["A signed API key", signToken, signedForEver],
  ],
};

for (const [id, credentials] of Object.entries(CREDENTIALS)) {
  for (const [title, right, wrong] of credentials) {
    flawIn(id, `${title} ends with the password`, [() => right(), () => wrong()], async (credential) => {
      const told: unknown[] = [];
      const app = harness({
        async revokeSessions(...args) {
          told.push(args);
          credential.revoke();
        },
      });
      const before = userOf(app);
      credential.issue(before);
      // Neither asking for a link ends it, nor a password that is refused.
      const token = await app.requestToken();
      await app.passwordReset.completeReset({ token, newPassword: "short" });
      expect(credential.isValid(userOf(app))).toBe(true);
      await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
      expect(credential.isValid(userOf(app))).toBe(false);
      // A sign-in that was half way through when the password changed: a stamp tells it, or the follow-up ends it.
      credential.issue(before);
      expect(sessionStamp(before)).not.toBe(sessionStamp(userOf(app)));
      await app.passwordReset.drain();
      if (right === signToken) expect(credential.isValid(userOf(app))).toBe(false);
      // revokeSessions is told the stamp of those that may stay.
      const due = [MIKE.id, { except: sessionStamp(userOf(app)) }];
      expect(told.length).toBeGreaterThan(1);
      for (const args of told) expect(args).toEqual(due);
      credential.issue(userOf(app));
      expect(credential.isValid(userOf(app))).toBe(true);
    });
  }
}

/** The mistake: a browser signs in with the new password, and is taken for one that was signed in before. */
const signsInAgain = (visit: Visit) => {
  const { visitor, mike } = visit;
  visit.visitor = () => {
    const browser = visitor();
    const { get } = browser;
    browser.get = async (path) => {
      if (path === "/") await signIn(browser, { ...mike, password: NEW_PASSWORD });
      return get(path);
    };
    return browser;
  };
};

for (const id of ["CVE-2026-34828", "GHSA-x4vh-j75g-268g", "CVE-2021-41268", "CVE-2016-7038", "CVE-2023-40273"]) {
  flawInApps(id, "No session of the old password opens the example", signsInAgain, async (visit) => {
    const { app, client, visitor, mike, jane } = visit;
    const browsers = [visitor(), visitor()];
    for (const browser of browsers) await signIn(browser, mike);
    const other = visitor();
    await signIn(other, jane);
    const link = await requestLink(app, client, mike);
    await submit(client, await client.follow(await client.get(link)), NEW_PASSWORD);
    for (const browser of browsers) expect((await browser.get("/")).headers.location).toBe("/login");
    expect((await other.get("/")).status).toBe(200);
  });
}

// ── The one way to a new password ─────────────────────────────────────────────────────────────────────────

/** The mistake: another call sets a password as well. */
const setsElsewhere = override((core, { users }) => ({
  async verifyToken({ token }) {
    const change = { userId: MIKE.id, email: MIKE.email, expected: "none", next: "set by an administrator" };
    await users.replacePasswordHash(change);
    return core.verifyToken({ token });
  },
}));

const setting = { options: { keys: KEYS }, mistake: setsElsewhere };

flaw("CVE-2025-62174", "completeReset is the only call that sets a password", setting, async (app) => {
  expect(Object.keys(relatch).filter((name) => /setPassword|changePassword|admin/i.test(name))).toEqual([]);
  const commit = vi.spyOn(app.users, "replacePasswordHash");
  const more = { newPassword: GOOD_PASSWORD } as never;
  await app.passwordReset.requestReset({ email: MIKE.email, ip: null, ...(more as object) });
  await app.passwordReset.drain();
  const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
  await app.passwordReset.verifyToken({ ...(more as object), token });
  const stamps = { previousStamp: "x", stamp: "y", isCommitted: true };
  const job = { type: "follow_up", userId: MIKE.id, email: MIKE.email, ...stamps };
  await app.passwordReset.deliver(signedJob(app, { ...job, newPassword: GOOD_PASSWORD }));
  await app.passwordReset.deliver(signedJob(app, job));
  expect(commit).not.toHaveBeenCalled();
  const result = await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  expect(result).toMatchObject({ ok: true });
  expect(app.revoked).not.toEqual([]);
  await app.passwordReset.revokeTokens(MIKE.id);
  expect(commit).toHaveBeenCalledTimes(1);
});

// ── Nobody is signed in ───────────────────────────────────────────────────────────────────────────────────

const opensSession = override((core) => ({
  completeReset: async (input) => ({ ...(await core.completeReset(input)), session: "abc" }),
}));
/** The mistake: somebody who sets a password is signed in with it. */
const signsIn = ({ client, mike }: Visit) => {
  const { get } = client;
  client.get = async (path, headers) => {
    if (path === "/") await signIn(client, { ...mike, password: NEW_PASSWORD });
    return get(path, headers);
  };
};

for (const id of ["CVE-2026-128333", "X8"]) {
  flaw(id, "completeReset returns an id, and no session or user", opensSession, async (app) => {
    app.users.set({ ...MIKE, totpSecret: "JBSWY3DPEHPK3PXP" } as ResetUser);
    expect(await reset(app)).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: true });
    app.clock.now += 60_000;
    const verified = await app.passwordReset.verifyToken({ token: await app.requestToken() });
    expect(Object.keys(verified).sort()).toEqual(["email", "expiresAt", "isInvitation", "ok", "userId"]);
    const exported = Object.keys(relatch).filter((name) => /session|login|signIn|cookie|jwt/i.test(name));
    expect(exported).toEqual(["sessionStamp"]);
  });

  flawInApps(id, "No route opens a session", signsIn, async ({ app, client, visitor, mike, jane }) => {
    const opened = await client.get(await requestLink(app, client, mike));
    const form = await client.follow(opened);
    const done = await submit(client, form, NEW_PASSWORD);
    expect(done.headers.location).toBe("/login?notice=password_set");
    const cookies = [opened, form, done].flatMap((answer) => answer.cookies);
    expect(cookies.filter((cookie) => !/^(?:__Host-)?password_reset(?:_email)?=/.test(cookie))).toEqual([]);
    const [grant, address, ...more] = done.cookies;
    expect([isDeleted(grant ?? ""), more]).toEqual([true, []]);
    // The address for the sign-in form, which opens nothing.
    expect(address).toMatch(/^(?:__Host-)?password_reset_email=/);
    expect((await client.get("/")).headers.location).toBe("/login");
    const program = visitor();
    const token = await requestToken(app, program, jane);
    const completed = await program.json(COMPLETE, { token, newPassword: NEW_PASSWORD });
    expect([completed.cookies, JSON.parse(completed.body)]).toEqual([[], { ok: true, sessionsRevoked: true }]);
    expect((await program.get("/")).headers.location).toBe("/login");
  });
}

const secured = {
  ...{ ...MIKE, totpSecret: "JBSWY3DPEHPK3PXP", recoveryCodes: ["11111-22222"], mfaEnabled: true },
  ...{ emailVerified: false, role: "admin" },
} as ResetUser;
/** The mistake: a reset switches the second factor off. */
const disables = override((core, { users }) => ({
  async completeReset(input) {
    const result = await core.completeReset(input);
    users.set({ ...userOf({ users } as Harness), mfaEnabled: false } as ResetUser);
    return result;
  },
}));

flaw("CVE-2025-64175", "A commit changes the password hash and nothing else", disables, async (app) => {
  for (const passwordHash of [MIKE.passwordHash, null]) {
    app.users.set({ ...secured, passwordHash });
    const commits = spyOnCommits(app);
    const recovery = { token: "11111-22222", newPassword: GOOD_PASSWORD };
    expect(await app.passwordReset.completeReset(recovery)).toEqual(REFUSED);
    expect(await reset(app)).toMatchObject({ ok: true });
    const calls = commits.flatMap(({ mock }) => mock.calls as unknown[][]);
    const expected = passwordHash === null ? {} : { expected: passwordHash };
    expect(calls).toEqual([[{ userId: MIKE.id, email: MIKE.email, next: expect.any(String), ...expected }]]);
    expect(app.users.get(MIKE.id)).toEqual({ ...secured, passwordHash: expect.stringMatching(/^memory\$/) });
    for (const commit of commits) commit.mockRestore();
    app.clock.now += 60 * 60_000;
  }
});

// ── The notice ────────────────────────────────────────────────────────────────────────────────────────────

/** The mistake: the notice contains a link. */
const linksBack = ({ mailer }: Harness) => {
  const { send } = mailer;
  mailer.send = (message, about) =>
    send(about.kind === "password_changed" ? { ...message, text: `${message.text}https://x.example` } : message, about);
};

flaw("X9", "One notice goes to the address on file, without a link", linksBack, async (app) => {
  let isDown = true;
  const { send } = app.mailer;
  app.mailer.send = async (message, about) => {
    // The mail server is down at first.
    if (about.kind === "password_changed" && isDown) {
      isDown = false;
      throw new Error("down");
    }
    await send(message, about);
  };
  const token = await app.requestToken();
  await app.passwordReset.completeReset({ token, newPassword: "short" });
  await app.passwordReset.drain();
  expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
  for (let nth = 0; nth < 2; nth++) await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  await app.passwordReset.drain();
  const [, notice, ...more] = app.mailer.sent;
  expect([notice?.kind, notice?.to, more]).toEqual(["password_changed", MIKE.email, []]);
  const all = `${notice?.subject}\n${notice?.text}\n${notice?.html}`;
  expect(all).not.toContain(token);
  expect(all).not.toMatch(/href|https?:|password_reset/);
  expect(linkLike(notice?.text ?? "")).toEqual([]);
});

everyFlawOf("m-sessions");
