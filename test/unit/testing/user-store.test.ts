import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { expect, test } from "vitest";
import type { UserStore } from "../../../src/ports/contract.ts";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { findError, findFailing, testFlaws } from "./failing.ts";
import { type Flaw, fixture, flaws, named } from "./user-store-flaws.ts";

const contract = (create: () => UserStoreFixture) => userStoreContract(create, { tenants: ["blue", "red"] });

testFlaws("userStoreContract", named, (flaw) => contract(() => fixture(flaw)), flaws);

/** A store with numbers for keys, which converts them to strings, and reads ids back with `read`. */
function withNumbers(
  read = (id: string): unknown => (/^[1-9]\d*$/.test(id) ? Number(id) : undefined),
): UserStoreFixture {
  const { store, add, change, remove } = fixture();
  const inner = (id: string) => `user-${(read(id) as number | undefined)?.toString(16).padStart(4, "0")}`;
  const outer = (id: string) => String(Number.parseInt(id.slice(5), 16));
  const found = async (user: ReturnType<UserStore["findById"]>) => {
    const row = await user;
    return row && { ...row, id: outer(row.id) };
  };
  return {
    store: {
      findByEmail: (email, tenant) => found(store.findByEmail(email, tenant)),
      findById: (id) => found(store.findById(inner(id))),
      replacePasswordHash: async (given) => store.replacePasswordHash({ ...given, userId: inner(given.userId) }),
    },
    add: async (user) => outer(await add(user)),
    change: (id, given) => change(inner(id), given),
    remove: (id) => remove(inner(id)),
  };
}

/** A store whose table refuses what the application does not need. */
function strict(): UserStoreFixture {
  const { addSecondaryAddress: _, ...good } = fixture();
  const addresses = new Set<string>();
  return {
    ...good,
    async add(user) {
      if (!user.tenant) throw new Error("tenant must not be NULL");
      const key = `${user.tenant} ${user.email}`;
      if (addresses.has(key)) throw new Error("the address is taken, maybe by a deleted account");
      addresses.add(key);
      return good.add(user);
    },
  };
}

const shared = fixture();
const throwing: Flaw = (users) => ({
  async replacePasswordHash(change) {
    if (Object.values(change).includes(undefined)) throw new TypeError("undefined bound");
    return users.replacePasswordHash(change);
  },
});
const findsActive: Flaw = (users) => ({
  setFirstPasswordHash: undefined,
  async findById(id) {
    const user = users.get(id);
    return user?.resetAllowed === false ? null : user;
  },
});

test.each<[string, () => UserStoreFixture]>([
  ["memoryUsers, on one table", () => shared],
  ["memoryUsers, on many tables", () => fixture()],
  ["a store without first passwords that does not find suspended accounts", () => fixture(findsActive)],
  ["a store that throws for a missing value", () => fixture(throwing)],
  ["a store with numbers for keys that converts them to strings", withNumbers],
  ["a store where every row has a tenant, and keeps its address after a deletion", strict],
])("userStoreContract accepts %s", async (_, create) => {
  expect(await findFailing(contract(create))).toEqual([]);
});

test("userStoreContract without tenants has no case about them, and gives no user a tenant", async () => {
  const tenants: unknown[] = [];
  const cases = userStoreContract(() => {
    const { add, ...good } = fixture();
    return { ...good, add: (user) => add(user).finally(() => tenants.push("tenant" in user && user.tenant)) };
  });
  const { tenants: _, tenantIds: __, ...others } = named;
  expect(cases.map(({ name }) => name)).toEqual(Object.values(others));
  expect(await findFailing(cases)).toEqual([]);
  expect(new Set(tenants)).toEqual(new Set([false]));
});

test("userStoreContract says what tenants must be", () => {
  const message =
    'userStoreContract.tenants must be an array of at least two names, received true. Example: ["acme", "globex"].';
  expect(() => userStoreContract(fixture, { tenants: true as never })).toThrow(message);
});

