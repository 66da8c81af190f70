import { type MemoryUsers, memoryUsers } from "relatch/memory";
import type { UserStoreFixture } from "relatch/testing";
import type { PasswordChange, ResetUser, UserStore } from "../../src/types.ts";

/** A fixture over users in memory, with flaws put into the store. */
export function fixture(flaw: Flaw = () => ({})): UserStoreFixture {
  const users = memoryUsers();
  let ids = 0;
  return {
    store: { ...users, ...flaw(users) },
    async add({ email, passwordHash, active, tenant }) {
      const id = `user-${(++ids).toString(16).padStart(4, "0")}`;
      users.set({ id, email, passwordHash, resetAllowed: active, tenant });
      return id;
    },
    async change(id, { active, ...change }) {
      users.set({ ...users.get(id)!, ...change, ...(active === undefined ? {} : { resetAllowed: active }) });
    },
    remove: async (id) => users.delete(id),
  };
}

/** What an attempt at a store gets wrong: its own methods in place of the good ones. */
export type Flaw = (users: MemoryUsers) => Partial<UserStore>;

/** A commit with a condition of its own. */
const commitIf =
  (condition: (user: ResetUser, change: PasswordChange) => boolean): Flaw =>
  (users) => ({
    async replacePasswordHash(change) {
      const user = users.get(change.userId);
      if (!user || !condition(user, change)) return false;
      users.set({ ...user, passwordHash: change.next });
      return true;
    },
  });

/** Answers every user otherwise. */
const answering =
  (change: (user: ResetUser) => unknown): Flaw =>
  (users) => {
    const changed = (user: ResetUser | null | undefined) => (user ? (change(user) as ResetUser) : undefined);
    return {
      findByEmail: async (email, tenant) => changed(await users.findByEmail(email, tenant)),
      findById: async (id) => changed(await users.findById(id)),
    };
  };

const all = (users: MemoryUsers) =>
  Array.from({ length: 64 }, (_, n) => users.get(`user-${n.toString(16).padStart(4, "0")}`)).filter(
    (user) => !!user,
  );

/** Finds the first whose address matches. */
const findsBy =
  (matches: (stored: string, asked: string) => boolean): Flaw =>
  (users) => ({ findByEmail: async (asked) => all(users).find(({ email }) => matches(email, asked)) });

const same = (user: ResetUser, { email, expected }: PasswordChange) =>
  user.email === email && user.passwordHash === expected && user.resetAllowed === true;
const unlessGiven = (value: unknown, asked: unknown) => asked === undefined || value === asked;
const ignoringCase = (a: string | null, b: string) => a?.toLowerCase() === b.toLowerCase();

/** The cases, by a word. */
export const named = {
  finds: "finds an account by its canonical address and by its id",
  types: "answers each column in a type that relatch takes",
  anyCase: "finds an address whatever its case, and answers it as it is stored",
  unknown: "finds nothing for an unknown address or id",
  deleted: "finds nothing any more when the account is deleted",
  noPassword: "answers null, and not undefined, for an account without a password",
  suspended: "says of a suspended account that it may not reset, or does not find it",
  fresh: "sees at once what others have changed",
  tenants: "keeps tenants apart",
  sets: "sets the hash when address and hash are as expected",
  once: "sets it once: the same commit again does nothing",
  long: "keeps a hash of 255 characters whole",
  otherHash: "sets nothing when the hash is another",
  hashBytes: "compares the hash byte for byte",
  otherAddress: "sets nothing when the address is another",
  addressBytes: "compares the address byte for byte with the one on file",
  otherId: "sets nothing for an id that no account has",
  missing: "does not take a missing value for a missing condition",
  moved: "sets nothing when the address was changed meanwhile",
  suspendedMeanwhile: "sets nothing for an account that was suspended meanwhile",
  deletedMeanwhile: "sets nothing for an account that was deleted meanwhile",
  passwordless: "sets nothing on an account without a password",
  others: "touches no other account, also one with the same hash",
  race: "lets one of 32 concurrent callers win, and the winner's hash stands",
  first: "sets a first password where there is none",
  firstOnce: "sets no first password where there is one",
  firstOther: "sets no first password for another address or id",
  firstSuspended: "sets no first password for a suspended account",
  firstRace: "lets one of 16 concurrent callers set the first password",
};
const { finds, types, anyCase, unknown, deleted, noPassword, suspended, fresh, tenants } = named;
const { sets, once, long, otherHash, hashBytes, otherAddress, addressBytes, otherId, missing, moved } = named;
const { suspendedMeanwhile, deletedMeanwhile, passwordless, others, race } = named;
const { first, firstOnce, firstOther, firstSuspended, firstRace } = named;

