import { createPasswordReset, type MailMessage, type ResetUser } from "relatch";
import { describe, expect, test } from "vitest";
import type { UserStore } from "../../../src/ports/contract.ts";
import { memoryHasher, memoryMailer, memoryPorts, memoryUsers } from "../../../src/testing/memory.ts";
import { ABOUT, BARE, MESSAGE } from "../mailers/message.ts";

const MIKE: ResetUser = { id: "42", email: "Mike@Example.org", passwordHash: "old", name: "Mike" };
const ANN: ResetUser = { id: "43", email: "ann@example.org", passwordHash: null };
const CHANGE = { userId: "42", email: MIKE.email, expected: "old", next: "new" };

// userStoreContract tests everything that every store must do.
describe("memoryUsers", () => {
  test("memoryUsers finds a user by canonical address and by id only", async () => {
    const users = memoryUsers([MIKE, { ...ANN, tenant: null }]);
    expect(await users.findByEmail("mike@example.org", undefined)).toEqual(MIKE);
    expect((await users.findByEmail("ann@example.org", undefined))?.id).toBe("43");
    expect(await users.findByEmail("mıke@example.org", undefined)).toBeUndefined();
    expect(await users.findById("__proto__")).toBeUndefined();
  });

  test("memoryUsers starts empty, takes any iterable, and can be changed from outside", async () => {
    expect(await memoryUsers().findById("42")).toBeUndefined();
    const users = memoryUsers(new Set([MIKE]));
    users.set(ANN);
    users.set({ ...MIKE, name: "Mikhail" });
    expect([users.get("42")?.name, users.get("43")?.email]).toEqual(["Mikhail", ANN.email]);
    users.delete("42");
    users.delete("42");
    expect(users.get("42")).toBeUndefined();
  });

  test("memoryUsers returns copies and keeps copies", async () => {
    const mine = { ...MIKE };
    const users = memoryUsers([mine]);
    mine.passwordHash = "changed by the caller";
    const found = [await users.findById("42"), await users.findByEmail("mike@example.org", undefined)];
    for (const user of [users.get("42"), ...found]) user!.passwordHash = "changed by the finder";
    expect(users.get("42")).toEqual(MIKE);
  });

  // userStoreContract always stores a boolean.
  test.each([
    [true, true],
    [undefined, true],
    [null, false],
  ])("memoryUsers, with resetAllowed %s, returns %s for a commit", async (resetAllowed, isCommitted) => {
    expect(await memoryUsers([{ ...MIKE, resetAllowed }]).replacePasswordHash(CHANGE)).toBe(isCommitted);
  });

  test("memoryUsers and memoryPorts offer first passwords only if asked", () => {
    const offers = [{}, { firstPasswords: true }].flatMap((options) => [
      typeof memoryUsers([ANN], options).setFirstPasswordHash,
      typeof memoryPorts([ANN], options).users.setFirstPasswordHash,
    ]);
    expect(offers).toEqual(["undefined", "undefined", "function", "function"]);
  });

  test("memoryUsers has methods that work without the object", async () => {
    const { findById, findByEmail, replacePasswordHash }: UserStore = memoryUsers([MIKE]);
    expect((await findById("42"))?.id).toBe((await findByEmail("mike@example.org", undefined))?.id);
    expect(await replacePasswordHash(CHANGE)).toBe(true);
  });
});

