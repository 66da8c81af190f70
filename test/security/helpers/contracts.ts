import { randomUUID } from "node:crypto";
import type { UserStore } from "relatch";
import { type MemoryUsers, memoryUsers } from "relatch/memory";
import type { ContractCase, UserStoreFixture } from "relatch/testing";

/** The names of the cases that a store of somebody's own does not pass. */
export async function failuresOf(cases: readonly ContractCase[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return cases.filter((_, index) => outcomes[index]?.status === "rejected").map(({ name }) => name);
}

/** Users in memory for the contract, with methods of somebody's own in place of the good ones. */
export function userFixture(
  flawed: (users: MemoryUsers) => Partial<UserStore> = () => ({}),
): UserStoreFixture {
  const users = memoryUsers();
  type Columns = Parameters<UserStoreFixture["change"]>[1];
  const write = (id: string, { active, ...columns }: Columns) => {
    const current = users.get(id) ?? { id, email: "", passwordHash: null };
    users.set({ ...current, ...columns, ...(active !== undefined && { resetAllowed: active }) });
  };
  return {
    store: { ...users, ...flawed(users) },
    async add(account) {
      const id = randomUUID();
      write(id, account);
      return id;
    },
    change: async (id, columns) => write(id, columns),
    remove: async (id) => users.delete(id),
  };
}
