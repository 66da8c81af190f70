import { type Job, type ResetUser, sessionStamp } from "relatch";
import { standardNotices } from "relatch/messages";
import { expect, test, vi } from "vitest";
import {
  both,
  COMPLETE,
  expectDead,
  NEW_PASSWORD,
  RESET,
  requestLink,
  requestToken,
  signIn,
  submit,
  VERIFY,
} from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { type Front, overHttp, overRoutes } from "./helpers/adapters.ts";
import { bytesOf } from "./helpers/answers.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { askBothWays, recipientsOf } from "./helpers/front.ts";
import { linkLike } from "./helpers/mail-shape.ts";

// Who may not reset, does not: not when a link is asked for, not when it is opened, not when it is used.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

/** Asks for a link: the answer of everybody, and no token and no link. */
async function expectNoLink(app: Harness): Promise<void> {
  const save = vi.spyOn(app.tokens, "save");
  expect(await app.passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
  await app.passwordReset.drain();
  expect(save).not.toHaveBeenCalled();
  expect(app.mailer.sent.filter(({ kind }) => kind === "reset_link")).toEqual([]);
}

/** The same by a form and by JSON, with the bytes that an unknown address gets. */
async function expectNoLinkOverRoutes(app: Front): Promise<void> {
  const save = vi.spyOn(app.tokens, "save");
  const answers = await askBothWays(app.client, MIKE.email);
  app.clock.now += 60 * 60_000;
  app.users.findByEmail = async () => undefined;
  expect(answers.map(bytesOf)).toEqual((await askBothWays(app.client, MIKE.email)).map(bytesOf));
  await app.passwordReset.drain();
  expect(save).not.toHaveBeenCalled();
  expect(app.mailer.sent).toEqual([]);
}

/** An account whose password is kept elsewhere. */
const managed: ResetUser = { ...MIKE, resetAllowed: false };
const withoutPassword: ResetUser = { ...MIKE, passwordHash: null };
const stores = { "with a hash of old": managed, "without one": { ...managed, passwordHash: null } };

flaw("CVE-2024-1525", () => {
  test.each(Object.entries(stores))(
    "an account that signs in elsewhere, %s: no token, no mail",
    async (_, account) => {
      const app = harness({ accounts: [account] });
      await expectNoLink(app);
      expect(app.happened()).toContain("request_skipped:not_allowed");
      expect(app.mailer.sent).toEqual([]);
    },
  );

  test("an account without a password gets none, unless the store has a way to set the first", async () => {
    const { setFirstPasswordHash: _, ...users } = harness({ accounts: [withoutPassword] }).users;
    const app = harness({ users });
    await expectNoLink(app);
    expect(app.happened()).toContain("request_skipped:no_password");

    // The control: with it, there is a link.
    expect(await harness({ accounts: [withoutPassword] }).requestToken()).toHaveLength(43);
  });

  test("nor with a link of the time when it had one", async () => {
    const { setFirstPasswordHash: _, ...users } = harness({ accounts: [MIKE] }).users;
    const found = { ...MIKE };
    Object.assign(users, { findByEmail: async () => found, findById: async () => found });
    const app = harness({ users });
    const token = await app.requestToken();
    found.passwordHash = null;
    expect(await app.passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect(app.happened()).toContain("token_refused:no_password");
  });

  test("the mail that says how to sign in instead holds no link, and the answer is the same", async () => {
    const messages = standardNotices({ signInWith: "Okta" });
    const { setFirstPasswordHash: _, ...users } = harness({ accounts: [withoutPassword] }).users;
    const app = harness({ users, messages });
    await expectNoLink(app);
    const [notice, ...more] = app.mailer.sent;
    expect([notice?.kind, notice?.to, more]).toEqual(["no_password", MIKE.email, []]);
    expect(linkLike(notice?.text ?? "")).toEqual([]);
    expect(notice?.html).not.toMatch(/href/);
  });

  overRoutes("over HTTP the answer is the one for nobody", expectNoLinkOverRoutes, { accounts: [managed] });
});

/** The account may no more: in between, at the last moment, or as the store's own condition says. */
const changes: Record<string, (app: Harness) => void> = {
  "is suspended": (app) => app.users.set(managed),
  "moves to an identity provider": (app) => app.users.set({ ...managed, passwordHash: null }),
  "is deleted": (app) => app.users.delete(MIKE.id),
};

flaw("CVE-2024-37897", () => {
  test.each(Object.entries(changes))(
    "an account that %s after the link was sent: the link is dead",
    async (_, change) => {
      const app = harness();
      const token = await app.requestToken();
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
      change(app);
      const hash = vi.spyOn(app.hasher, "hash");
      const commit = vi.spyOn(app.users, "replacePasswordHash");
      expect(await app.passwordReset.verifyToken(token)).toEqual(REFUSED);
      expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      expect(hash).not.toHaveBeenCalled();
      expect(commit).not.toHaveBeenCalled();
    },
  );

  test.each(Object.entries(changes))(
    "an account that %s while the password is hashed: the commit says no",
    async (_, change) => {
      const app = harness();
      const token = await app.requestToken();
      const hash = app.hasher.hash.bind(app.hasher);
      app.hasher.hash = async (password) => {
        change(app);
        return hash(password);
      };
      expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      expect(app.happened()).toContain("token_refused:lost_race");
      expect(String(app.users.get(MIKE.id)?.passwordHash)).not.toMatch(/^memory\$/);
    },
  );

  test.each(Object.entries(changes))(
    "an account that %s between the request and its job: no link",
    async (_, change) => {
      const jobs: Job[] = [];
      const app = harness({ dispatcher: { dispatch: async (job) => void jobs.push(job) } });
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      change(app);
      await app.passwordReset.deliver(jobs[0]);
      expect(app.mailer.sent).toEqual([]);
    },
  );

  overRoutes("over HTTP, at each step", async (app) => {
    const token = await app.requestToken();
    const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
    expect(form.status).toBe(200);
    app.users.set(managed);
    expect((await submit(app.client, form, NEW_PASSWORD)).headers.location).toContain(
      "invalid_or_expired_token",
    );
    expect((await app.visitor().get(`${RESET}/${token}`)).headers.location).toContain(
      "invalid_or_expired_token",
    );
    expect((await app.visitor().json(VERIFY, { token })).status).toBe(400);
    expect((await app.visitor().json(COMPLETE, { token, password: NEW_PASSWORD })).status).toBe(400);
    expect((await app.visitor().post(`${RESET}/${token}`, both(NEW_PASSWORD))).headers.location).toContain(
      "invalid",
    );
    expect(app.users.get(MIKE.id)).toEqual(managed);
  });
});

flaw("CVE-2024-39836", () => {
  test("a suspended account gets no link, and one from before does not open it", async () => {
    const app = harness();
    const token = await app.requestToken();
    app.users.set(managed);
    app.clock.now += 10 * 60_000;
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(await recipientsOf(app)).toHaveLength(1);
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect(app.users.get(MIKE.id)).toEqual(managed);
  });

  test("nor does it become an account with a password by a follow-up", async () => {
    const app = harness({ accounts: [managed] });
    const stamp = sessionStamp(managed);
    const job = {
      v: 1,
      id: "a",
      at: app.clock.now,
      type: "password_changed",
      userId: MIKE.id,
      previousStamp: "x",
      stamp,
    };
    await app.passwordReset.deliver(job);
    expect(app.users.get(MIKE.id)).toEqual(managed);
  });

  overHttp(
    "over HTTP: no link for who is suspended, and no way in with one from before",
    async ({ app, client, visitor, mike, jane }) => {
      const link = await requestLink(app, client, mike);
      const token = await requestToken(app, client, jane);
      for (const account of [mike, jane]) await app.suspend?.(account);
      await expectDead(client, link);
      expect((await client.json(COMPLETE, { token, password: NEW_PASSWORD })).status).toBe(400);
      expect(await app.mails()).toHaveLength(2);
      for (const password of [NEW_PASSWORD, mike.password]) {
        expect((await signIn(visitor(), { ...mike, password })).status).toBe(400);
      }
    },
  );
});

flaw("GHSA-cf8f-w2c5-p5jr", () => {
  const service = {
    ...MIKE,
    id: "svc",
    email: "service-account-ci@placeholder.example",
    resetAllowed: false,
  };

  test("a service account gets no mail, however it is found", async () => {
    const app = harness({ accounts: [service] });
    for (const find of [async () => service, async (email: string) => ({ ...service, email })]) {
      app.users.findByEmail = find;
      await app.passwordReset.requestReset({ email: service.email, ip: null });
      app.clock.now += 10 * 60_000;
    }
    expect(await recipientsOf(app)).toEqual([]);
    expect(app.happened()).toContain("request_skipped:not_allowed");
  });

  test.each([0, 1, "false", "", {}, []])("resetAllowed: %j is a fault, and no yes", async (resetAllowed) => {
    const app = harness();
    const token = await app.requestToken();
    app.clock.now += 10 * 60_000;
    app.users.set({ ...MIKE, resetAllowed: resetAllowed as never });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(await recipientsOf(app)).toHaveLength(1);
    expect(app.happened()).toContain("delivery_failed:ERR_USER_STORE");
    const completing = app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completing).rejects.toMatchObject({ code: "ERR_USER_STORE" });
    expect(app.users.get(MIKE.id)?.passwordHash).toBe(MIKE.passwordHash);
  });

  overRoutes(
    "nor over HTTP",
    async (app) => {
      await askBothWays(app.client, service.email);
      expect(await recipientsOf(app)).toEqual([]);
    },
    { accounts: [service] },
  );
});

const UNVERIFIED = { X21: { ...MIKE, emailVerified: false, status: "pending" } };

flaws(UNVERIFIED, (account) => {
  test("a reset verifies no address: nothing of the account changes but its password", async () => {
    const app = harness({ accounts: [account] });
    const token = await app.requestToken();
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    await app.passwordReset.drain();
    expect(app.users.get(MIKE.id)).toEqual({ ...account, passwordHash: expect.stringMatching(/^memory\$/) });
  });

  test("the store is asked for nothing else: four functions, and these arguments", async () => {
    const called = new Set<PropertyKey>();
    const { users } = harness({ accounts: [account] });
    const app = harness({
      users: new Proxy(users, {
        get(target, name) {
          called.add(name);
          return Reflect.get(target, name);
        },
      }),
    });
    const token = await app.requestToken();
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await app.passwordReset.drain();
    const known = ["findByEmail", "findById", "replacePasswordHash", "setFirstPasswordHash"];
    expect([...called].filter((name) => !known.includes(String(name)))).toEqual([]);
  });

  overRoutes(
    "nor over HTTP, whatever a form says",
    async (app) => {
      const token = await app.requestToken();
      const fields = { emailVerified: "true", status: "active", verify: "1", ...both(NEW_PASSWORD) };
      await app.client.post(`${RESET}/${token}`, fields);
      expect(app.users.get(MIKE.id)).toEqual({
        ...account,
        passwordHash: expect.stringMatching(/^memory\$/),
      });
    },
    { accounts: [account] },
  );
});

flawsOf("n-eligibility");
