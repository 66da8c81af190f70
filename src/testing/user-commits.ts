import { type AddCase, assertSame } from "./cases.ts";
import {
  assertNothing,
  createAbsentId,
  createSimilarIds,
  HINTS,
  mayReset,
  type TestUser,
  type TestUserWithPassword,
  type Users,
} from "./test-users.ts";

const NEXT = "$argon2id$v=19$m=19456,t=2,p=1$bmV4dA$bmV4dA";

type Change = { [Field in "userId" | "email" | "expected" | "next"]?: string | undefined };

type Row = Awaited<ReturnType<typeof addRow>>;

/** Adds a user, and returns it with commits to it: right ones, unless a change is passed. */
async function addRow(users: Users, user: TestUser) {
  const { store, findById, change: changeRow } = users;
  const id = await users.add(user);
  const right = { userId: id, email: user.email, next: NEXT };
  const replace = async (change?: Change): Promise<unknown> =>
    store.replacePasswordHash({ ...right, expected: user.passwordHash, ...change } as never);
  const setFirst = async (change?: Change): Promise<unknown> =>
    store.setFirstPasswordHash?.({ ...right, ...change } as never);
  const assertHash = async (expected: string | null) =>
    assertSame("the hash", (await findById(id))?.passwordHash, expected, HINTS.outdated);

  /** Asserts that a commit sets nothing, whatever `commit` is. */
  async function assertRefused(commit: typeof replace, change: Change = {}): Promise<void> {
    assertSame(`the result of ${JSON.stringify(change)}`, await commit(change), false);
    await assertHash(user.passwordHash);
  }

  /** Asserts that a missing value is not read as no condition. A store may also throw, which refuses just as well. */
  async function assertMissing(commit: typeof replace, fields: readonly (keyof Change)[]): Promise<void> {
    for (const missing of fields) {
      const result = await commit({ [missing]: undefined }).catch(() => false);
      assertSame(`the result without ${missing}`, result, false);
      await assertHash(user.passwordHash);
    }
  }

  /** Asserts that a suspended account gets no password. */
  async function assertSuspended(commit: typeof replace): Promise<void> {
    await changeRow(id, { active: false });
    assertSame("the result", await commit(), false);
    await changeRow(id, { active: true });
    await assertHash(user.passwordHash);
  }

  /** Asserts that one of several concurrent callers gets `true`, all others `false`, and that its hash is stored. */
  async function assertOneWinner(commit: typeof replace, callers: number): Promise<void> {
    const hashes = Array.from({ length: callers }, (_, caller) => `${NEXT}${caller}`);
    const results = await Promise.all(hashes.map((next) => commit({ next })));
    assertSame("how many callers get true", results.filter((won) => won === true).length, 1);
    assertSame("how many callers get false", results.filter((won) => won === false).length, callers - 1);
    await assertHash(hashes[results.indexOf(true)] ?? "");
  }

  const asserts = { assertHash, assertRefused, assertMissing, assertSuspended, assertOneWinner };
  return { ...users, ...asserts, id, user, replace, setFirst };
}

