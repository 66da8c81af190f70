import { byteLength } from "../lib/bytes.ts";
import { mustBe } from "../lib/shape.ts";
import { type AddCase, assertSame, type ContractCase, createSuite } from "./cases.ts";
import {
  assertNothing,
  createAbsentId,
  createSimilarIds,
  HINTS,
  inTenant,
  mayReset,
  type TestUser,
  type UserStoreFixture,
  type Users,
} from "./test-users.ts";
import { addCommitCases, addFirstPasswordCases } from "./user-commits.ts";

export type { TestUser, UserStoreFixture };

/** Options of {@link userStoreContract}. */
export interface UserStoreContractOptions {
  /**
   * Tenants of the table: at least two, and it may have others. Every user of every case then belongs to one of them.
   * Default: the table has no tenants.
   */
  tenants?: readonly [string, string, ...string[]] | undefined;
}

/**
 * Returns a case for everything that a `UserStore` must do. Most of them test the compare-and-set, because single use
 * depends on it alone. `create` may return the same fixture each time: every case adds its own users. The cases can run
 * at the same time.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `tenants` is given without two different names.
 * @example
 * for (const { name, run } of userStoreContract(createFixture, { tenants: ["acme", "globex"] })) test(name, run);
 */
export function userStoreContract(
  create: () => UserStoreFixture | Promise<UserStoreFixture>,
  { tenants }: UserStoreContractOptions = {},
): ContractCase[] {
  if (tenants !== undefined && !(Array.isArray(tenants) && new Set(tenants).size > 1)) {
    throw mustBe("userStoreContract.tenants", "an array of at least two names", tenants, '["acme", "globex"]');
  }
  const { cases, add } = createSuite(async () => inTenant(await create(), tenants?.[0]));
  addFindCases(add);
  if (tenants) addTenantCases(add, tenants);
  addCommitCases(add);
  addFirstPasswordCases(add);
  return cases;
}

