import type { UserStore } from "../types.ts";
import { type AddCase, expectSame } from "./cases.ts";
import { type ActiveAccount, absentLike, fresh, nothing } from "./user-accounts.ts";
import type { UserStoreFixture } from "./user-store.ts";

type Change = { userId: string; email: string; expected: string; next?: string };
const NEXT = "$argon2id$v=19$m=19456,t=2,p=1$bmV4dA$bmV4dA";

export function addCommitCases(add: AddCase<UserStoreFixture>): void {
  add("sets the hash when address and hash are as expected", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ ...fresh(), email, passwordHash });
    expectSame("the answer", await replace(store, { userId, email, expected: passwordHash }), true);
    const user = await store.findById(userId);
    expectSame("the hash", user?.passwordHash, NEXT);
    expectSame("the e-mail", user?.email, email);
    expectSame("whether it may reset", user?.resetAllowed !== false, true);
  });

  add("sets it once: the same commit again does nothing", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ ...fresh(), email, passwordHash });
    const change = { userId, email, expected: passwordHash };
    await replace(store, change);
    expectSame("the answer, again", await replace(store, { ...change, next: `${NEXT}x` }), false);
    expectSame("the hash", await hashOf(store, userId), NEXT);
  });

  add("keeps a hash of 255 characters whole", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ ...fresh(), email, passwordHash });
    const next = `$scrypt$ln=17,r=8,p=1$${"Ab0+/".repeat(47)}`.slice(0, 255);
    await replace(store, { userId, email, expected: passwordHash, next });
    expectSame("the hash", await hashOf(store, userId), next);
    expectSame("the next commit", await replace(store, { userId, email, expected: next }), true);
  });

  const refusesCommit = (
    name: string,
    vary: (good: Change) => Partial<Change>[],
    stored: (account: ActiveAccount) => ActiveAccount = (account) => account,
  ) =>
    add(name, async ({ store, add }) => {
      const account = stored(fresh());
      const userId = await add(account);
      const good = { userId, email: account.email, expected: account.passwordHash };
      for (const variation of vary(good)) {
        const what = `the answer to ${JSON.stringify(variation)}`;
        expectSame(what, await replace(store, { ...good, ...variation }), false);
        expectSame("the hash", await hashOf(store, userId), account.passwordHash);
      }
    });

  refusesCommit("sets nothing when the hash is another", ({ expected }) => [
    { expected: fresh().passwordHash },
    { expected: `${expected}x` },
    { expected: expected.slice(0, -1) },
    { expected: "" },
    { expected: "%" },
  ]);

  refusesCommit("compares the hash byte for byte", ({ expected }) => [
    { expected: expected.toUpperCase() },
    { expected: expected.toLowerCase() },
    { expected: `${expected} ` },
  ]);

  refusesCommit("sets nothing when the address is another", ({ email }) => [
    { email: fresh().email },
    { email: `x${email}` },
    { email: "" },
    { email: "%" },
  ]);

  refusesCommit(
    "compares the address byte for byte with the one on file",
    ({ email }) => [{ email: email.toUpperCase() }, { email: email.toLowerCase() }, { email: `${email} ` }],
    (account) => ({ ...account, email: account.email.replace("user", "User") }),
  );

  refusesCommit("sets nothing for an id that no account has", ({ userId }) => [
    { userId: absentLike(userId) },
  ]);

  add("does not take a missing value for a missing condition", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    for (const missing of ["email", "expected", "userId"]) {
      const change = { userId, email, expected: passwordHash, next: NEXT, [missing]: undefined };
      expectSame(`whether it set a hash without ${missing}`, await succeeds(store, change), false);
      expectSame("the hash", await hashOf(store, userId), passwordHash);
    }
  });

  add("sets nothing when the address was changed meanwhile", async ({ store, add, change }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    await change(userId, { email: fresh().email });
    expectSame("the answer", await replace(store, { userId, email, expected: passwordHash }), false);
    expectSame("the hash", await hashOf(store, userId), passwordHash);
  });

  add("sets nothing for an account that was suspended meanwhile", async ({ store, add, change }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    await change(userId, { active: false });
    expectSame("the answer", await replace(store, { userId, email, expected: passwordHash }), false);
    await change(userId, { active: true });
    expectSame("the hash", await hashOf(store, userId), passwordHash);
  });

  add("sets nothing for an account that was deleted meanwhile", async ({ store, add, remove }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    await remove(userId);
    expectSame("the answer", await replace(store, { userId, email, expected: passwordHash }), false);
    expectSame("nothing with this id", await nothing(store.findById(userId)), true);
  });

  add("sets nothing on an account without a password", async ({ store, add }) => {
    const { email } = fresh();
    const userId = await add({ email, passwordHash: null, active: true });
    for (const expected of ["", "null", "x"]) {
      expectSame(
        `the answer to expected: "${expected}"`,
        await replace(store, { userId, email, expected }),
        false,
      );
    }
    expectSame("the hash", await hashOf(store, userId), null);
  });

  add("touches no other account, also one with the same hash", async ({ store, add }) => {
    const shared = fresh().passwordHash;
    const mine = fresh();
    const userId = await add({ ...mine, passwordHash: shared });
    const other = await add({ ...fresh(), passwordHash: shared });
    await replace(store, { userId, email: mine.email, expected: shared });
    expectSame("the other's hash", await hashOf(store, other), shared);
  });

  add("lets one of 32 concurrent callers win, and the winner's hash stands", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    const commit = (next: string) => replace(store, { userId, email, expected: passwordHash, next });
    const winner = await winnerOf(32, commit);
    expectSame("the hash", await hashOf(store, userId), winner);
  });
}

