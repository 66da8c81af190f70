import type { ResetUser, UserStore } from "../types.ts";
import { type ContractCase, expectSame, randomHex } from "./cases.ts";

/** An account as the contract wants it in the table. */
export interface UserStoreAccount {
  email: string;
  passwordHash: string | null;
  /** Whether the account may reset: not suspended. */
  active: boolean;
}

/** A store over a table of the test's own, and the other side of that table. */
export interface UserStoreFixture {
  store: UserStore;
  /** Adds an account, as a sign-up would; answers its id. */
  add(account: UserStoreAccount): Promise<string>;
  /** Changes an account, as other parts of the application would. */
  change(id: string, change: Partial<UserStoreAccount>): Promise<unknown>;
  remove(id: string): Promise<unknown>;
}

/**
 * What every `UserStore` must do. The compare-and-set is the whole of relatch's single use, so it gets most of the
 * cases. `create` may answer the same fixture each time: every case adds accounts of its own.
 */
export function userStoreContract(
  create: () => UserStoreFixture | Promise<UserStoreFixture>,
): ContractCase[] {
  const cases: ContractCase[] = [];
  const add = (name: string, run: (fixture: UserStoreFixture) => Promise<void>) =>
    cases.push({ name, run: async () => run(await create()) });
  const when = (method: string, name: string, run: (fixture: UserStoreFixture) => Promise<void>) =>
    add(name, async (fixture) => {
      if (method in fixture.store) await run(fixture);
    });

  add("finds an account by its canonical address and by its id", async ({ store, add }) => {
    const account = fresh();
    const id = await add(account);
    for (const user of [await store.findByEmail(account.email, undefined), await store.findById(id)]) {
      expectSame("the id", user?.id, id);
      expectSame("the type of the id", typeof user?.id, "string");
      expectSame("the e-mail", user?.email, account.email);
      expectSame("the hash", user?.passwordHash, account.passwordHash);
    }
  });

  add("finds an address whatever its case, and answers it as it is stored", async ({ store, add }) => {
    const account = fresh();
    const stored = account.email.replace("user", "User").replace("example", "EXAMPLE");
    await add({ ...account, email: stored });
    expectSame("the e-mail", (await store.findByEmail(account.email, undefined))?.email, stored);
  });

  add("finds nothing for an unknown address or id", async ({ store, add }) => {
    const { email } = fresh();
    const id = await add({ ...fresh(), email });
    const wild = [
      `_${email.slice(1)}`,
      `${email.slice(0, 6)}%`,
      "%",
      "*",
      `${email}.`,
      email.slice(1),
      `${email}' OR 'a'='a`,
    ];
    for (const other of [fresh().email, ...wild]) {
      expectSame(`findByEmail(${other})`, (await store.findByEmail(other, undefined)) ?? null, null);
    }
    expectSame("findById", (await store.findById(absentLike(id))) ?? null, null);
  });

  add("answers null, and not undefined, for an account without a password", async ({ store, add }) => {
    const account = { ...fresh(), passwordHash: null };
    const id = await add(account);
    expectSame("passwordHash", (await store.findById(id))?.passwordHash, null);
    expectSame("passwordHash", (await store.findByEmail(account.email, undefined))?.passwordHash, null);
  });

  add("says of a suspended account that it may not reset, or does not find it", async ({ store, add }) => {
    const account = { ...fresh(), active: false };
    const id = await add(account);
    for (const user of [await store.findByEmail(account.email, undefined), await store.findById(id)]) {
      expectSame("resetAllowed", user?.resetAllowed ?? !user, !user);
    }
  });

  add("sets the hash when address and hash are as expected", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ ...fresh(), email, passwordHash });
    expectSame("the answer", await replace(store, { userId, email, expected: passwordHash }), true);
    expectSame("the hash", (await store.findById(userId))?.passwordHash, NEXT);
    expectSame("the e-mail", (await store.findById(userId))?.email, email);
  });

  add("sets nothing when hash, address or account are others", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    const good = { userId, email, expected: passwordHash };
    const bad = [
      { ...good, expected: `${passwordHash}x` },
      { ...good, expected: passwordHash.toUpperCase() },
      { ...good, expected: `${passwordHash} ` },
      { ...good, expected: "" },
      { ...good, expected: "%" },
      { ...good, email: fresh().email },
      { ...good, email: email.toUpperCase() },
      { ...good, email: "" },
      { ...good, userId: absentLike(userId) },
    ];
    for (const change of bad) {
      expectSame(`the answer to ${JSON.stringify(change)}`, await replace(store, change), false);
      expectSame("the hash", (await store.findById(userId))?.passwordHash, passwordHash);
    }
  });

  add("does not take a missing value for a missing condition", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    for (const missing of ["email", "expected", "userId"]) {
      const change = { userId, email, expected: passwordHash, next: NEXT, [missing]: undefined };
      const answer = await Promise.resolve()
        .then(() => store.replacePasswordHash(change as never))
        .catch(() => false);
      expectSame(`the answer without ${missing}`, answer, false);
      expectSame("the hash", (await store.findById(userId))?.passwordHash, passwordHash);
    }
  });

  add(
    "sets nothing for an account that was suspended or deleted meanwhile",
    async ({ store, add, change, remove }) => {
      const { email, passwordHash } = fresh();
      const userId = await add({ email, passwordHash, active: true });
      await change(userId, { active: false });
      expectSame("suspended", await replace(store, { userId, email, expected: passwordHash }), false);
      await change(userId, { active: true });
      expectSame("the hash", (await store.findById(userId))?.passwordHash, passwordHash);
      await remove(userId);
      expectSame("deleted", await replace(store, { userId, email, expected: passwordHash }), false);
    },
  );

  add("sets nothing on an account without a password", async ({ store, add }) => {
    const { email } = fresh();
    const userId = await add({ email, passwordHash: null, active: true });
    for (const expected of ["", "null", "x"]) {
      expectSame(`expected ${expected}`, await replace(store, { userId, email, expected }), false);
    }
    expectSame("the hash", (await store.findById(userId))?.passwordHash, null);
  });

  add("touches no other account, also one with the same hash", async ({ store, add }) => {
    const shared = fresh().passwordHash;
    const mine = fresh();
    const userId = await add({ ...mine, passwordHash: shared });
    const other = await add({ ...fresh(), passwordHash: shared });
    await replace(store, { userId, email: mine.email, expected: shared });
    expectSame("the other's hash", (await store.findById(other))?.passwordHash, shared);
  });

  add("lets one of 32 concurrent callers win, and the winner's hash stands", async ({ store, add }) => {
    const { email, passwordHash } = fresh();
    const userId = await add({ email, passwordHash, active: true });
    const attempts = Array.from({ length: 32 }, (_, n) => `${NEXT}${n}`);
    const answers = await Promise.all(
      attempts.map((next) => store.replacePasswordHash({ userId, email, expected: passwordHash, next })),
    );
    expectSame("the winners", answers.filter((won) => won === true).length, 1);
    expectSame("the losers", answers.filter((won) => won === false).length, 31);
    expectSame("the hash", (await store.findById(userId))?.passwordHash, attempts[answers.indexOf(true)]);
  });

  when(
    "setFirstPasswordHash",
    "sets a first password where there is none, once",
    async ({ store, add, change }) => {
      const { email } = fresh();
      const userId = await add({ email, passwordHash: null, active: true });
      const first = (next: string, to = email) => store.setFirstPasswordHash?.({ userId, email: to, next });
      expectSame("for another address", await first(NEXT, fresh().email), false);
      await change(userId, { active: false });
      expectSame("suspended", await first(NEXT), false);
      await change(userId, { active: true });
      const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => first(`${NEXT}${n}`)));
      expectSame("the winners", answers.filter((won) => won === true).length, 1);
      expectSame("the losers", answers.filter((won) => won === false).length, 15);
      expectSame("the hash", (await store.findById(userId))?.passwordHash, `${NEXT}${answers.indexOf(true)}`);
      expectSame("again", await first(NEXT), false);
    },
  );

  return cases;
}

const NEXT = "$argon2id$v=19$m=19456,t=2,p=1$bmV4dA$bmV4dA";

const fresh = () => ({
  email: `user-${randomHex(16)}@example.org`,
  passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomHex(16)}$aB`,
  active: true,
});

const replace = (store: UserStore, change: { userId: string; email: string; expected: string }) =>
  store.replacePasswordHash({ ...change, next: NEXT });

/** An id of the same kind that no account has: a number, a UUID, an ObjectId or a text. */
const absentLike = (id: ResetUser["id"]): string =>
  /^\d+$/.test(id) ? "987654321" : id.replace(/[0-9a-f]/gi, (digit) => (digit === "0" ? "1" : "0"));
