import { type ResetUser, sessionStamp } from "relatch";
import { standardNotices } from "relatch/messages";
import { expect, vi } from "vitest";
import { GOOD_PASSWORD, type Harness, harness, KEYS, MIKE } from "../helpers/harness.ts";
import { both, COMPLETE, NEW_PASSWORD, RESET, submit, VERIFY } from "../system/http/contract/helpers.ts";
import { linkLike } from "./helpers/email.ts";
import { everyFlawOf, flaw, flawIn, flawOverHttp, override, REFUSED, recipientsOf, signedJob } from "./helpers/flaw.ts";

// An account that may not reset does not: not when a link is asked for, not when it is opened, not when it is used.

const HOUR = 60 * 60_000;
const managed: ResetUser = { ...MIKE, resetAllowed: false };
const withoutPassword: ResetUser = { ...MIKE, passwordHash: null };
const ask = ({ passwordReset }: Harness, email = MIKE.email) => passwordReset.requestReset({ email, ip: null });
const kindsOf = ({ mailer }: Harness) => mailer.sent.map(({ kind }) => kind);
const complete = ({ passwordReset }: Harness, token: unknown) =>
  passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });

/** The mistake: according to the store everybody may reset, and has a password. */
const allowsAll = ({ users }: Pick<Harness, "users">) => {
  const allow = (user: ResetUser | null | undefined) =>
    user && { ...user, resetAllowed: true, passwordHash: user.passwordHash ?? "x" };
  const { findByEmail, findById, replacePasswordHash } = users;
  users.findByEmail = async (...args) => allow(await findByEmail(...args));
  users.findById = async (id) => allow(await findById(id));
  users.replacePasswordHash = async (change) => {
    const user = users.get(change.userId);
    if (user?.resetAllowed !== false) return replacePasswordHash(change);
    users.set({ ...user, passwordHash: change.next });
    return true;
  };
};

flaw("CVE-2024-1525", "An account that signs in elsewhere gets no link", allowsAll, async (app) => {
  const save = vi.spyOn(app.tokens, "save");
  for (const account of [managed, { ...managed, passwordHash: null }]) {
    app.users.set(account);
    expect(await ask(app)).toEqual({ ok: true });
    expect(await recipientsOf(app)).toEqual([]);
    app.clock.now += HOUR;
  }
  expect(save).not.toHaveBeenCalled();
  expect(app.happened()).toContain("request_skipped:not_allowed");
});

/** Applications whose store has no way to set a first password; in the control it has one. */
const stores = [false, true].map((hasFirst) => () => {
  const { setFirstPasswordHash, ...users } = harness({ accounts: [withoutPassword] }).users;
  const own = { ...users, ...(hasFirst && { setFirstPasswordHash }) };
  const app = harness({ users: own, messages: standardNotices({ signInWith: "Okta" }) });
  return { app, users: own as typeof app.users };
}) as [() => { app: Harness; users: Harness["users"] }, () => { app: Harness; users: Harness["users"] }];

flawIn("CVE-2024-1525", "No link if no first password can be set", stores, async ({ app, users }) => {
  expect(await ask(app)).toEqual({ ok: true });
  await app.passwordReset.drain();
  expect(app.happened()).toContain("request_skipped:no_password");
  // The notice says how to sign in instead, and contains no link.
  expect(kindsOf(app)).toEqual(["no_password"]);
  expect(linkLike(app.mailer.sent[0]?.text ?? "")).toEqual([]);
  expect(app.mailer.sent[0]?.html).not.toMatch(/href/);
  // A link of the time when it had a password opens nothing.
  app.clock.now += HOUR;
  users.set(MIKE);
  const token = await app.requestToken();
  users.set(withoutPassword);
  expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
  expect(await complete(app, token)).toEqual(REFUSED);
});

/** Changes of the account. */
const CHANGES: Record<string, (app: Harness) => void> = {
  "is suspended": ({ users }) => users.set(managed),
  "moves to an identity provider": ({ users }) => users.set({ ...managed, passwordHash: null }),
  "is deleted": ({ users }) => users.delete(MIKE.id),
};
/** The mistake: what was known of an account when its link was made is still believed. */
const believes = ({ users }: Harness) => {
  users.findByEmail = async () => MIKE;
  users.findById = async () => MIKE;
  users.replacePasswordHash = async ({ next }) => {
    users.set({ ...MIKE, passwordHash: next });
    return true;
  };
};