type FirstFixture = UserStoreFixture & {
  userId: string;
  set(change: { [Field in "userId" | "email" | "next"]?: string | undefined }): Promise<unknown>;
};

export function addFirstPasswordCases(add: AddCase<UserStoreFixture>): void {
  const addFirst = (name: string, run: (first: FirstFixture) => Promise<void>) =>
    add(name, async (fixture) => {
      const { store } = fixture;
      if (!store.setFirstPasswordHash) return;
      const { email } = fresh();
      const userId = await fixture.add({ email, passwordHash: null, active: true });
      const set: FirstFixture["set"] = async (change) =>
        store.setFirstPasswordHash?.({ userId, email, next: NEXT, ...change } as never);
      await run({ ...fixture, userId, set });
    });

  addFirst("sets a first password where there is none", async ({ store, userId, set }) => {
    expectSame("the answer", await set({}), true);
    expectSame("the hash", await hashOf(store, userId), NEXT);
  });

  addFirst("sets no first password where there is one", async ({ store, userId, set }) => {
    await set({});
    expectSame("the answer, again", await set({ next: `${NEXT}x` }), false);
    expectSame("the hash", await hashOf(store, userId), NEXT);
  });

  addFirst("sets no first password for another address or id", async ({ store, userId, set }) => {
    for (const change of [{ email: fresh().email }, { email: "" }, { userId: absentLike(userId) }]) {
      expectSame(`the answer to ${JSON.stringify(change)}`, await set(change), false);
      expectSame("the hash", await hashOf(store, userId), null);
    }
    for (const missing of [{ email: undefined }, { userId: undefined }]) {
      const answer = await set(missing).catch(() => false);
      expectSame(`the answer without ${Object.keys(missing)}`, answer, false);
      expectSame("the hash", await hashOf(store, userId), null);
    }
  });

  addFirst("sets no first password for a suspended account", async ({ store, userId, set, change }) => {
    await change(userId, { active: false });
    expectSame("the answer", await set({}), false);
    await change(userId, { active: true });
    expectSame("the hash", await hashOf(store, userId), null);
  });

  addFirst("lets one of 16 concurrent callers set the first password", async ({ store, userId, set }) => {
    const winner = await winnerOf(16, (next) => set({ next }));
    expectSame("the hash", await hashOf(store, userId), winner);
  });
}

const hashOf = async (store: UserStore, id: string): Promise<unknown> =>
  (await store.findById(id))?.passwordHash;

const replace = (store: UserStore, change: Change): Promise<unknown> =>
  store.replacePasswordHash({ next: NEXT, ...change });

/** Refusing by an error is as good as by `false`. */
async function succeeds(store: UserStore, change: unknown): Promise<unknown> {
  try {
    return await store.replacePasswordHash(change as never);
  } catch {
    return false;
  }
}

/** The hash of the one caller who was told `true`, when all the others were told `false`. */
async function winnerOf(callers: number, commit: (next: string) => Promise<unknown>): Promise<string> {
  const attempts = Array.from({ length: callers }, (_, caller) => `${NEXT}${caller}`);
  const answers = await Promise.all(attempts.map(commit));
  expectSame("how many were told true", answers.filter((won) => won === true).length, 1);
  expectSame("how many were told false", answers.filter((won) => won === false).length, callers - 1);
  return attempts[answers.indexOf(true)] ?? "";
}
