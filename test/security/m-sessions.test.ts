import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as relatch from "relatch";
import { type Job, type ResetUser, sessionStamp } from "relatch";
import { expect, test, vi } from "vitest";
import {
  both,
  COMPLETE,
  FORM,
  isDeleted,
  linkTo,
  mailsTo,
  NEW_PASSWORD,
  RESET,
  requestLink,
  requestToken,
  signIn,
  submit,
  tokenIn,
  VERIFY,
} from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { linkLike } from "./helpers/mail-shape.ts";

// With the new password every session of the old one ends, and the reset itself opens none.

const reset = async (app: Harness, newPassword: string = GOOD_PASSWORD) =>
  app.passwordReset.completeReset({ token: await app.requestToken(), newPassword });

/** An application whose jobs wait, and the hash that the account had each time when its sessions were ended. */
function watchRevocations(isDown: (nth: number) => boolean = () => false) {
  const hashes: (string | null | undefined)[] = [];
  const jobs: Job[] = [];
  const app = harness({
    dispatcher: { dispatch: async (job) => void jobs.push(job) },
    async revokeSessions(userId) {
      hashes.push(app.users.get(userId)?.passwordHash);
      if (isDown(hashes.length)) throw new Error("the session store is down");
    },
  });
  const nextJob = () => app.passwordReset.deliver(jobs.shift());
  const tokenByMail = async () => {
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await nextJob();
    return app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
  };
  return { app, hashes, nextJob, tokenByMail };
}

flaw("CVE-2026-34828", () => {
  test("the sessions end before the answer: once before the commit, and once after it", async () => {
    const { app, hashes, nextJob, tokenByMail } = watchRevocations();
    const result = await app.passwordReset.completeReset({
      token: await tokenByMail(),
      newPassword: GOOD_PASSWORD,
    });
    expect(result).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: true });
    const hash = app.users.get(MIKE.id)?.passwordHash;
    expect(hashes).toEqual([MIKE.passwordHash, hash]);
    // The follow-up knows, and has a notice to send.
    await nextJob();
    expect(hashes.slice(2).every((each) => each === hash)).toBe(true);
    expect(app.mailer.sent.at(-1)?.kind).toBe("password_changed");
  });

  test("a session store that is down before the commit: nothing changes, the link stays", async () => {
    const { app, nextJob, tokenByMail } = watchRevocations(() => true);
    const token = await tokenByMail();
    const completing = app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completing).rejects.toMatchObject({ code: "ERR_SESSIONS" });
    expect(app.users.get(MIKE.id)).toEqual(MIKE);
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    await nextJob();
    expect(app.happened()).toContain("job_dropped:not_committed");
  });

  test("one that is down after it: the result says so, an event does, and the follow-up ends them", async () => {
    // Up before the commit, down for all three tries after it, and up again.
    const { app, hashes, nextJob, tokenByMail } = watchRevocations((nth) => nth > 1 && nth < 5);
    const result = await app.passwordReset.completeReset({
      token: await tokenByMail(),
      newPassword: GOOD_PASSWORD,
    });
    expect(result).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: false });
    expect(app.happened()).toContain("session_revocation_failed");
    expect(hashes).toHaveLength(4);
    await nextJob();
    expect(hashes).toHaveLength(5);
  });

  test("whoever leaves sessions alone has to say so in so many letters, and is told each time", async () => {
    for (const revokeSessions of [undefined, null, true, "yes"]) {
      expect(() => harness({ revokeSessions: revokeSessions as never })).toThrow(/revokeSessions/);
    }
    expect(await reset(harness({ revokeSessions: false }))).toMatchObject({
      ok: true,
      sessionsRevoked: false,
    });
  });

  overHttp(
    "who was signed in with the old password is signed out",
    async ({ app, client, visitor, mike, jane }) => {
      const [intruder, other] = [visitor(), visitor()];
      await signIn(intruder, mike);
      await signIn(other, jane);
      const token = await requestToken(app, client, mike);
      expect((await intruder.get("/")).status).toBe(200);
      await client.json(COMPLETE, { token, password: NEW_PASSWORD });
      expect((await intruder.get("/")).headers.location).toBe("/login");
      expect((await other.get("/")).status).toBe(200);
    },
  );
});

/** What an application may have given out while the old password was good, and how it judges each. */
interface Credential {
  issue(app: Harness, user: ResetUser): void;
  isAlive(user: ResetUser): boolean;
  revoke(): void;
}

const KEY = "a key that only the application has";

/** Kept on the server, and deleted there. */
function kept(): Credential {
  let owner: string | undefined;
  return {
    issue(_, { id }) {
      owner = id;
    },
    isAlive: ({ id }) => owner === id,
    revoke() {
      owner = undefined;
    },
  };
}

