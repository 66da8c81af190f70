import { sessionStamp } from "../core/session-stamp.ts";
import { pause } from "../lib/time.ts";
import type { RevokeSessions } from "../ports/contract.ts";
import { assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/** The sessions of an application. A session is the string that its client gets: a session id, or a refresh token. */
export interface SessionsFixture {
  /** The function that the application passes to `createPasswordReset`. */
  revokeSessions: RevokeSessions;
  /**
   * Opens a session, as a sign-in does that has verified the password with this stamp. Without a stamp, or with `null`: a
   * session from before the application had stamps. Returns nothing if the store cannot contain one.
   */
  open(userId: string, stamp?: string | null): Promise<string | undefined>;
  /** Reports whether a request with this session is accepted. */
  isAlive(session: string): Promise<boolean>;
  /** Optional: adds a user with this password hash and returns the id. Default: the id is a random UUID. */
  addUser?: ((passwordHash: string) => Promise<string>) | undefined;
  /** Sets another hash, as the commit of a reset does. Optional if neither `isAlive` nor `refresh` reads the user. */
  setPasswordHash?: ((userId: string, passwordHash: string) => Promise<unknown>) | undefined;
  /** Optional: rotates a refresh token. Returns the new session, or nothing if the old one was refused. */
  refresh?: ((session: string) => Promise<string | undefined>) | undefined;
  /** Adds a credential of the option `credentials`, as an owner who is signed in with this stamp. `isAlive` judges it. */
  addCredential?: ((kind: string, userId: string, stamp: string) => Promise<string>) | undefined;
}

/** Options of {@link sessionsContract}. */
export interface SessionsContractOptions {
  /** Names of everything else that opens the account without the password: `"API key"`, `"passkey"`. Default: nothing. */
  credentials?: readonly string[] | undefined;
}

/**
 * Returns a case for everything that `revokeSessions` must do: after a reset nothing old opens the account, and the
 * owner's new session stays, however often and however late it is called. `create` may return the same fixture each
 * time: every case has its own users. The cases can run at the same time.
 *
 * @example
 * for (const { name, run } of sessionsContract(createFixture, { credentials: ["API key"] })) test(name, run);
 */
export function sessionsContract(
  create: () => SessionsFixture | Promise<SessionsFixture>,
  { credentials = [] }: SessionsContractOptions = {},
): ContractCase[] {
  const { cases, add: addCase } = createSuite(create);
  const add = (name: string, run: (account: Account) => Promise<void>) =>
    addCase(name, async (fixture) => run(await createAccount(fixture)));
  addRevocationCases(add);
  addRefreshCases(add);
  for (const kind of credentials) addCredentialCase(add, kind);
  return cases;
}

/** The usual causes of a failure, for its message. */
const HINTS = {
  new: "Keep every session whose stamp is `except`, whenever it was opened.",
  unstamped: "In SQL, NULL <> 'x' is not true. Use IS DISTINCT FROM, or IS NOT on SQLite.",
  refresh:
    "Rotate in one statement that carries the stamp of the old session over, and never take the current one. " +
    "Or compare the stamp with the account's on every request.",
} as const;

type Account = Awaited<ReturnType<typeof createAccount>>;

/** Adds a user, and returns what a reset of this user's password does and must find. */
async function createAccount(fixture: SessionsFixture) {
  const hashes = [0, 1, 2].map(() => `$argon2id$v=19$m=19456,t=2,p=1$${randomHex(16)}$aB`);
  const userId = (await fixture.addUser?.(hashes[0] ?? "")) ?? crypto.randomUUID();
  const stamps = hashes.map((passwordHash) => sessionStamp({ id: userId, passwordHash }));
  const [oldStamp = "", newStamp = "", thirdStamp = ""] = stamps;

  const commit = async (stamp = newStamp) => fixture.setPasswordHash?.(userId, hashes[stamps.indexOf(stamp)] ?? "");
  const revoke = async (except = newStamp) => fixture.revokeSessions(userId, { except });
  /** Does what `completeReset` does. The follow-up job calls `revoke` once more. */
  async function reset(stamp = newStamp): Promise<void> {
    await revoke(stamp);
    await commit(stamp);
    await revoke(stamp);
  }

  async function open(stamp: string): Promise<string> {
    const session = await fixture.open(userId, stamp);
    if (session === undefined) throw new Error("open: received nothing, expected a session");
    return session;
  }

  const assertAlive = async (what: string, session: string | undefined, expected: boolean, hint?: string) =>
    assertSame(`whether ${what} is alive`, session !== undefined && (await fixture.isAlive(session)), expected, hint);

  /** Rotates a session. An application may also reject to refuse. */
  async function refresh(session: string): Promise<string | undefined> {
    try {
      return await fixture.refresh?.(session);
    } catch {
      return undefined;
    }
  }

  return { fixture, userId, oldStamp, newStamp, thirdStamp, commit, revoke, reset, open, refresh, assertAlive };
}

type Add = (name: string, run: (account: Account) => Promise<void>) => void;

function addRevocationCases(add: Add): void {
  add("sessions of the old password end", async ({ oldStamp, open, reset, assertAlive }) => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => open(oldStamp)));
    for (const session of sessions) await assertAlive("an old session before the reset", session, true);
    await reset();
    for (const session of sessions) await assertAlive("an old session", session, false);
  });

  add("sessions from before there were stamps end", async ({ fixture, userId, reset, assertAlive }) => {
    const sessions = [await fixture.open(userId), await fixture.open(userId, null)];
    await reset();
    for (const session of sessions) await assertAlive("a session without a stamp", session, false, HINTS.unstamped);
  });

  add("sessions of the new password stay, however often revokeSessions is called", async (account) => {
    const { newStamp, open, reset, revoke, assertAlive } = account;
    await reset();
    const session = await open(newStamp);
    for (const call of ["third", "fourth"]) {
      await revoke();
      await assertAlive(`a new session after the ${call} call`, session, true, HINTS.new);
    }
  });

  add("sessions of other users stay", async ({ fixture, reset }) => {
    const other = await createAccount(fixture);
    const session = await other.open(other.oldStamp);
    await reset();
    await other.assertAlive("another user's session", session, true);
  });

  add("a late revokeSessions ends old sessions that were opened meanwhile, and keeps the new ones", async (account) => {
    const { oldStamp, newStamp, open, reset, revoke, assertAlive } = account;
    await reset();
    // A sign-in that had verified the old password before the commit.
    const old = await open(oldStamp);
    const session = await open(newStamp);
    await revoke();
    await assertAlive("an old session that was opened after the commit", old, false);
    await assertAlive("the new session", session, true, HINTS.new);
  });

  add("a second reset ends the sessions of the first", async (account) => {
    const { newStamp, thirdStamp, open, reset, assertAlive } = account;
    await reset();
    const session = await open(newStamp);
    await reset(thirdStamp);
    await assertAlive("a session of the first reset", session, false);
    await assertAlive("a session of the second reset", await open(thirdStamp), true);
  });

  add("concurrent revokeSessions calls end the old sessions and keep the new ones", async (account) => {
    const { oldStamp, newStamp, commit, open, revoke, assertAlive } = account;
    const old = [await open(oldStamp), await open(oldStamp), await open(oldStamp)];
    await commit();
    const session = await open(newStamp);
    await Promise.all(Array.from({ length: 8 }, () => revoke()));
    for (const each of old) await assertAlive("an old session", each, false);
    await assertAlive("the new session", session, true, HINTS.new);
  });
}