test.each([[true], ["dynamic"], [[]], [["blue"]], [["blue", "blue"]]])(
  "userStoreContract throws ERR_OPTIONS for tenants: %j",
  (tenants) => {
    expect(() => userStoreContract(fixture, { tenants: tenants as never })).toThrow(WRONG_OPTIONS as Error);
  },
);

test.each<[string, (id: string) => unknown, string[]]>([
  ["parseInt, which reads '42abc' as 42", Number.parseInt, [named.similarId, named.otherId]],
  ["Number, which reads ' 42' and '0x2a' as 42", Number, [named.similarId, named.otherId]],
  ["BigInt, which throws for 'not-an-id'", BigInt, [named.similarId, named.otherId]],
  [
    "Number with a check, which reads '042' as 42",
    (id) => (/^\d+$/.test(id) ? Number(id) : undefined),
    [named.similarId, named.otherId],
  ],
])("userStoreContract finds ids that are read back by %s", async (_, read, fails) => {
  expect(await findFailing(contract(() => withNumbers(read)))).toEqual(fails);
});

test.each([
  [named.race, "a read, then a write by the id alone", /get true: received 32, expected 1$/],
  [named.noPassword, "a forgotten column", /found by email: received undefined, expected null$/],
  [named.sets, "the count of rows", /: received 1, expected true$/],
  [named.addressBytes, "the email in any case", /{"email":"USER-[0-9A-F]+@EXAMPLE.ORG"}: received true/],
  [named.missing, "undefined read as no condition", /without email: received true, expected false$/],
])("%s: the error says what was received and expected", async (name, title, message) => {
  const flaw = flaws.find(([each]) => each === title)?.[2];
  const cases = contract(() => fixture(flaw));
  expect(await findError(cases, name)).toMatch(message);
});

const OUTDATED =
  "Usual causes: a replica that lags, a cache, or a transaction that is not committed. " +
  "If the row is never found: a condition on a column that is NULL, or an id of another type.";
const TWIN =
  "If several rows have the address, return the one that the sign-in finds: never one that is marked as deleted.";
const SECONDARY = "Match ResetUser.email only, because no link is sent to any other address.";
const SIMILAR =
  "The id was converted, and not compared. Return nothing if a string does not have the form of your ids.";
const UNIQUE = "Ids must be unique over all tenants, because links and jobs contain the id alone.";

test.each([
  [named.finds, "no user ever", "findByEmail: received nothing, expected the account", OUTDATED],
  [named.fresh, "a cache", "the email, found by id: received", OUTDATED],
  [named.sets, "a commit that is lost", "the hash: received", OUTDATED],
  [named.twin, "the first of several rows, which is then judged", "the id: received", TWIN],
  [named.secondary, "a secondary address", "findByEmail: received", SECONDARY],
  [named.similarId, "an id that is read up to its last digit", 'findById("user-', SIMILAR],
  [named.tenantIds, "ids of one tenant only", "the tenant, found by id: received undefined", UNIQUE],
])("%s: the error names the usual causes", async (name, title, start, hint) => {
  const flaw = flaws.find(([each]) => each === title)?.[2];
  const error = await findError(
    contract(() => fixture(flaw)),
    name,
  );
  expect(error.startsWith(`Error: ${start}`) && error.endsWith(`. ${hint}`) ? "" : error).toBe("");
});

test("ids that are unique within a tenant only fail userStoreContract", async () => {
  const create = (): UserStoreFixture => {
    const { add, ...good } = fixture();
    const ids = new Map<string, string>();
    return {
      ...good,
      async add(user) {
        const id = await add(user);
        if (user.tenant === "blue") ids.set(user.email, id);
        return ids.get(user.email) ?? id;
      },
    };
  };
  expect(await findFailing(contract(create))).toEqual([named.tenantIds]);
});