/** Signed and kept nowhere: it holds the stamp of the password it was given out under. */
function signed(): Credential {
  const macOf = (stamp: string) => createHmac("sha256", KEY).update(stamp).digest("hex");
  let token: { stamp: string; mac: string } | undefined;
  return {
    issue(_, user) {
      const stamp = sessionStamp(user);
      token = { stamp, mac: macOf(stamp) };
    },
    isAlive: (user) => token?.mac === macOf(token?.stamp ?? "") && token?.stamp === sessionStamp(user),
    revoke() {},
  };
}

const CREDENTIALS: Record<string, { title: string; make: () => Credential }[]> = {
  "GHSA-x4vh-j75g-268g": [
    { title: "a refresh token in a table", make: kept },
    { title: "a refresh token that is a JWT", make: signed },
  ],
  "CVE-2021-41268": [{ title: "a remember-me cookie that is signed", make: signed }],
  "CVE-2016-7038": [
    { title: "a token of a web service", make: kept },
    { title: "an API key that is signed", make: signed },
  ],
};

flaws(CREDENTIALS, (credentials) => {
  test.each(credentials)("$title ends with the password", async ({ make }) => {
    const credential = make();
    const app = harness({ revokeSessions: async () => credential.revoke() });
    const userNow = () => app.users.get(MIKE.id) as ResetUser;
    credential.issue(app, userNow());
    const token = await app.requestToken();
    await app.passwordReset.completeReset({ token, newPassword: "short" });
    // Not by asking for a link, and not by a password that is refused.
    expect(credential.isAlive(userNow())).toBe(true);
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect(credential.isAlive(userNow())).toBe(false);
    // One of the new password lives.
    credential.issue(app, userNow());
    expect(credential.isAlive(userNow())).toBe(true);
  });

  test("also where a login was half way in when the password changed", async () => {
    for (const { make } of credentials) {
      const credential = make();
      const app = harness({ revokeSessions: async () => credential.revoke() });
      const whoSignsIn = app.users.get(MIKE.id) as ResetUser;
      await reset(app);
      const stamp = sessionStamp(app.users.get(MIKE.id) as ResetUser);
      // Written down after the end of all sessions, for a password that was good before it.
      credential.issue(app, whoSignsIn);
      expect(sessionStamp(whoSignsIn)).not.toBe(stamp);
      const isStampCompared = make === signed;
      expect(credential.isAlive(app.users.get(MIKE.id) as ResetUser)).toBe(!isStampCompared);
      // What is kept without a stamp is caught by the follow-up, which revokes once more, unless it is later still.
      if (!isStampCompared) credential.revoke();
      expect(credential.isAlive(app.users.get(MIKE.id) as ResetUser)).toBe(false);
    }
  });

  test("whoever ends sessions is told whose, and the stamp of those that may stay", async () => {
    const told: unknown[] = [];
    const app = harness({ revokeSessions: async (...args) => told.push(args) });
    await reset(app);
    await app.passwordReset.drain();
    const stamp = sessionStamp(app.users.get(MIKE.id) as ResetUser);
    expect(told.length).toBeGreaterThan(1);
    for (const args of told) expect(args).toEqual([MIKE.id, { stamp }]);
  });

  overHttp(
    "the example: no cookie of the old password opens anything, in any browser",
    async ({ app, client, visitor, mike }) => {
      const browsers = [visitor(), visitor(), visitor()];
      for (const browser of browsers) await signIn(browser, mike);
      const link = await requestLink(app, client, mike);
      const form = await client.follow(await client.get(link));
      await submit(client, form, NEW_PASSWORD);
      for (const browser of browsers) expect((await browser.get("/")).headers.location).toBe("/login");
      const [again] = browsers;
      await signIn(again!, { ...mike, password: NEW_PASSWORD });
      expect((await again!.get("/")).status).toBe(200);
    },
  );
});

