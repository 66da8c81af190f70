import { type UserStoreAccount, userStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import type { PasswordChange } from "../../src/types.ts";
import { complaint, failing } from "./failing.ts";
import { fixture, flaws, named } from "./user-store-flaws.ts";

const contract = (create: typeof fixture | (() => ReturnType<typeof fixture>)) =>
  userStoreContract(() => create(), { tenants: true });
const order = contract(fixture).map(({ name }) => name);
const inOrder = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);

test("each case has a flaw that it is there for", () => {
  expect(Object.values(named).toSorted(inOrder)).toEqual(order);
  expect([...new Set(flaws.flatMap(([, , fails]) => fails))].toSorted(inOrder)).toEqual(order);
});

describe("good stores pass, on one table and on many", () => {
  test("memoryUsers", async () => {
    const shared = fixture();
    expect(await failing(contract(() => shared))).toEqual([]);
    expect(await failing(contract(() => fixture()))).toEqual([]);
  });

  test("one that has no first passwords, and does not find the suspended", async () => {
    const create = () =>
      fixture((users) => ({
        setFirstPasswordHash: undefined,
        async findById(id) {
          const user = users.get(id);
          return user?.resetAllowed === false ? null : user;
        },
      }));
    expect(await failing(contract(create))).toEqual([]);
  });

  test("one that throws for a missing value", async () => {
    const create = () =>
      fixture((users) => ({
        async replacePasswordHash(change) {
          if (Object.values(change).includes(undefined)) throw new TypeError("undefined bound");
          return users.replacePasswordHash(change);
        },
      }));
    expect(await failing(contract(create))).toEqual([]);
  });

  test("one with numbers for keys, which it turns into texts", async () => {
    const create = () => {
      const { store, add, change, remove } = fixture();
      const inner = (id: string) => `user-${Number(id).toString(16).padStart(4, "0")}`;
      const outer = <User extends { id: string } | null | undefined>(user: User) =>
        user && { ...user, id: String(Number.parseInt(user.id.slice(5), 16)) };
      return {
        store: {
          findByEmail: async (email: string, tenant?: string) =>
            outer(await store.findByEmail(email, tenant)),
          findById: async (id: string) => outer(await store.findById(inner(id))),
          replacePasswordHash: (given: PasswordChange) =>
            store.replacePasswordHash({ ...given, userId: inner(given.userId) }),
        },
        add: async (account: UserStoreAccount) => String(Number.parseInt((await add(account)).slice(5), 16)),
        change: (id: string, given: Partial<UserStoreAccount>) => change(inner(id), given),
        remove: (id: string) => remove(inner(id)),
      };
    };
    expect(await failing(contract(create))).toEqual([]);
  });

  test("without tenants nothing is asked about them", () => {
    const names = userStoreContract(() => fixture()).map(({ name }) => name);
    expect(names).toEqual(order.filter((name) => name !== named.tenants));
  });
});

describe("a flaw fails the cases it should", () => {
  test.each(flaws)("%s", async (_, flaw, fails) => {
    expect(await failing(contract(() => fixture(flaw)))).toEqual(fails.toSorted(inOrder));
  });
});

test.each([
  [named.race, "a read, then a write by the id alone", "Error: how many were told true: got 32, expected 1"],
  [
    named.noPassword,
    "a forgotten column",
    "Error: passwordHash, found by e-mail: got undefined, expected null",
  ],
  [named.sets, "the count of rows", "Error: the answer: got 1, expected true"],
  [
    named.addressBytes,
    "the e-mail in any case",
    /the answer to {"email":"USER-[0-9A-F]+@EXAMPLE.ORG"}: got true/,
  ],
  [
    named.missing,
    "undefined for no condition",
    /whether it set a hash without email: got true, expected false/,
  ],
])("%s: says what came and what was due", async (name, title, message) => {
  const flaw = flaws.find(([each]) => each === title)?.[1];
  expect(
    await complaint(
      contract(() => fixture(flaw)),
      name,
    ),
  ).toMatch(message);
});