for (const [title, change] of Object.entries(CHANGES)) {
  flaw("CVE-2024-37897", `An account that ${title} loses its link`, believes, async (app) => {
    const token = await app.requestToken();
    expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    change(app);
    const [hash, commit] = [vi.spyOn(app.hasher, "hash"), vi.spyOn(app.users, "replacePasswordHash")];
    expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(await complete(app, token)).toEqual(REFUSED);
    expect(hash).not.toHaveBeenCalled();
    expect(commit).not.toHaveBeenCalled();
  });

  flaw("CVE-2024-37897", `The commit refuses an account that ${title} while hashing`, believes, async (app) => {
    const token = await app.requestToken();
    const { hash } = app.hasher;
    app.hasher.hash = async (password) => {
      change(app);
      return hash(password);
    };
    expect(await complete(app, token)).toEqual(REFUSED);
    expect(app.happened()).toContain("token_refused:lost_race");
    expect(String(app.users.get(MIKE.id)?.passwordHash)).not.toMatch(/^memory\$/);
  });
}

for (const id of ["CVE-2024-37897", "CVE-2024-39836"]) {
  flawOverHttp(id, "A suspended account is refused at each step", believes, async (app) => {
    const token = await app.requestToken();
    const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
    expect(form.status).toBe(200);
    app.users.set(managed);
    for (const answer of [
      await submit(app.client, form, NEW_PASSWORD),
      await app.visitor().get(`${RESET}/${token}`),
      await app.visitor().post(`${RESET}/${token}`, both(NEW_PASSWORD)),
    ]) {
      expect(answer.headers.location).toContain("invalid_or_expired_token");
    }
    expect((await app.visitor().json(VERIFY, { token })).status).toBe(400);
    expect((await app.visitor().json(COMPLETE, { token, newPassword: NEW_PASSWORD })).status).toBe(400);
    app.clock.now += HOUR;
    await app.visitor().post(RESET, { email: MIKE.email });
    expect(await recipientsOf(app)).toHaveLength(1);
    expect(app.users.get(MIKE.id)).toEqual(managed);
  });
}

const sets = override((core, { users }) => ({
  async deliver(job) {
    users.set({ ...managed, passwordHash: "set by a job" });
    return core.deliver(job);
  },
}));

const setting = { options: { accounts: [managed], keys: KEYS }, mistake: sets };

flaw("CVE-2024-39836", "A follow-up job changes no account", setting, async (app) => {
  const stamps = { previousStamp: "x", stamp: sessionStamp(managed), isCommitted: true };
  const job = { type: "follow_up", userId: MIKE.id, email: MIKE.email, ...stamps };
  await app.passwordReset.deliver(signedJob(app, job));
  expect(app.happened()).toEqual(["mail_sent"]);
  expect(app.users.get(MIKE.id)).toEqual(managed);
});

const service = { ...managed, id: "svc", email: "service-account-ci@placeholder.example" };
const serving = { options: { accounts: [service] }, mistake: allowsAll };

flawOverHttp("GHSA-cf8f-w2c5-p5jr", "A service account gets no email", serving, async (app) => {
  await app.client.post(RESET, { email: service.email });
  await app.passwordReset.drain();
  app.clock.now += HOUR;
  await ask(app, service.email);
  expect(await recipientsOf(app)).toEqual([]);
  expect(app.happened()).toContain("request_skipped:not_allowed");
});

const pending = { ...MIKE, emailVerified: false, status: "pending" };
const KNOWN = ["findByEmail", "findById", "replacePasswordHash", "setFirstPasswordHash"];
/** The mistake: a reset by email verifies the address. */
const verifies = override((core, { users }) => ({
  async completeReset(input) {
    const result = await core.completeReset(input);
    users.set({ ...users.get(MIKE.id), emailVerified: true } as never);
    return result;
  },
}));

const verifying = { options: { accounts: [pending] }, mistake: verifies };

flawOverHttp("X21", "A reset verifies no address", verifying, async (app) => {
  const called = new Set<PropertyKey>();
  for (const [name, method] of Object.entries(app.users) as [keyof typeof app.users, never][]) {
    Object.defineProperty(app.users, name, {
      get() {
        called.add(name);
        return method;
      },
    });
  }
  const fields = { emailVerified: "true", status: "active", verify: "1", ...both(NEW_PASSWORD) };
  await app.client.post(`${RESET}/${await app.requestToken()}`, fields);
  await app.passwordReset.drain();
  const asked = [...called];
  expect(app.users.get(MIKE.id)).toEqual({ ...pending, passwordHash: expect.stringMatching(/^memory\$/) });
  expect(asked.filter((name) => ![...KNOWN, "get"].includes(String(name)))).toEqual([]);
});

everyFlawOf("n-eligibility");
