import { type SessionsFixture, sessionsContract } from "relatch/testing";
import { expect, test } from "vitest";
import { findError, findFailing, testFlaws } from "./failing.ts";
import { fixture, flaws, named } from "./sessions-flaws.ts";

const contract = (create: () => SessionsFixture) => sessionsContract(create, { credentials: ["API key"] });

testFlaws("sessionsContract", named, (flaw) => contract(() => fixture(flaw)), flaws);

const shared = fixture();

/** Sessions that name their stamp, which every request compares with the account. Nothing has to be deleted. */
const claims = (): SessionsFixture =>
  fixture(({ rows, current }) => ({
    revokeSessions: async () => {},
    async isAlive(session) {
      const row = rows.get(session);
      return row !== undefined && row.stamp === current(row.userId);
    },
  }));

/** A store of sessions that stand alone, where each has a stamp. */
function stampedOnly(): SessionsFixture {
  const { revokeSessions, isAlive, open } = fixture();
  return { revokeSessions, isAlive, open: async (userId, stamp) => (stamp ? open(userId, stamp) : undefined) };
}

/** A rotation that rejects to refuse. */
const rejecting = () =>
  fixture((_, { refresh }) => ({
    async refresh(session) {
      const refreshed = await refresh(session);
      if (refreshed === undefined) throw new Error("invalid_grant");
      return refreshed;
    },
  }));

test.each<[string, () => SessionsFixture]>([
  ["sessions in one store", () => shared],
  ["sessions in many stores", () => fixture()],
  ["sessions that are compared on every request", claims],
  ["a rotation that rejects to refuse", rejecting],
])("sessionsContract accepts %s", async (_, create) => {
  expect(await findFailing(contract(create))).toEqual([]);
});

test("sessionsContract accepts a store without users, refresh tokens and sessions without a stamp", async () => {
  expect(await findFailing(sessionsContract(stampedOnly))).toEqual([]);
});

test("sessionsContract has a case for each kind of credential, and none without that option", () => {
  const { key, ...others } = named;
  const names = (credentials?: string[]) => sessionsContract(fixture, { credentials }).map(({ name }) => name);
  expect(names()).toEqual(Object.values(others));
  expect(names(["API key", "passkey"])).toEqual([...names(), key, key.replace("API key", "passkey")]);
});

test("sessionsContract fails for a kind of credential that the fixture cannot add", async () => {
  expect(await findFailing(contract(stampedOnly))).toEqual([named.key]);
  expect(await findError(contract(stampedOnly), named.key)).toMatch(/addCredential: received nothing/);
});

test("sessionsContract calls the function as a reset and its follow-up job do", async () => {
  const calls: string[] = [];
  const create = () =>
    fixture((_, good) => ({
      async revokeSessions(...given) {
        calls.push("revoke");
        await good.revokeSessions(...given);
      },
      async setPasswordHash(...given) {
        calls.push("commit");
        await good.setPasswordHash(...given);
      },
    }));
  const late = contract(create).find(({ name }) => name === named.late);
  await late?.run();
  expect(calls).toEqual(["revoke", "commit", "revoke", "revoke"]);
});

const KEEP = "Keep every session whose stamp is `except`, whenever it was opened.";
const NULLS = "In SQL, NULL <> 'x' is not true. Use IS DISTINCT FROM, or IS NOT on SQLite.";
const ROTATE =
  "Rotate in one statement that carries the stamp of the old session over, and never take the current one. " +
  "Or compare the stamp with the account's on every request.";

test.each([
  [named.unstamped, "sessions without a stamp stay, as by <> in SQL", "a session without a stamp", true, NULLS],
  [named.late, "`except` is ignored", "the new session", false, KEEP],
  [
    named.refreshedStep,
    "a rotation with the current stamp",
    "an old session, refreshed after the commit,",
    true,
    ROTATE,
  ],
  [named.refreshedRace, "a rotation that looks, then inserts", "an old session", true, ROTATE],
])("%s: the error names the usual cause", async (name, title, which, received, hint) => {
  const flaw = flaws.find(([each]) => each === title)?.[2];
  const message = `Error: whether ${which} is alive: received ${received}, expected ${!received}. ${hint}`;
  expect(
    await findError(
      contract(() => fixture(flaw)),
      name,
    ),
  ).toBe(message);
});