export function addCommitCases(addCase: AddCase<Users>): void {
  const add = (
    name: string,
    run: (row: Row) => Promise<void>,
    prepare: (user: TestUserWithPassword) => TestUser = (user) => user,
  ) => addCase(name, async (users) => run(await addRow(users, prepare(users.createUser()))));

  const addRefusals = (
    name: string,
    vary: (user: TestUserWithPassword, other: TestUserWithPassword) => Change[],
    prepare?: (user: TestUserWithPassword) => TestUserWithPassword,
  ) => {
    const run = async ({ user, createUser, replace, assertRefused }: Row) => {
      const changes = vary(user as TestUserWithPassword, createUser());
      for (const change of changes) await assertRefused(replace, change);
    };
    add(name, run, prepare);
  };

  add("replacePasswordHash sets the hash if address and hash are as expected", async (row) => {
    assertSame("the result", await row.replace(), true);
    await row.assertHash(NEXT);
    const user = await row.findById(row.id);
    assertSame("the email", user?.email, row.user.email);
    assertSame("whether it may reset", user && mayReset(user), true);
  });

  add("replacePasswordHash does nothing when it is repeated", async ({ replace, assertHash }) => {
    await replace();
    assertSame("the result, again", await replace({ next: `${NEXT}x` }), false);
    await assertHash(NEXT);
  });

  add("replacePasswordHash stores a hash of 255 characters whole", async ({ replace, assertHash }) => {
    const next = `$scrypt$ln=17,r=8,p=1$${"Ab0+/".repeat(47)}`.slice(0, 255);
    await replace({ next });
    await assertHash(next);
    assertSame("the next commit", await replace({ expected: next }), true);
  });

  addRefusals("replacePasswordHash sets nothing if the row has another hash", ({ passwordHash }, other) => {
    const others = [other.passwordHash, `${passwordHash}x`, passwordHash.slice(0, -1), "", "%"];
    return others.map((expected) => ({ expected }));
  });

  addRefusals("replacePasswordHash compares the hash byte for byte", ({ passwordHash }) => [
    { expected: passwordHash.toUpperCase() },
    { expected: passwordHash.toLowerCase() },
    { expected: `${passwordHash} ` },
  ]);

  addRefusals("replacePasswordHash sets nothing if the row has another address", ({ email }, other) =>
    [other.email, `x${email}`, "", "%"].map((each) => ({ email: each })),
  );

  addRefusals(
    "replacePasswordHash compares the address byte for byte with the stored one",
    ({ email }) => [{ email: email.toUpperCase() }, { email: email.toLowerCase() }, { email: `${email} ` }],
    (user) => ({ ...user, email: user.email.replace("user", "User") }),
  );

  add("replacePasswordHash sets nothing for an unknown id", async ({ id, replace, assertRefused }) => {
    await assertRefused(replace, { userId: createAbsentId(id) });
    // A store may also throw for a string that is not an id, which refuses just as well.
    const refusing: typeof replace = (change) => replace(change).catch(() => false);
    for (const userId of createSimilarIds(id)) await assertRefused(refusing, { userId });
  });

  add("replacePasswordHash does not read a missing value as no condition", ({ replace, assertMissing }) =>
    assertMissing(replace, ["email", "expected", "userId"]),
  );

  add("replacePasswordHash sets nothing if the address was changed meanwhile", async (row) => {
    await row.change(row.id, { email: row.createUser().email });
    await row.assertRefused(row.replace);
  });

  add("replacePasswordHash sets nothing if the account was suspended meanwhile", ({ replace, assertSuspended }) =>
    assertSuspended(replace),
  );

  add("replacePasswordHash sets nothing if the account was deleted meanwhile", async ({ id, ...row }) => {
    await row.remove(id);
    assertSame("the result", await row.replace(), false);
    await assertNothing("findById", row.findById(id));
  });

  add(
    "replacePasswordHash sets nothing if the account has no password",
    async ({ replace, assertRefused }) => {
      for (const expected of ["", "null", "x"]) await assertRefused(replace, { expected });
    },
    (user) => ({ ...user, passwordHash: null }),
  );

  add("replacePasswordHash changes no other account, even one with the same hash", async (row) => {
    const { passwordHash } = row.user;
    const other = await addRow(row, { ...row.createUser(), passwordHash });
    await row.replace();
    await other.assertHash(passwordHash);
  });

  add("one of 32 concurrent replacePasswordHash calls wins, and its hash is stored", (row) =>
    row.assertOneWinner(row.replace, 32),
  );
}

export function addFirstPasswordCases(addCase: AddCase<Users>): void {
  const add = (name: string, run: (row: Row) => Promise<void>) =>
    addCase(name, async (users) => {
      if (!users.store.setFirstPasswordHash) return;
      await run(await addRow(users, { ...users.createUser(), passwordHash: null }));
    });

  add("setFirstPasswordHash sets the hash if the account has no password", async ({ setFirst, assertHash }) => {
    assertSame("the result", await setFirst(), true);
    await assertHash(NEXT);
  });

  add("setFirstPasswordHash sets nothing if the account has a password", async ({ setFirst, assertHash }) => {
    await setFirst();
    assertSame("the result, again", await setFirst({ next: `${NEXT}x` }), false);
    await assertHash(NEXT);
  });

  add("setFirstPasswordHash sets nothing for another address or id", async ({ id, setFirst, ...row }) => {
    const others = [{ email: row.createUser().email }, { email: "" }, { userId: createAbsentId(id) }];
    for (const change of others) await row.assertRefused(setFirst, change);
    await row.assertMissing(setFirst, ["email", "userId"]);
  });

  add("setFirstPasswordHash sets nothing for a suspended account", ({ setFirst, assertSuspended }) =>
    assertSuspended(setFirst),
  );

  add("one of 16 concurrent setFirstPasswordHash calls wins, and its hash is stored", (row) =>
    row.assertOneWinner(row.setFirst, 16),
  );
}
