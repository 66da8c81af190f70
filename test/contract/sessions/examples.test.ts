import Database from "libsql";
import { type ResetUser, sessionStamp } from "relatch";
import { type SessionsFixture, sessionsContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import { fileDatabase } from "../../../examples/shared/database.ts";
import { findFailing } from "../../unit/testing/failing.ts";

// The sessions of the example applications. The recipes for other stores run the contract in examples/recipes.

function open(): SessionsFixture {
  const db = new Database(":memory:");
  const { sessions } = fileDatabase(db);
  const verified = new Map<string, ResetUser>();
  const remember = (id: string, passwordHash: string) => {
    const user = { id, email: "", passwordHash };
    verified.set(sessionStamp(user), user);
  };
  return {
    async addUser(passwordHash) {
      const id = crypto.randomUUID();
      const insert = "INSERT INTO users (id, email, canonical_email, name, password_hash) VALUES (?, ?, ?, 'Mike', ?)";
      db.prepare(insert).run(id, id, id, passwordHash);
      remember(id, passwordHash);
      return id;
    },
    async setPasswordHash(id, passwordHash) {
      db.prepare("UPDATE users SET password_hash = ? WHERE id = ?").run(passwordHash, id);
      remember(id, passwordHash);
    },
    revokeSessions: (userId, { except }) => sessions.deleteAllBut(except, userId),
    async open(_, stamp) {
      const user = verified.get(stamp ?? "");
      return user && sessions.create(user);
    },
    isAlive: async (session) => (await sessions.userOf(session)) !== undefined,
  };
}

describe("the sessions of the example applications pass sessionsContract", () => {
  for (const { name, run } of sessionsContract(open)) test(name, run);
});

test("control: sessionsContract finds that new sessions would end with a function that ignores except", async () => {
  const create = () => {
    const good = open();
    return { ...good, revokeSessions: (userId: string) => good.revokeSessions(userId, { except: "" }) };
  };
  expect(await findFailing(sessionsContract(create))).toEqual([
    "sessions of the new password stay, however often revokeSessions is called",
    "a late revokeSessions ends old sessions that were opened meanwhile, and keeps the new ones",
    "concurrent revokeSessions calls end the old sessions and keep the new ones",
  ]);
});