flaw("CVE-2025-62174", () => {
  const source = join(import.meta.dirname, "../../src");
  const callers = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("testing") && name !== "memory.ts")
    .filter((name) =>
      /\.(?:replacePasswordHash|setFirstPasswordHash)\b\s*\(/.test(readFileSync(join(source, name), "utf8")),
    );

  test("one place sets passwords, and it ends the sessions", () => {
    // The other one checks what the store answers.
    expect(callers.filter((name) => name !== "ports.ts")).toEqual(["completion.ts"]);
    const code = readFileSync(join(source, "completion.ts"), "utf8");
    expect(code.match(/users\.(?:replacePasswordHash|setFirstPasswordHash)\??\.?\(/g)).toHaveLength(2);
  });

  test("nothing that is exported sets one otherwise: an administrator sends a link, too", async () => {
    const app = harness();
    expect(Object.keys(relatch).filter((name) => /setPassword|changePassword|admin/i.test(name))).toEqual([]);

    const commit = vi.spyOn(app.users, "replacePasswordHash");
    const { requestReset, verifyToken, revokeTokens, deliver } = app.passwordReset;
    await requestReset({ email: MIKE.email, ip: null, newPassword: GOOD_PASSWORD } as never);
    await app.passwordReset.drain();
    const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
    await verifyToken(token, { newPassword: GOOD_PASSWORD } as never);
    await deliver({
      v: 1,
      id: "a",
      at: app.clock.now,
      type: "password_changed",
      userId: MIKE.id,
      newPassword: GOOD_PASSWORD,
    });
    expect(commit).not.toHaveBeenCalled();
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect(app.revoked).not.toEqual([]);
    await revokeTokens(MIKE.id);
    expect(commit).toHaveBeenCalledTimes(1);
  });

  overRoutes("nor does any route but the two for a new password", async (app) => {
    const token = await app.requestToken();
    const commit = vi.spyOn(app.users, "replacePasswordHash");
    const fields = {
      token,
      email: MIKE.email,
      userId: MIKE.id,
      newPassword: NEW_PASSWORD,
      ...both(NEW_PASSWORD),
    };
    for (const path of [RESET, VERIFY, FORM, `${RESET}/admin`, `${RESET}/force`]) {
      await app.visitor().post(path, fields);
      await app.visitor().json(path, fields);
    }
    expect(commit).not.toHaveBeenCalled();
    await app.visitor().json(COMPLETE, fields);
    expect(commit).toHaveBeenCalledTimes(1);
    expect(app.revoked.length).toBeGreaterThan(1);
  });
});

flaw("CVE-2023-40273", () => {
  test("with a queue, the follow-up ends them even where the server died after the commit", async () => {
    const jobs: Job[] = [];
    const ended: (string | null | undefined)[] = [];
    const options = {
      dispatcher: { dispatch: async (job: Job) => void jobs.push(job) },
      revokeSessions: async (userId: string) => ended.push(app.users.get(userId)?.passwordHash),
    };
    const app = harness(options);
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await app.passwordReset.deliver(jobs.shift());
    const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    ended.length = 0;
    // Another process, which remembers nothing.
    const worker = harness({ ...options, users: app.users, mailer: app.mailer });
    await worker.passwordReset.deliver(structuredClone(jobs[0]));
    expect(ended).toEqual([app.users.get(MIKE.id)?.passwordHash]);
  });

  test("also for an account that gets its first password", async () => {
    const app = harness({ accounts: [{ ...MIKE, passwordHash: null }] });
    expect(await reset(app)).toMatchObject({ ok: true, sessionsRevoked: true });
    expect(app.revoked.length).toBeGreaterThan(1);
  });

  overHttp(
    "over the pages: the next request of an old session is one of a stranger",
    async ({ app, client, visitor, mike }) => {
      const browsers = [visitor(), visitor()];
      for (const browser of browsers) await signIn(browser, mike);
      const link = await requestLink(app, client, mike);
      await client.post(link, both(NEW_PASSWORD));
      for (const browser of browsers) {
        expect((await browser.get("/")).headers.location).toBe("/login");
        expect((await browser.get("/")).body).not.toContain(mike.email);
      }
    },
  );
});

const SIGNS_NOBODY_IN = {
  // The second factor, where there is one, is asked for at the login: there is no way around the login.
  "CVE-2026-128333": "there is no way around the second factor",
  X8: "there is no way around the login",
};

flaws(SIGNS_NOBODY_IN, (title) => {
  test(`what completeReset answers is an id: ${title}`, async () => {
    const app = harness({ accounts: [{ ...MIKE, totpSecret: "JBSWY3DPEHPK3PXP" } as ResetUser] });
    const result = await reset(app);
    expect(result).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: true });
    app.clock.now += 60_000;
    const verified = await app.passwordReset.verifyToken(await app.requestToken());
    expect(Object.keys(verified).sort()).toEqual(["expiresAt", "ok", "userId"]);
    expect(Object.keys(relatch).filter((name) => /session|login|signIn|cookie|jwt/i.test(name))).toEqual([
      "sessionStamp",
    ]);
  });

  overHttp(
    "no route opens a session: the page behind the login stays closed",
    async ({ app, client, visitor, mike, jane }) => {
      const link = await requestLink(app, client, mike);
      const opened = await client.get(link);
      const form = await client.follow(opened);
      const done = await submit(client, form, NEW_PASSWORD);
      expect(done.headers.location).toBe("/login?notice=password_set");
      const cookies = [opened, form, done].flatMap((answer) => answer.cookies);
      expect(cookies.filter((cookie) => !/^(?:__Secure-)?password_reset=/.test(cookie))).toEqual([]);
      expect(done.cookies.every(isDeleted)).toBe(true);
      expect((await client.get("/")).headers.location).toBe("/login");

      const program = visitor();
      const token = await requestToken(app, program, jane);
      const completed = await program.json(COMPLETE, { token, password: NEW_PASSWORD });
      expect([completed.cookies, JSON.parse(completed.body)]).toEqual([
        [],
        { ok: true, sessionsRevoked: true },
      ]);
      expect((await program.get("/")).headers.location).toBe("/login");
    },
  );
});

