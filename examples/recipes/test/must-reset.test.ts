import { randomUUID } from "node:crypto";
import { createPasswordReset, type UserStore } from "relatch";
import { memoryMailer, memoryTokens } from "relatch/memory";
import { userStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import {
  demandReset,
  endAccess,
  flaggedHash,
  mustResetUsers,
  notTheOldPassword,
  openSession,
  type SignInHasher,
  signInWith,
} from "../accounts/must-reset.ts";
import { libsqlUsers } from "../users/libsql.ts";
import { accountsDatabase, NEW_PASSWORD, OLD_PASSWORD } from "./accounts.ts";
import { columnsOf } from "./rows.ts";

const MIKE = "mike@example.org";

/** An application with the account "mike". */
async function openApp(change: Partial<SignInHasher> = {}) {
  const { db, addUser, countAccess, hasher: plainHasher } = accountsDatabase();
  await addUser("mike");
  const [users, mailer, hasher] = [mustResetUsers(db), memoryMailer(), { ...plainHasher, ...change }];
  const passwordReset = createPasswordReset({
    users,
    tokens: memoryTokens(),
    mailer,
    hasher,
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: async (userId) => endAccess(db, userId),
    passwordRules: [notTheOldPassword(flaggedHash(db), hasher)],
  });
  const signIn = signInWith({ db, users, hasher, passwordReset });
  return { db, users, mailer, hasher, passwordReset, signIn, countAccess, addUser };
}

const isFlagged = ({ db }: Pick<Awaited<ReturnType<typeof openApp>>, "db">, id = "mike") =>
  (db.prepare("SELECT must_reset AS flag FROM users WHERE id = ?").get(id) as { flag: number }).flag === 1;

describe("the store whose commit clears the flag", () => {
  const { db } = accountsDatabase();
  const bindable = (value: unknown) => (typeof value === "boolean" ? Number(value) : value);
  const cases = userStoreContract(() => ({
    store: mustResetUsers(db),
    async add(account) {
      const id = randomUUID();
      const { names, values } = columnsOf(account);
      db.prepare(`INSERT INTO users (id, ${names}) VALUES (?, ${names.map(() => "?")})`).run(
        id,
        ...values.map(bindable),
      );
      return id;
    },
    async change(id, change) {
      const { names, values } = columnsOf(change);
      const settings = names.map((name) => `${name} = ?`);
      db.prepare(`UPDATE users SET ${settings} WHERE id = ?`).run(...values.map(bindable), id);
    },
    async remove(id) {
      db.prepare("DELETE FROM users WHERE id = ?").run(id);
    },
  }));
  for (const { name, run } of cases) test(name, run);
});

test("an account without the flag signs in, and no email is sent", async () => {
  const { signIn, mailer, passwordReset } = await openApp();
  expect(await signIn("Mike@Example.org", OLD_PASSWORD)).toEqual({ ok: true, session: expect.any(String) });
  expect(await signIn(MIKE, "wrong")).toEqual({ ok: false, reason: "refused" });
  await passwordReset.drain();
  expect(mailer.sent).toEqual([]);
});

test("a demanded reset ends the sessions and API keys of this account alone", async () => {
  const app = await openApp();
  await app.addUser("ann");
  demandReset(app.db, "mike");
  expect([isFlagged(app), isFlagged(app, "ann")]).toEqual([true, false]);
  expect([app.countAccess("mike"), app.countAccess("ann")]).toEqual([0, 2]);
});

test("the right password opens no session if the account must reset, and the owner gets a link instead", async () => {
  const { db, signIn, mailer, passwordReset, countAccess } = await openApp();
  demandReset(db, "mike");
  expect(await signIn(MIKE, OLD_PASSWORD)).toEqual({ ok: false, reason: "must_reset", isLinkSent: true });
  expect(countAccess("mike")).toBe(0);
  await passwordReset.drain();
  expect(mailer.sent).toMatchObject([{ to: MIKE, kind: "reset_link" }]);
});

test("the link sets the new password, clears the flag, and the old password is refused from then on", async () => {
  const app = await openApp();
  demandReset(app.db, "mike");
  await app.signIn(MIKE, OLD_PASSWORD);
  await app.passwordReset.drain();
  const token = app.mailer.lastToken(MIKE);
  expect(await app.passwordReset.completeReset({ token, newPassword: NEW_PASSWORD })).toMatchObject({ ok: true });
  expect(isFlagged(app)).toBe(false);
  expect(await app.signIn(MIKE, OLD_PASSWORD)).toEqual({ ok: false, reason: "refused" });
  expect(await app.signIn(MIKE, NEW_PASSWORD)).toMatchObject({ ok: true });
});

test("a first password clears the flag as well", async () => {
  const app = await openApp();
  await app.addUser("bare", { hasPassword: false });
  demandReset(app.db, "bare");
  await app.passwordReset.sendLink({ userId: "bare" });
  await app.passwordReset.drain();
  const token = app.mailer.lastToken("bare@example.org");
  expect(await app.passwordReset.completeReset({ token, newPassword: NEW_PASSWORD })).toMatchObject({ ok: true });
  expect(await app.signIn("bare@example.org", NEW_PASSWORD)).toMatchObject({ ok: true });
});

test("a wrong password gets the same response and no email, whether or not the account must reset", async () => {
  const app = await openApp();
  await app.addUser("ann");
  demandReset(app.db, "mike");
  const results = [];
  for (const email of [MIKE, "ann@example.org", "nobody@example.org", "no address", undefined]) {
    results.push(await app.signIn(email, "wrong password"));
  }
  for (const password of ["", undefined, ["x"], "x".repeat(4097)]) results.push(await app.signIn(MIKE, password));
  expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
    new Set(['{"ok":false,"reason":"refused"}']),
  );
  await app.passwordReset.drain();
  expect(app.mailer.sent).toEqual([]);
});

