import { createPasswordReset, type MailMessage, type ResetUser } from "relatch";
import { describe, expect, test } from "vitest";
import { memoryHasher, memoryMailer, memoryPorts, memoryTokens, memoryUsers } from "../src/memory.ts";
import type { UserStore } from "../src/types.ts";
import { record } from "./stores/token-store-suite.ts";

const MIKE: ResetUser = { id: "42", email: "Mike@Example.org", passwordHash: "old", name: "Mike" };
const ANN: ResetUser = { id: "43", email: "ann@example.org", passwordHash: null };

describe("memoryUsers", () => {
  test("finds by canonical address, by id, and nothing else", async () => {
    const users = memoryUsers([MIKE, ANN]);
    expect(await users.findByEmail("mike@example.org", undefined)).toEqual(MIKE);
    expect(await users.findById("43")).toEqual(ANN);
    expect(await users.findByEmail("nobody@example.org", undefined)).toBeUndefined();
    expect(await users.findByEmail("mıke@example.org", undefined)).toBeUndefined();
    expect(await users.findById("44")).toBeUndefined();
    expect(await users.findById("__proto__")).toBeUndefined();
  });

  test("keeps tenants apart", async () => {
    const blue = { ...MIKE, id: "b", tenant: "blue" };
    const users = memoryUsers([blue, MIKE, { ...MIKE, id: "n", email: "n@x.com", tenant: null }]);
    expect((await users.findByEmail("mike@example.org", undefined))?.id).toBe("42");
    expect((await users.findByEmail("mike@example.org", "blue"))?.id).toBe("b");
    expect(await users.findByEmail("mike@example.org", "red")).toBeUndefined();
    expect((await users.findByEmail("n@x.com", undefined))?.id).toBe("n");
  });

  test("starts empty, takes any iterable, and can be changed from outside", async () => {
    expect(await memoryUsers().findById("42")).toBeUndefined();
    const users = memoryUsers(new Set([MIKE]));
    users.set(ANN);
    users.set({ ...MIKE, name: "Mikhail" });
    expect([users.get("42")?.name, users.get("43")?.email]).toEqual(["Mikhail", ANN.email]);
    users.delete("42");
    users.delete("42");
    expect(users.get("42")).toBeUndefined();
  });

  test("hands out copies and keeps copies", async () => {
    const mine = { ...MIKE };
    const users = memoryUsers([mine]);
    mine.passwordHash = "changed by the caller";
    for (const found of [
      users.get("42"),
      await users.findById("42"),
      await users.findByEmail("mike@example.org", undefined),
    ]) {
      found!.passwordHash = "changed by the finder";
    }
    expect(users.get("42")).toEqual(MIKE);
  });

  describe("replaces a password hash only as a compare-and-set", () => {
    const change = { userId: "42", email: MIKE.email, expected: "old", next: "new" };

    test("when all is as it was", async () => {
      const users = memoryUsers([MIKE]);
      expect(await users.replacePasswordHash(change)).toBe(true);
      expect(users.get("42")).toEqual({ ...MIKE, passwordHash: "new" });
      expect(await users.replacePasswordHash(change)).toBe(false);
    });

    test.each([
      ["there is no such user", { userId: "44" }, {}],
      ["the hash has changed", {}, { passwordHash: "other" }],
      ["there is no hash any more", {}, { passwordHash: null }],
      ["the address has changed", {}, { email: "m@example.org" }],
      ["the address has changed in case alone", {}, { email: "mike@example.org" }],
      ["the account was suspended in between", {}, { resetAllowed: false }],
    ])("not when %s", async (_, asked, row) => {
      const users = memoryUsers([{ ...MIKE, ...row }]);
      expect(await users.replacePasswordHash({ ...change, ...asked })).toBe(false);
      expect(users.get("42")).toEqual({ ...MIKE, ...row });
    });

    test.each([null, true, undefined])("resetAllowed: %s does not stand in the way", async (resetAllowed) => {
      expect(await memoryUsers([{ ...MIKE, resetAllowed }]).replacePasswordHash(change)).toBe(true);
    });

    test("by one of any number of callers at once (CVE-2026-32943)", async () => {
      const users = memoryUsers([MIKE]);
      const rivals = Array.from({ length: 64 }, (_, index) => `hash of ${index}`);
      const won = await Promise.all(rivals.map((next) => users.replacePasswordHash({ ...change, next })));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(users.get("42")?.passwordHash).toBe(rivals[won.indexOf(true)]);
    });
  });

  describe("sets a first password hash", () => {
    const change = { userId: "43", email: ANN.email, next: "first" };

    test("once", async () => {
      const users = memoryUsers([ANN]);
      const won = await Promise.all([users.setFirstPasswordHash(change), users.setFirstPasswordHash(change)]);
      expect(won).toEqual([true, false]);
      expect(users.get("43")?.passwordHash).toBe("first");
    });

    test.each([
      ["somebody who has one", { passwordHash: "old" }],
      ["another address", { email: "b@x.com" }],
      ["a suspended account", { resetAllowed: false }],
    ])("never for %s", async (_, row) => {
      const users = memoryUsers([{ ...ANN, ...row }]);
      expect(await users.setFirstPasswordHash(change)).toBe(false);
      expect(users.get("43")).toEqual({ ...ANN, ...row });
    });
  });

  test("is a user store when its methods are taken one by one", async () => {
    const { findById, findByEmail, replacePasswordHash }: UserStore = memoryUsers([MIKE]);
    expect((await findById("42"))?.id).toBe((await findByEmail("mike@example.org", undefined))?.id);
    const change = { userId: "42", email: MIKE.email, expected: "old", next: "new" };
    expect(await replacePasswordHash(change)).toBe(true);
  });
});