/** What people get wrong, and which cases say so. */
export const flaws: [title: string, flaw: Flaw, fails: string[]][] = [
  [
    "no user ever",
    () => ({ findById: async () => null, findByEmail: async () => null }),
    [
      finds,
      types,
      anyCase,
      noPassword,
      fresh,
      tenants,
      sets,
      once,
      long,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      missing,
      moved,
      suspendedMeanwhile,
      passwordless,
      others,
      race,
      first,
      firstOnce,
      firstOther,
      firstSuspended,
      firstRace,
    ],
  ],
  [
    "numbers for ids",
    answering((user) => ({ ...user, id: Number.parseInt(user.id.slice(5), 16) })),
    [finds, types],
  ],
  [
    "0 and 1 for booleans",
    answering((user) => ({ ...user, resetAllowed: Number(user.resetAllowed) })),
    [types, suspended],
  ],
  ["objects for names", answering((user) => ({ ...user, name: {} })), [types]],
  ["ids of 129 bytes", answering((user) => ({ ...user, id: user.id.padEnd(129, "x") })), [finds, types]],
  [
    "a forgotten column",
    answering(({ passwordHash: _, ...user }) => user),
    [
      finds,
      noPassword,
      fresh,
      tenants,
      sets,
      once,
      long,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      missing,
      moved,
      suspendedMeanwhile,
      passwordless,
      others,
      race,
      first,
      firstOnce,
      firstOther,
      firstSuspended,
      firstRace,
    ],
  ],
  [
    "an empty text for null",
    answering((user) => ({ ...user, passwordHash: user.passwordHash ?? "" })),
    [noPassword, passwordless, firstOther, firstSuspended],
  ],
  [
    "the address in lower case",
    answering((user) => ({ ...user, email: user.email.toLowerCase() })),
    [anyCase],
  ],
  ["everybody may reset", answering((user) => ({ ...user, resetAllowed: true })), [suspended]],
  ["nobody may reset", answering((user) => ({ ...user, resetAllowed: false })), [finds, sets]],
  ["addresses matched exactly", findsBy((stored, asked) => stored === asked), [anyCase, tenants]],
  [
    "addresses matched by LIKE",
    findsBy((stored, asked) =>
      new RegExp(
        `^${asked
          .replace(/[.*+?]/g, "\\$&")
          .replaceAll("%", ".*")
          .replaceAll("_", ".")}$`,
        "i",
      ).test(stored),
    ),
    [unknown, tenants],
  ],
  [
    "addresses matched without accents",
    findsBy((stored, asked) => ignoringCase(stored, asked.normalize("NFD").replace(/\p{M}/gu, ""))),
    [unknown, tenants],
  ],
  [
    "addresses matched by their end",
    findsBy((stored, asked) => stored.toLowerCase().endsWith(asked)),
    [unknown, tenants],
  ],
  ["no look at the tenant", findsBy((stored, asked) => ignoringCase(stored, asked)), [tenants]],
  [
    "the first user for an unknown id",
    (users) => ({ findById: async (id) => users.get(id) ?? all(users)[0] }),
    [unknown],
  ],
  [
    "a cache",
    (users) => {
      const seen = new Map<string, ResetUser | undefined>();
      return {
        async findById(id) {
          if (!seen.has(id)) seen.set(id, users.get(id));
          return seen.get(id);
        },
      };
    },
    [fresh],
  ],
  [
    "a mark of deletion that the statements overlook",
    (users) => {
      users.delete = () => {};
      return {};
    },
    [deleted, deletedMeanwhile],
  ],
  [
    "`expected` ignored",
    commitIf((user, { email }) => user.email === email && user.resetAllowed === true),
    [once, otherHash, hashBytes, missing, passwordless, race],
  ],
  [
    "the e-mail ignored",
    commitIf((user, { expected }) => user.passwordHash === expected && user.resetAllowed === true),
    [otherAddress, addressBytes, missing, moved],
  ],
  [
    "the e-mail in any case",
    commitIf(
      (user, change) =>
        ignoringCase(user.email, change.email) && same(user, { ...change, email: user.email }),
    ),
    [addressBytes],
  ],
  [
    "the e-mail without blanks at the end",
    commitIf((user, change) => same(user, { ...change, email: String(change.email).trimEnd() })),
    [addressBytes],
  ],
  [
    "the hash in any case",
    commitIf(
      (user, change) =>
        ignoringCase(user.passwordHash, String(change.expected)) &&
        same({ ...user, passwordHash: change.expected }, change),
    ),
    [hashBytes],
  ],
  [
    "the hash without blanks at the end",
    commitIf((user, change) => same(user, { ...change, expected: String(change.expected).trimEnd() })),
    [hashBytes],
  ],
  [
    "undefined for no condition",
    commitIf(
      (user, { email, expected }) =>
        unlessGiven(user.email, email) &&
        unlessGiven(user.passwordHash, expected) &&
        user.resetAllowed === true,
    ),
    [missing],
  ],
  [
    "null and an empty text alike",
    commitIf((user, change) => same({ ...user, passwordHash: user.passwordHash ?? "" }, change)),
    [passwordless],
  ],
  [
    "suspended accounts too",
    commitIf((user, change) => same({ ...user, resetAllowed: true }, change)),
    [suspendedMeanwhile],
  ],
  [
    "a read, then a write",
    (users) => ({
      async replacePasswordHash(change) {
        const user = await users.findById(change.userId);
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (!user || !same(user, change)) return false;
        users.set({ ...user, passwordHash: change.next });
        return true;
      },
    }),
    [race],
  ],
  [
    "a read, then a write by the id alone",
    (users) => ({
      async replacePasswordHash(change) {
        const user = await users.findById(change.userId);
        if (!user || !same(user, change)) return false;
        await new Promise((resolve) => setTimeout(resolve, 0));
        users.set({ ...user, passwordHash: change.next });
        return true;
      },
    }),
    [race],
  ],
  [
    "a suspended account that the commit revives",
    (users) => ({
      async replacePasswordHash({ userId, email, expected, next }) {
        const user = users.get(userId);
        if (user?.email !== email || user.passwordHash !== expected) return false;
        users.set({ ...user, passwordHash: next, resetAllowed: true });
        return true;
      },
    }),
    [suspendedMeanwhile],
  ],
  [
    "a deleted account that the commit inserts",
    (users) => ({
      async replacePasswordHash(change) {
        const { userId: id, email, next: passwordHash } = change;
        if (users.get(id) || !id || !email) return users.replacePasswordHash(change);
        users.set({ id, email, passwordHash, resetAllowed: true });
        return true;
      },
    }),
    [otherId, deletedMeanwhile],
  ],
  [
    "the count of rows",
    (users) => ({
      replacePasswordHash: async (change) => Number(await users.replacePasswordHash(change)) as never,
    }),
    [
      sets,
      once,
      long,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      missing,
      moved,
      suspendedMeanwhile,
      deletedMeanwhile,
      passwordless,
      race,
    ],
  ],
  [
    "no answer",
    (users) => ({
      replacePasswordHash: async (change) => void (await users.replacePasswordHash(change)) as never,
    }),
    [
      sets,
      once,
      long,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      missing,
      moved,
      suspendedMeanwhile,
      deletedMeanwhile,
      passwordless,
      race,
    ],
  ],
  [
    "always true",
    (users) => ({
      async replacePasswordHash(change) {
        await users.replacePasswordHash(change);
        return true;
      },
    }),
    [
      once,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      missing,
      moved,
      suspendedMeanwhile,
      deletedMeanwhile,
      passwordless,
      race,
    ],
  ],
  [
    "always false",
    (users) => ({
      replacePasswordHash: async (change) => (await users.replacePasswordHash(change)) && false,
    }),
    [sets, long, race],
  ],
  [
    "an error for a lost race",
    (users) => ({
      async replacePasswordHash(change) {
        if (await users.replacePasswordHash(change)) return true;
        throw new Error("no row was updated");
      },
    }),
    [
      once,
      otherHash,
      hashBytes,
      otherAddress,
      addressBytes,
      otherId,
      moved,
      suspendedMeanwhile,
      deletedMeanwhile,
      passwordless,
      race,
    ],
  ],
  [
    "hashes cut to 60 characters",
    (users) => ({
      replacePasswordHash: (change) =>
        users.replacePasswordHash({ ...change, next: change.next.slice(0, 60) }),
    }),
    [long],
  ],
  [
    "another column changed as well",
    (users) => ({
      async replacePasswordHash(change) {
        const done = await users.replacePasswordHash(change);
        if (done) users.set({ ...users.get(change.userId)!, email: "moved@example.org" });
        return done;
      },
    }),
    [sets, long],
  ],
  [
    "all that have the hash",
    (users) => ({
      async replacePasswordHash(change) {
        const done = await users.replacePasswordHash(change);
        const alike = all(users).filter(({ passwordHash }) => done && passwordHash === change.expected);
        for (const user of alike) users.set({ ...user, passwordHash: change.next });
        return done;
      },
    }),
    [others],
  ],
  [
    "a first password that is never set",
    () => ({ setFirstPasswordHash: async () => false }),
    [first, firstOnce, firstRace],
  ],
  [
    "a first password over another",
    (users) => ({
      async setFirstPasswordHash({ userId, email, next }) {
        const user = users.get(userId);
        if (user?.email !== email || user.resetAllowed !== true) return false;
        users.set({ ...user, passwordHash: next });
        return true;
      },
    }),
    [firstOnce, firstRace],
  ],
  [
    "a first password for any address",
    (users) => ({
      setFirstPasswordHash: async (change) =>
        users.setFirstPasswordHash({ ...change, email: users.get(change.userId)?.email ?? "" }),
    }),
    [firstOther],
  ],
  [
    "a first password where the address is missing",
    (users) => ({
      setFirstPasswordHash: async (change) =>
        users.setFirstPasswordHash({ ...change, email: change.email ?? users.get(change.userId)?.email }),
    }),
    [firstOther],
  ],
  [
    "a first password for the suspended",
    (users) => ({
      async setFirstPasswordHash({ userId, email, next }) {
        const user = users.get(userId);
        if (user?.email !== email || user.passwordHash !== null) return false;
        users.set({ ...user, passwordHash: next });
        return true;
      },
    }),
    [firstSuspended],
  ],
  [
    "a first password read, then written",
    (users) => ({
      async setFirstPasswordHash({ userId, email, next }) {
        const user = await users.findById(userId);
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (user?.email !== email || user.passwordHash !== null || user.resetAllowed !== true) return false;
        users.set({ ...user, passwordHash: next });
        return true;
      },
    }),
    [firstRace],
  ],
];