flaw("CVE-2025-64175", () => {
  const secured = {
    ...MIKE,
    totpSecret: "JBSWY3DPEHPK3PXP",
    recoveryCodes: ["11111-22222"],
    mfaEnabled: true,
    emailVerified: false,
    role: "admin",
  };

  test("the commit is told the account, the address, the old hash and the new one, and nothing else", async () => {
    for (const passwordHash of [MIKE.passwordHash, null]) {
      const app = harness({ accounts: [{ ...secured, passwordHash } as ResetUser] });
      const commits = [
        vi.spyOn(app.users, "replacePasswordHash"),
        vi.spyOn(app.users, "setFirstPasswordHash"),
      ];
      expect(await reset(app)).toMatchObject({ ok: true });
      const calls = commits.flatMap(({ mock }) => mock.calls as unknown[][]);
      const next = expect.any(String);
      const expected = passwordHash === null ? {} : { expected: passwordHash };
      expect(calls).toEqual([[{ userId: MIKE.id, email: MIKE.email, next, ...expected }]]);
      expect(app.users.get(MIKE.id)).toEqual({
        ...secured,
        passwordHash: expect.stringMatching(/^memory\$/),
      });
    }
  });

  test("a recovery code is no token, and is not asked for", async () => {
    const app = harness({ accounts: [secured as ResetUser] });
    for (const token of secured.recoveryCodes) {
      const result = await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
      expect(result).toMatchObject({ ok: false, reason: "invalid_or_expired_token" });
    }
    expect(app.users.get(MIKE.id)).toEqual(secured);
  });

  overRoutes(
    "nor do fields of that name do anything over HTTP",
    async (app) => {
      const fields = {
        mfaEnabled: "false",
        totpSecret: "",
        recovery_code: "11111-22222",
        role: "admin",
        emailVerified: "true",
      };
      const token = await app.requestToken();
      await app.client.post(`${RESET}/${token}`, { ...fields, ...both(NEW_PASSWORD) });
      expect(app.users.get(MIKE.id)).toEqual({
        ...secured,
        passwordHash: expect.stringMatching(/^memory\$/),
      });
    },
    { accounts: [secured as ResetUser] },
  );
});

flaw("X9", () => {
  test("one notice goes to the address on file, without a link", async () => {
    const app = harness();
    const token = await app.requestToken();
    await app.passwordReset.completeReset({ token, newPassword: "short" });
    await app.passwordReset.drain();
    expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await app.passwordReset.drain();
    const [, notice, ...more] = app.mailer.sent;
    expect([notice?.kind, notice?.to, more]).toEqual(["password_changed", MIKE.email, []]);
    const all = `${notice?.subject}\n${notice?.text}\n${notice?.html}`;
    expect(all).not.toContain(token);
    expect(all).not.toMatch(/href|https?:|password_reset/);
    expect(linkLike(notice?.text ?? "")).toEqual([]);
  });

  test("also when the mail server is down at first, and when the sessions could not be ended", async () => {
    let isDown = true;
    const app = harness({
      mailer: {
        async send(message, about) {
          if (about.kind === "password_changed" && isDown) {
            isDown = false;
            throw Object.assign(new Error("down"), { unsent: true });
          }
          await inbox.send(message, about);
        },
      },
    });
    const inbox = app.mailer;
    expect(await reset(app)).toMatchObject({ ok: true });
    await app.passwordReset.drain();
    expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  overHttp("also after a reset by the pages, and by JSON", async ({ app, client, visitor, mike, jane }) => {
    const link = await requestLink(app, client, mike);
    await submit(client, await client.follow(await client.get(link)), NEW_PASSWORD);
    const token = await requestToken(app, visitor(), jane);
    await visitor().json(COMPLETE, { token, password: NEW_PASSWORD });
    for (const { email } of [mike, jane]) {
      const notices = await mailsTo(app, email, "password_changed");
      expect(notices).toHaveLength(1);
      expect(`${notices[0]?.text}${notices[0]?.html}`).not.toMatch(/href|https?:|password_reset/);
      expect(`${notices[0]?.text}${notices[0]?.html}`).not.toContain(tokenIn(await linkTo(app, email)));
    }
  });
});

flawsOf("m-sessions");