describe("memoryMailer", () => {
  const mail = (to: string, text: string): MailMessage => ({ to, subject: "Reset", text });
  const about = { userId: "42", locale: "en", kind: "reset_link", idempotencyKey: "key" } as const;

  test("keeps what was sent, oldest first, so that nobody can change it", async () => {
    const mailer = memoryMailer();
    const message = mail("a@x.com", "one");
    await mailer.send(message, { ...about, tenant: "blue" });
    await mailer.send(mail("b@x.com", "two"), about);
    message.text = "changed";
    expect(mailer.sent).toEqual([
      { to: "a@x.com", subject: "Reset", text: "one", ...about, tenant: "blue" },
      { to: "b@x.com", subject: "Reset", text: "two", ...about },
    ]);
    expect(mailer.sent.every(Object.isFrozen)).toBe(true);
  });

  test("finds the link of the newest reset mail to an address", async () => {
    const mailer = memoryMailer();
    await mailer.send(mail("a@x.com", "Open\n\nhttps://app.example/reset/one?x=1#y\n\nor not"), about);
    await mailer.send(mail("b@x.com", "http://localhost:8000/other"), about);
    await mailer.send(mail("a@x.com", "Open (https://app.example/reset/two)\n"), about);
    await mailer.send(mail("a@x.com", "See https://app.example/help"), {
      ...about,
      kind: "password_changed",
    });
    expect(mailer.lastLink("b@x.com")).toBe("http://localhost:8000/other");
    expect(mailer.lastLink("a@x.com")).toMatch(/^https:\/\/app\.example\/reset\/two/);
    expect(mailer.lastLink("A@x.com")).toBeUndefined();
    expect(mailer.lastLink("c@x.com")).toBeUndefined();
  });

  test("a mail without a link has none", async () => {
    const mailer = memoryMailer();
    await mailer.send(mail("a@x.com", "nothing to open"), about);
    expect(mailer.lastLink("a@x.com")).toBeUndefined();
  });
});

describe("memoryHasher", () => {
  const hasher = memoryHasher();

  test("salts every hash afresh, and verifies its own", async () => {
    const [one, other] = await Promise.all([hasher.hash("correct horse"), hasher.hash("correct horse")]);
    expect(one).not.toBe(other);
    expect(one).not.toContain("correct horse");
    for (const hash of [one, other]) {
      expect(await hasher.verify(hash, "correct horse")).toBe(true);
      expect(await hasher.verify(hash, "Correct horse")).toBe(false);
      expect(await hasher.verify(hash, "")).toBe(false);
    }
  });

  test.each(["", "$", "memory$", "memory$$", "correct horse", "$2b$10$abcdefghijklmnopqrstuv"])(
    "verifies nothing against %j, which is no hash of it",
    async (hash) => {
      expect(await hasher.verify(hash, "correct horse")).toBe(false);
    },
  );

  test("hashes no two passwords alike", async () => {
    const hash = await hasher.hash("a\0b");
    for (const other of ["a", "a\0c", "ab", "a\0b\0", "A\0b"])
      expect(await hasher.verify(hash, other)).toBe(false);
  });
});

test("memoryTokens is the same as elsewhere", async () => {
  const tokens = memoryTokens();
  const saved = record();
  await tokens.save(saved);
  expect(await tokens.find(saved.tokenHash)).toEqual(saved);
});

describe("memoryPorts", () => {
  test("is all that a reset needs", async () => {
    const { users, tokens, mailer, hasher } = memoryPorts([MIKE]);
    const passwordReset = createPasswordReset({
      ...{ users, tokens, mailer, hasher },
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
    });
    await passwordReset.requestReset({ email: "mike@example.org", ip: null });
    await passwordReset.drain();
    const token = mailer.lastLink(MIKE.email)?.split("/").at(-1);
    const newPassword = "correct horse battery";
    expect(await passwordReset.completeReset({ token, newPassword })).toMatchObject({
      ok: true,
      userId: "42",
    });
    await passwordReset.drain();
    expect(await hasher.verify(users.get("42")?.passwordHash ?? "", newPassword)).toBe(true);
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  test("without users starts with none, and shares nothing with the next", async () => {
    const [one, other] = [memoryPorts(), memoryPorts()];
    one.users.set(MIKE);
    await one.mailer.send(
      { to: "a@x.com", subject: "", text: "" },
      { userId: "1", locale: "en", kind: "reset_link", idempotencyKey: "key" },
    );
    expect([other.users.get("42"), other.mailer.sent]).toEqual([undefined, []]);
  });
});