describe("memoryMailer", () => {
  const mailer = memoryMailer();
  /** Sends an email with this link to a new address, which is returned. */
  async function send(url: string, more: Partial<MailMessage> = {}): Promise<string> {
    const to = `${mailer.sent.length}@x.com`;
    const variables = { ...MESSAGE.variables, url };
    await mailer.send({ ...MESSAGE, to, text: `Open\n\n${url}\n\nor not`, variables, ...more }, ABOUT);
    return more.to ?? to;
  }

  test("memoryMailer keeps frozen emails, oldest first", async () => {
    const { sent, send } = memoryMailer();
    const message = { ...MESSAGE, to: "a@x.com", text: "one" };
    await send(message, { ...ABOUT, tenant: "blue" });
    await send({ ...message, to: "b@x.com" }, ABOUT);
    const kept = [
      { ...message, ...ABOUT, tenant: "blue" },
      { ...message, ...ABOUT, to: "b@x.com" },
    ];
    message.text = "changed";
    expect(sent).toEqual(kept);
    expect(sent.every(Object.isFrozen)).toBe(true);
  });

  test("lastLink returns the link of the newest email with one to an address, also of an invitation", async () => {
    const to = await send("https://app.example/reset/one?x=1#y");
    const other = await send("http://localhost:8000/other");
    const url = "https://app.example/reset/two";
    const variables = { ...MESSAGE.variables, kind: "invitation", url } as const;
    await send(url, { to, variables, text: `Help: https://app.example/help\nOpen (${url})` });
    const notice = { kind: "password_changed", appName: "Acme", changedAt: new Date(0) } as const;
    await send("https://app.example/help", { to, variables: notice });
    expect([mailer.lastLink(other), mailer.lastLink(to)]).toEqual(["http://localhost:8000/other", url]);
    for (const without of [to.toUpperCase(), "c@x.com"]) expect(mailer.lastLink(without)).toBeUndefined();
  });

  test("lastLink returns nothing if the application's own email forgets the link, or was written by hand", async () => {
    expect(mailer.lastLink(await send("https://app.example/reset/one", { text: "Open the link" }))).toBeUndefined();
    await mailer.send({ ...BARE, to: "hand@x.com" }, ABOUT);
    expect(mailer.lastLink("hand@x.com")).toBeUndefined();
  });

  const token = "aB3_-".repeat(9).slice(0, 43);
  const host = `${"a".repeat(50)}.example`;
  test.each([
    [`https://app.example/password_reset/${token}`, token],
    [`https://app.example/password_reset/${token}/confirm?next=/`, token],
    [`https://app.example/?token=${token}&lang=de`, token],
    [`https://app.example/reset#token=${token}`, token],
    [`http://localhost:8000/${token}`, token],
    [`https://${host}/r/${token}`, token],
    [`https://${host}/short`, undefined],
  ])("lastToken returns the token in %s: %s", async (link, expected) => {
    expect(mailer.lastToken(await send(link))).toBe(expected);
    expect(mailer.lastToken("b@x.com")).toBeUndefined();
  });
});

describe("memoryHasher", () => {
  const hasher = memoryHasher();

  test("memoryHasher uses a new salt for each hash and verifies only its password", async () => {
    const [one, other] = await Promise.all([hasher.hash("a\0b"), hasher.hash("a\0b")]);
    expect(one).not.toBe(other);
    expect(one).not.toContain("a\0b");
    for (const hash of [one, other]) expect(await hasher.verify(hash, "a\0b")).toBe(true);
    for (const wrong of ["", "a", "a\0c", "ab", "a\0b\0", "A\0b"]) expect(await hasher.verify(one, wrong)).toBe(false);
  });

  test.each(["", "$", "memory$", "memory$$", "correct horse", "$2b$10$abcdefghijklmnopqrstuv"])(
    "memoryHasher verifies no password against %j, a string from elsewhere",
    async (hash) => {
      expect(await hasher.verify(hash, "correct horse")).toBe(false);
    },
  );
});

describe("memoryPorts", () => {
  test("memoryPorts switches no protection off, so a second request within a minute sends nothing", async () => {
    const { mailer, ...ports } = memoryPorts([MIKE]);
    expect(Object.keys(ports)).toEqual(["users", "tokens", "hasher"]);
    const passwordReset = createPasswordReset({
      ...{ ...ports, mailer },
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
    });
    for (let request = 0; request < 3; request++) {
      await passwordReset.requestReset({ email: "mike@example.org", ip: "192.0.2.1" });
    }
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
  });

  test("memoryPorts starts without users and shares nothing with the next call", async () => {
    const [one, other] = [memoryPorts(), memoryPorts()];
    one.users.set(MIKE);
    await one.mailer.send(MESSAGE, ABOUT);
    expect([other.users.get("42"), other.mailer.sent]).toEqual([undefined, []]);
  });
});