/** When a session may be refreshed during a reset. The last step is the follow-up job. */
const MOMENTS = ["before the first call", "before the commit", "after the commit", "before the follow-up job"];

function addRefreshCases(add: Add): void {
  const addRefresh: Add = (name, run) =>
    add(name, async (account) => {
      if (account.fixture.refresh) await run(account);
    });

  addRefresh("a refreshed session stays until a reset, and ends then", async (account) => {
    const { oldStamp, open, refresh, reset, assertAlive } = account;
    const session = await open(oldStamp);
    const refreshed = await refresh(session);
    await assertAlive("a refreshed session", refreshed, true);
    await reset();
    for (const each of [session, refreshed]) await assertAlive("an old session", each, false, HINTS.refresh);
  });

  addRefresh("a session of the new password can be refreshed, and stays", async (account) => {
    const { newStamp, open, refresh, reset, revoke, assertAlive } = account;
    await reset();
    const refreshed = await refresh(await open(newStamp));
    await assertAlive("a refreshed session", refreshed, true);
    await revoke();
    await assertAlive("a refreshed session after a late call", refreshed, true, HINTS.refresh);
  });

  addRefresh("an old session that is refreshed at any step of a reset does not survive", async ({ fixture }) => {
    for (const [at, moment] of MOMENTS.entries()) {
      const { oldStamp, open, refresh, revoke, commit, assertAlive } = await createAccount(fixture);
      const early = await open(oldStamp);
      const sessions: (string | undefined)[] = [early];
      for (const [step, run] of [revoke, commit, revoke, revoke].entries()) {
        if (step === at) {
          // A sign-in that had verified the old password before the commit.
          const late = await open(oldStamp);
          sessions.push(late, await refresh(early), await refresh(late));
        }
        await run();
      }
      for (const each of sessions)
        await assertAlive(`an old session, refreshed ${moment},`, each, false, HINTS.refresh);
    }
  });

  addRefresh("an old session that is refreshed while sessions end does not survive", async ({ fixture }) => {
    for (let round = 0; round < 12; round++) {
      const { oldStamp, open, refresh, revoke, commit, reset, assertAlive } = await createAccount(fixture);
      const old = await Promise.all(Array.from({ length: 6 }, () => open(oldStamp)));
      const refreshed = old.map(async (session, nth) => {
        if (nth % 3 > 0) await pause(nth % 3);
        return refresh(session);
      });
      // In half of the rounds the rotations have a head start.
      if (round % 4 > 1) await pause(1);
      await (round % 2 ? reset() : revoke());
      const sessions = [...old, ...(await Promise.all(refreshed))];
      await commit();
      for (const each of sessions) await assertAlive("an old session", each, false, HINTS.refresh);
    }
  });
}

function addCredentialCase(add: Add, kind: string): void {
  add(`no old ${kind} opens the account, and a new one does`, async (account) => {
    const { fixture, userId, oldStamp, newStamp, reset, revoke, assertAlive } = account;
    const { addCredential } = fixture;
    if (!addCredential) throw new Error(`addCredential: received nothing, expected a function that adds a ${kind}`);
    const old = await addCredential(kind, userId, oldStamp);
    await assertAlive(`the ${kind} before the reset`, old, true);
    await reset();
    await assertAlive(`the old ${kind}`, old, false);
    const added = await addCredential(kind, userId, newStamp);
    await revoke();
    await assertAlive(`the ${kind} that was added since`, added, true, HINTS.new);
  });
}