test("a wrong password costs one verification, whether the account must reset, does not, or does not exist", async () => {
  const verified: string[] = [];
  const app = await openApp({
    verify: async (hash) => {
      verified.push(hash);
      return false;
    },
  });
  await app.addUser("ann");
  demandReset(app.db, "mike");
  for (const email of [MIKE, "ann@example.org", "nobody@example.org"]) await app.signIn(email, "wrong");
  expect(verified).toHaveLength(3);
});

test("a flag that is set while the password is verified counts", async () => {
  let flag = () => {};
  const { verify } = accountsDatabase().hasher;
  const { db, signIn, countAccess } = await openApp({
    async verify(hash, password) {
      const matches = await verify(hash, password);
      flag();
      return matches;
    },
  });
  flag = () => demandReset(db, "mike");
  expect(await signIn(MIKE, OLD_PASSWORD)).toMatchObject({ reason: "must_reset" });
  expect(countAccess("mike")).toBe(0);
});

test.each<[string, (app: Awaited<ReturnType<typeof openApp>>) => unknown]>([
  ["suspended", ({ db }) => db.exec("UPDATE users SET active = 0")],
  ["given another password", ({ db }) => db.exec("UPDATE users SET password_hash = 'another'")],
  ["deleted", ({ db }) => db.exec("DELETE FROM users")],
])("a row that was verified opens no session after the account was %s", async (_, change) => {
  const app = await openApp();
  const user = await app.users.findById("mike");
  if (!user) throw new Error("No user.");
  change(app);
  expect(openSession(app.db, user)).toBeUndefined();
});

test("a suspended account that must reset gets the response to a wrong password", async () => {
  const { db, signIn, mailer, passwordReset } = await openApp();
  demandReset(db, "mike");
  db.exec("UPDATE users SET active = 0");
  expect(await signIn(MIKE, OLD_PASSWORD)).toEqual({ ok: false, reason: "refused" });
  await passwordReset.drain();
  expect(mailer.sent).toEqual([]);
});

test("the page learns that no link can be sent to the address on file", async () => {
  const { db, signIn } = await openApp();
  demandReset(db, "mike");
  db.prepare("UPDATE users SET email = ?").run(`${MIKE}\n`);
  expect(await signIn(MIKE, OLD_PASSWORD)).toEqual({ ok: false, reason: "must_reset", isLinkSent: false });
});

test("an intruder who knows the password causes at most three emails an hour", async () => {
  const { db, signIn, mailer, passwordReset } = await openApp();
  demandReset(db, "mike");
  for (let n = 0; n < 10; n++) {
    expect(await signIn(MIKE, OLD_PASSWORD)).toEqual({ ok: false, reason: "must_reset", isLinkSent: true });
  }
  await passwordReset.drain();
  expect(mailer.sent).toHaveLength(3);
});

test("a demanded reset refuses the old password as the new one, and an ordinary reset does not", async () => {
  const app = await openApp();
  async function complete(newPassword: string) {
    await app.passwordReset.sendLink({ userId: "mike" });
    await app.passwordReset.drain();
    return app.passwordReset.completeReset({ token: app.mailer.lastToken(MIKE), newPassword });
  }
  demandReset(app.db, "mike");
  expect(await complete(OLD_PASSWORD)).toMatchObject({ violations: [{ code: "old_password" }] });
  expect(isFlagged(app)).toBe(true);
  expect(await complete(NEW_PASSWORD)).toMatchObject({ ok: true });
  expect(await complete(NEW_PASSWORD)).toMatchObject({ ok: true });
});

test.each<[string, (app: Awaited<ReturnType<typeof openApp>>) => UserStore, boolean]>([
  ["the commit of libsqlUsers", ({ db }) => libsqlUsers(db), true],
  ["control: the commit of a reset", ({ users }) => users, false],
])("a sign-in that rehashes with %s leaves the flag as it is: %s", async (_, storeOf, expected) => {
  const app = await openApp();
  const { email, passwordHash } = (await app.users.findById("mike")) ?? { email: "", passwordHash: "" };
  demandReset(app.db, "mike");
  const next = await app.hasher.hash(OLD_PASSWORD);
  await storeOf(app).replacePasswordHash({ userId: "mike", email, expected: passwordHash ?? "", next });
  expect(isFlagged(app)).toBe(expected);
});
