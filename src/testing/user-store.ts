import type { UserStore } from "../types.ts";
import { type AddCase, type ContractCase, expectSame, suite } from "./cases.ts";
import { absentLike, fresh, nothing } from "./user-accounts.ts";
import { addCommitCases, addFirstPasswordCases } from "./user-commits.ts";

/** An account as the contract wants it in the table. */
export interface UserStoreAccount {
  email: string;
  passwordHash: string | null;
  /** Whether the account may reset: not suspended. */
  active: boolean;
  /** Given only with the option `tenants`. */
  tenant?: string | undefined;
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

/** Options of {@link userStoreContract}. */
export interface UserStoreContractOptions {
  /** The table holds several tenants, and one address may be in each. Default: `false`. */
  tenants?: boolean | undefined;
}

/**
 * What every `UserStore` must do. The compare-and-set is the whole of relatch's single use, so it gets most of the
 * cases. `create` may give the same fixture each time: every case adds accounts of its own, and they may run at the
 * same time.
 */
export function userStoreContract(
  create: () => UserStoreFixture | Promise<UserStoreFixture>,
  { tenants = false }: UserStoreContractOptions = {},
): ContractCase[] {
  const { cases, add } = suite(create);
  addFindCases(add);
  if (tenants) addTenantCase(add);
  addCommitCases(add);
  addFirstPasswordCases(add);
  return cases;
}

function addFindCases(add: AddCase<UserStoreFixture>): void {
  add("finds an account by its canonical address and by its id", async ({ store, add }) => {
    const account = fresh();
    const id = await add(account);
    await add(fresh());
    for (const [how, user] of await bothWays(store, account.email, id)) {
      expectSame(`the id, found ${how}`, user?.id, id);
      expectSame(`the e-mail, found ${how}`, user?.email, account.email);
      expectSame(`the hash, found ${how}`, user?.passwordHash, account.passwordHash);
      expectSame(`whether it may reset, found ${how}`, user?.resetAllowed !== false, true);
    }
  });

  add("answers each column in a type that relatch takes", async ({ store, add }) => {
    const account = fresh();
    const id = await add(account);
    for (const [how, user] of await bothWays(store, account.email, id)) {
      const { name, locale, tenant, resetAllowed } = user ?? {};
      expectSame(`the type of id, found ${how}`, typeof user?.id, "string");
      expectSame(`the bytes of id are 1 to 128, found ${how}`, isOfUsableLength(user?.id), true);
      for (const [column, value, type] of [
        ["name", name, "string"],
        ["locale", locale, "string"],
        ["tenant", tenant, "string"],
        ["resetAllowed", resetAllowed, "boolean"],
      ] as const) {
        expectSame(`the type of ${column}, found ${how}`, typeof (value ?? undefined), typeOr(type, value));
      }
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
    const near = [
      `_${email.slice(1)}`,
      `${email.slice(0, 6)}%`,
      "%",
      "*",
      email.slice(1),
      `${email}.`,
      email.replace("user", "us\u00e9r"),
      `${email}' OR 'a'='a`,
    ];
    for (const other of [fresh().email, ...near])
      expectSame(
        `findByEmail(${JSON.stringify(other)})`,
        await nothing(store.findByEmail(other, undefined)),
        true,
      );
    const absent = absentLike(id);
    expectSame(`findById(${JSON.stringify(absent)})`, await nothing(store.findById(absent)), true);
  });

  add("finds nothing any more when the account is deleted", async ({ store, add, remove }) => {
    const account = fresh();
    const id = await add(account);
    await remove(id);
    for (const [how, user] of await bothWays(store, account.email, id))
      expectSame(`the account, found ${how}`, user, undefined);
  });

  add("answers null, and not undefined, for an account without a password", async ({ store, add }) => {
    const account = { ...fresh(), passwordHash: null };
    const id = await add(account);
    for (const [how, user] of await bothWays(store, account.email, id))
      expectSame(`passwordHash, found ${how}`, user?.passwordHash, null);
  });

  add("says of a suspended account that it may not reset, or does not find it", async ({ store, add }) => {
    const account = { ...fresh(), active: false };
    const id = await add(account);
    for (const [how, user] of await bothWays(store, account.email, id))
      if (user) expectSame(`resetAllowed, found ${how}`, user.resetAllowed, false);
  });

  add("sees at once what others have changed", async ({ store, add, change }) => {
    const account = fresh();
    const id = await add(account);
    const changed = fresh();
    await bothWays(store, account.email, id);
    await change(id, { email: changed.email, passwordHash: changed.passwordHash });
    for (const [how, user] of await bothWays(store, changed.email, id)) {
      expectSame(`the e-mail, found ${how}`, user?.email, changed.email);
      expectSame(`the hash, found ${how}`, user?.passwordHash, changed.passwordHash);
    }
    expectSame(
      "nothing at the old address",
      await nothing(store.findByEmail(account.email, undefined)),
      true,
    );
  });
}

function addTenantCase(add: AddCase<UserStoreFixture>): void {
  add("keeps tenants apart", async ({ store, add }) => {
    const { email } = fresh();
    const accounts = ["blue", "red", undefined].map((tenant) => ({ ...fresh(), email, tenant }));
    for (const account of accounts) await add(account);
    for (const { tenant, passwordHash } of accounts) {
      const user = await store.findByEmail(email, tenant);
      expectSame(`the tenant, asked for ${tenant}`, user?.tenant ?? undefined, tenant);
      expectSame(`the hash, asked for ${tenant}`, user?.passwordHash, passwordHash);
    }
    expectSame("nothing for another tenant", await nothing(store.findByEmail(email, "green")), true);
  });
}

const bothWays = async (store: UserStore, email: string, id: string) =>
  [
    ["by e-mail", (await store.findByEmail(email, undefined)) ?? undefined],
    ["by id", (await store.findById(id)) ?? undefined],
  ] as const;

const isOfUsableLength = (id: unknown): boolean => {
  const bytes = new TextEncoder().encode(String(id)).length;
  return bytes >= 1 && bytes <= 128;
};

const typeOr = (type: string, value: unknown): string =>
  value === null || value === undefined ? "undefined" : type;