function addFindCases(add: AddCase<Users>): void {
  add("findByEmail and findById return the account", async ({ createUser, add, findBothWays }) => {
    const account = createUser();
    const id = await add(account);
    await add(createUser());
    for (const [how, user] of await findBothWays(account.email, id)) {
      assertSame(`the id, found ${how}`, user.id, id);
      assertSame(`the email, found ${how}`, user.email, account.email);
      assertSame(`the hash, found ${how}`, user.passwordHash, account.passwordHash);
      assertSame(`the tenant, found ${how}`, user.tenant ?? undefined, account.tenant);
      assertSame(`whether it may reset, found ${how}`, mayReset(user), true);
    }
  });

  add("findByEmail and findById return columns of types that relatch accepts", async (users) => {
    const account = users.createUser();
    for (const [how, user] of await users.findBothWays(account.email, await users.add(account))) {
      assertSame(`the type of id, found ${how}`, typeof user.id, "string");
      const bytes = byteLength(user.id);
      assertSame(`whether id has 1 to 128 bytes, found ${how}`, bytes >= 1 && bytes <= 128, true);
      assertSame(`whether id has characters that were lost, found ${how}`, user.id.includes("\uFFFD"), false);
      for (const column of ["name", "locale", "tenant", "resetAllowed"] as const) {
        const type = column === "resetAllowed" ? "boolean" : "string";
        const value = user[column] ?? undefined;
        if (value !== undefined) assertSame(`the type of ${column}, found ${how}`, typeof value, type);
      }
    }
  });

  add("findByEmail ignores case and returns the address as it is stored", async ({ createUser, add, findByEmail }) => {
    const account = createUser();
    const stored = account.email.replace("user", "User").replace("example", "EXAMPLE");
    await add({ ...account, email: stored });
    assertSame("the email", (await findByEmail(account.email))?.email, stored);
  });

  add("findByEmail and findById return nothing for an unknown address or id", async (users) => {
    const { createUser, add, findByEmail, findById } = users;
    const { email } = createUser();
    const absent = createAbsentId(await add({ ...createUser(), email }));
    const patterns = [`_${email.slice(1)}`, `${email.slice(0, 6)}%`, "%", "*", `${email}' OR 'a'='a`];
    const near = [email.slice(1), `${email}.`, email.replace("user", "us\u00e9r"), createUser().email];
    for (const other of [...patterns, ...near])
      await assertNothing(`findByEmail(${JSON.stringify(other)})`, findByEmail(other));
    await assertNothing(`findById(${JSON.stringify(absent)})`, findById(absent));
  });

  add("findById returns nothing for a string that is only similar to an id", async ({ createUser, add, findById }) => {
    const id = await add(createUser());
    for (const similar of createSimilarIds(id)) {
      const found = findById(similar).catch((error: unknown) => String(error));
      await assertNothing(`findById(${JSON.stringify(similar)})`, found, HINTS.similarId);
    }
  });

  add("findByEmail and findById return nothing for a deleted account", async (users) => {
    const account = users.createUser();
    const id = await users.add(account);
    await users.remove(id);
    await assertNothing("findByEmail", users.findByEmail(account.email));
    await assertNothing("findById", users.findById(id));
  });

  add("findByEmail returns the account that has the address now, and no deleted one", async (users) => {
    const { createUser, findByEmail, remove } = users;
    const { email } = createUser();
    const first = await users.add({ ...createUser(), email });
    // An application may keep the address of a deleted account from everybody else. Then there are no twins.
    const addTwin = () => users.add({ ...createUser(), email }).catch(() => undefined);
    await remove(first);
    for (let deleted = 0; deleted < 2; deleted++) {
      const twin = await addTwin();
      if (twin !== undefined) await remove(twin);
    }
    const twin = await addTwin();
    if (twin === undefined) return;
    assertSame("the id", (await findByEmail(email))?.id, twin, HINTS.twin);
    await remove(twin);
    await assertNothing("findByEmail, when all are deleted", findByEmail(email), HINTS.twin);
  });

  add("findByEmail does not find an account by a secondary address", async (users) => {
    const { createUser, add, addSecondaryAddress, findByEmail } = users;
    if (!addSecondaryAddress) return;
    const { email } = createUser();
    await addSecondaryAddress(await add(createUser()), email);
    await assertNothing("findByEmail", findByEmail(email), HINTS.secondary);
    // An application may keep a secondary address from everybody else.
    const owner = await add({ ...createUser(), email }).catch(() => undefined);
    if (owner !== undefined) assertSame("the id", (await findByEmail(email))?.id, owner, HINTS.secondary);
  });

  add("passwordHash is null, not undefined, for an account without a password", async (users) => {
    const account = { ...users.createUser(), passwordHash: null };
    for (const [how, user] of await users.findBothWays(account.email, await users.add(account)))
      assertSame(`passwordHash, found ${how}`, user.passwordHash, null);
  });

  add("a suspended account has resetAllowed: false, or is not found", async (users) => {
    const account = { ...users.createUser(), active: false };
    const id = await users.add(account);
    const found = { "by email": await users.findByEmail(account.email), "by id": await users.findById(id) };
    for (const [how, user] of Object.entries(found))
      if (user) assertSame(`whether it may reset, found ${how}`, mayReset(user), false);
  });

  add("findByEmail and findById see at once what others have changed", async (users) => {
    const account = users.createUser();
    const id = await users.add(account);
    await users.findBothWays(account.email, id);
    const { email, passwordHash } = users.createUser();
    await users.change(id, { email, passwordHash });
    for (const [how, user] of await users.findBothWays(email, id)) {
      assertSame(`the email, found ${how}`, user.email, email, HINTS.outdated);
      assertSame(`the hash, found ${how}`, user.passwordHash, passwordHash, HINTS.outdated);
    }
    await assertNothing("findByEmail with the old address", users.findByEmail(account.email), HINTS.outdated);
  });
}

function addTenantCases(add: AddCase<Users>, tenants: readonly string[]): void {
  /** Adds an account with the same address to every tenant, and returns them with their ids. */
  async function addToAll({ createUser, add }: Users) {
    const { email } = createUser();
    const accounts = [];
    for (const tenant of tenants) {
      const account = { ...createUser(), email, tenant };
      accounts.push({ ...account, id: await add(account) });
    }
    return accounts;
  }

  add("findByEmail keeps tenants apart", async (users) => {
    for (const { email, tenant, passwordHash } of await addToAll(users)) {
      const user = await users.store.findByEmail(email, tenant);
      assertSame(`the tenant, asked for ${tenant}`, user?.tenant, tenant);
      assertSame(`the hash, asked for ${tenant}`, user?.passwordHash, passwordHash);
    }
    const { email, tenant } = users.createUser();
    await users.add({ ...users.createUser(), email });
    for (const other of tenants.filter((each) => each !== tenant))
      await assertNothing("findByEmail for another tenant", users.store.findByEmail(email, other));
  });

  add("ids are unique over all tenants, and findById returns the account of each", async (users) => {
    const accounts = await addToAll(users);
    const ids = new Set(accounts.map(({ id }) => id));
    assertSame("how many ids they have", ids.size, accounts.length, HINTS.tenantIds);
    for (const { id, tenant, passwordHash } of accounts) {
      const user = await users.findById(id);
      assertSame("the tenant, found by id", user?.tenant, tenant, HINTS.tenantIds);
      assertSame("the hash, found by id", user?.passwordHash, passwordHash, HINTS.tenantIds);
    }
  });
}
