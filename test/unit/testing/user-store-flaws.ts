import { type MemoryUsers, memoryUsers } from "relatch/memory";
import type { UserStoreFixture } from "relatch/testing";
import type { PasswordChange, ResetUser, UserStore } from "../../../src/ports/contract.ts";
import { type Flaws, flaw, like } from "./failing.ts";

/** Creates a fixture over users in memory, with a flaw in the store. */
export function fixture(flaw: Flaw = () => ({})): UserStoreFixture {
  const users = memoryUsers([], { firstPasswords: true });
  const secondary = new Map<string, string>();
  let ids = 0;
  return {
    store: { ...users, ...flaw(users, secondary) },
    async add({ email, passwordHash, active, tenant }) {
      const id = `user-${(++ids).toString(16).padStart(4, "0")}`;
      users.set({ id, email, passwordHash, resetAllowed: active, tenant });
      return id;
    },
    async change(id, { active, ...change }) {
      users.set({ ...users.get(id)!, ...change, ...(active === undefined ? {} : { resetAllowed: active }) });
    },
    remove: async (id) => users.delete(id),
    addSecondaryAddress: async (id, email) => secondary.set(email, id),
  };
}

/** Methods that replace the good ones. `secondary` contains secondary addresses, with the ids of their accounts. */
export type Flaw = (users: MemoryUsers, secondary: ReadonlyMap<string, string>) => Partial<UserStore>;

/** Returns every user changed. */
const returning = (title: string, fails: string, change: (user: ResetUser) => unknown) =>
  flaw<Flaw>(title, fails, (users) => {
    const changed = (user: ResetUser | null | undefined) => (user ? (change(user) as ResetUser) : undefined);
    return {
      findByEmail: async (email, tenant) => changed(await users.findByEmail(email, tenant)),
      findById: async (id) => changed(await users.findById(id)),
    };
  });

/** Finds the first user whose address matches. */
const findsBy = (title: string, fails: string, matches: (stored: string, asked: string) => boolean) =>
  flaw<Flaw>(title, fails, (users) => ({
    findByEmail: async (asked, tenant) =>
      all(users).find((user) => user.tenant === tenant && matches(user.email, asked)),
  }));

/** Finds the user with the id that this makes of the given one. */
const findsId = (title: string, fails: string, convert: (id: string) => string) =>
  flaw<Flaw>(title, fails, (users) => ({ findById: async (id) => users.get(convert(id)) }));

/** Only marks users as deleted. The first row that has an address is found, and then judged by its mark. */
const marksDeleted = (title: string, fails: string, find: (users: MemoryUsers) => UserStore["findByEmail"]) =>
  flaw<Flaw>(title, fails, (users) => {
    const deleted = new Set<string>();
    users.delete = (id) => void deleted.add(id);
    const unlessDeleted = async (found: ReturnType<UserStore["findById"]>) => {
      const user = await found;
      return user && !deleted.has(user.id) ? user : undefined;
    };
    return {
      findByEmail: (email, tenant) => unlessDeleted(find(users)(email, tenant)),
      findById: (id) => unlessDeleted(users.findById(id)),
      replacePasswordHash: async (change) => !deleted.has(change.userId) && users.replacePasswordHash(change),
    };
  });

/** Commits in another way. */
const commits = (title: string, fails: string, run: (change: PasswordChange, users: MemoryUsers) => unknown) =>
  flaw<Flaw>(title, fails, (users) => ({ replacePasswordHash: async (change) => run(change, users) as never }));

/** Commits under another condition. */
const commitIf = (title: string, fails: string, condition: (user: ResetUser, change: PasswordChange) => boolean) =>
  commits(title, fails, (change, users) => {
    const user = users.get(change.userId);
    return user !== undefined && condition(user, change) && setHash(users, user, change.next);
  });

type FirstPassword = Parameters<NonNullable<UserStore["setFirstPasswordHash"]>>[0];
/** Sets first passwords in another way. */
const firsts = (title: string, fails: string, run: (change: FirstPassword, users: MemoryUsers) => unknown) =>
  flaw<Flaw>(title, fails, (users) => ({ setFirstPasswordHash: async (change) => run(change, users) as never }));

function setHash(users: MemoryUsers, user: ResetUser, passwordHash: string): true {
  users.set({ ...user, passwordHash });
  return true;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));
const all = (users: MemoryUsers) =>
  Array.from({ length: 64 }, (_, n) => users.get(`user-${n.toString(16).padStart(4, "0")}`)).filter((user) => !!user);
const same = (user: ResetUser, { email, expected }: PasswordChange) =>
  user.email === email && user.passwordHash === expected && user.resetAllowed === true;
const unlessGiven = (value: unknown, asked: unknown) => asked === undefined || value === asked;
const ignoringCase = (a: string | null, b: string) => a?.toLowerCase() === b.toLowerCase();

/** A word for each case. */
export const named = {
  finds: "findByEmail and findById return the account",
  types: "findByEmail and findById return columns of types that relatch accepts",
  anyCase: "findByEmail ignores case and returns the address as it is stored",
  unknown: "findByEmail and findById return nothing for an unknown address or id",
  similarId: "findById returns nothing for a string that is only similar to an id",
  deleted: "findByEmail and findById return nothing for a deleted account",
  twin: "findByEmail returns the account that has the address now, and no deleted one",
  secondary: "findByEmail does not find an account by a secondary address",
  noPassword: "passwordHash is null, not undefined, for an account without a password",
  suspended: "a suspended account has resetAllowed: false, or is not found",
  fresh: "findByEmail and findById see at once what others have changed",
  tenants: "findByEmail keeps tenants apart",
  tenantIds: "ids are unique over all tenants, and findById returns the account of each",
  sets: "replacePasswordHash sets the hash if address and hash are as expected",
  once: "replacePasswordHash does nothing when it is repeated",
  long: "replacePasswordHash stores a hash of 255 characters whole",
  otherHash: "replacePasswordHash sets nothing if the row has another hash",
  hashBytes: "replacePasswordHash compares the hash byte for byte",
  otherAddress: "replacePasswordHash sets nothing if the row has another address",
  addressBytes: "replacePasswordHash compares the address byte for byte with the stored one",
  otherId: "replacePasswordHash sets nothing for an unknown id",
  missing: "replacePasswordHash does not read a missing value as no condition",
  moved: "replacePasswordHash sets nothing if the address was changed meanwhile",
  suspendedMeanwhile: "replacePasswordHash sets nothing if the account was suspended meanwhile",
  deletedMeanwhile: "replacePasswordHash sets nothing if the account was deleted meanwhile",
  passwordless: "replacePasswordHash sets nothing if the account has no password",
  others: "replacePasswordHash changes no other account, even one with the same hash",
  race: "one of 32 concurrent replacePasswordHash calls wins, and its hash is stored",
  first: "setFirstPasswordHash sets the hash if the account has no password",
  firstOnce: "setFirstPasswordHash sets nothing if the account has a password",
  firstOther: "setFirstPasswordHash sets nothing for another address or id",
  firstSuspended: "setFirstPasswordHash sets nothing for a suspended account",
  firstRace: "one of 16 concurrent setFirstPasswordHash calls wins, and its hash is stored",
};
/** The cases that every broken commit fails, and those that also fail if nothing is ever committed. */
const REFUSED = "otherHash hashBytes otherAddress addressBytes otherId";
const COMMITS = `sets once long ${REFUSED} missing moved suspendedMeanwhile passwordless`;
const TENANTS = "tenants tenantIds";
const FIRST = "first firstOnce firstOther firstSuspended firstRace";
const TRUE = `once ${REFUSED} missing moved suspendedMeanwhile deletedMeanwhile passwordless race`;
const LOST = `once ${REFUSED} moved suspendedMeanwhile deletedMeanwhile passwordless race`;

/** Mistakes that people make, and the cases that find them. */
export const flaws: Flaws<Flaw> = [
  flaw(
    "no user ever",
    `finds types anyCase twin secondary noPassword fresh ${TENANTS} ${COMMITS} others race ${FIRST}`,
    () => ({
      findById: async () => null,
      findByEmail: async () => null,
    }),
  ),
  returning("numbers for ids", "finds types twin secondary", (user) => ({
    ...user,
    id: Number.parseInt(user.id.slice(5), 16),
  })),
  returning("0 and 1 for booleans", "finds types sets", (user) => ({
    ...user,
    resetAllowed: Number(user.resetAllowed),
  })),
  returning("objects for names", "types", (user) => ({ ...user, name: {} })),
  returning("ids of 129 bytes", "finds types twin secondary", (user) => ({ ...user, id: user.id.padEnd(129, "x") })),
  returning(
    "a forgotten column",
    `finds noPassword fresh ${TENANTS} ${COMMITS} others race ${FIRST}`,
    ({ passwordHash: _, ...user }) => user,
  ),
  returning("an empty string for null", "noPassword passwordless firstOther firstSuspended", (user) => ({
    ...user,
    passwordHash: user.passwordHash ?? "",
  })),
  returning("the address in lower case", "anyCase", (user) => ({ ...user, email: user.email.toLowerCase() })),
  returning("everyone may reset", "suspended", (user) => ({ ...user, resetAllowed: true })),
  returning("nobody may reset", "finds sets", (user) => ({ ...user, resetAllowed: false })),
  returning("NULL for everybody's state", "finds sets", (user) => ({ ...user, resetAllowed: null })),
  returning("a tenant that is forgotten", "finds tenants tenantIds", ({ tenant: _, ...user }) => user),
  findsBy("addresses matched exactly", "anyCase", (stored, asked) => stored === asked),
  findsBy("addresses matched by LIKE", "unknown", (stored, asked) => like(asked, "i").test(stored)),
  findsBy("addresses matched without accents", "unknown", (stored, asked) =>
    ignoringCase(stored, asked.normalize("NFD").replace(/\p{M}/gu, "")),
  ),
  findsBy("addresses matched by their end", "unknown", (stored, asked) => stored.toLowerCase().endsWith(asked)),
  flaw("no look at the tenant", "tenants", (users) => ({
    findByEmail: async (asked) => all(users).find(({ email }) => ignoringCase(email, asked)),
  })),
  flaw("the first user for an unknown id", "unknown similarId", (users) => ({
    findById: async (id) => users.get(id) ?? all(users)[0],
  })),
  findsId("an id that is read up to its last digit", "similarId", (id) => id.slice(0, 9)),
  findsId("an id that is trimmed", "similarId", (id) => id.trim()),
  flaw("an error for a string that is not an id", "similarId", (users) => ({
    async findById(id) {
      if (/^\w{4}-\d+$/.test(id)) return users.findById(id);
      throw new SyntaxError("Cannot convert to an id");
    },
  })),
  flaw("ids of one tenant only", "tenantIds", (users) => ({
    async findById(id) {
      const user = users.get(id);
      return user?.tenant === "blue" ? user : undefined;
    },
  })),
  flaw("a cache", "fresh", (users) => {
    const seen = new Map<string, ResetUser | undefined>();
    return {
      async findById(id) {
        if (!seen.has(id)) seen.set(id, users.get(id));
        return seen.get(id);
      },
    };
  }),
  marksDeleted("the first of several rows, which is then judged", "twin", (users) => users.findByEmail),
  marksDeleted("several rows, none of which is returned", "twin", (users) => async (email, tenant) => {
    const rows = all(users).filter((user) => user.tenant === tenant && ignoringCase(user.email, email));
    return rows.length === 1 ? rows[0] : undefined;
  }),
  flaw("a secondary address", "secondary", (users, secondary) => ({
    findByEmail: async (email, tenant) => (await users.findByEmail(email, tenant)) ?? users.get(secondary.get(email)!),
  })),
  flaw("a secondary address that is returned as the first", "secondary", (users, secondary) => ({
    async findByEmail(email, tenant) {
      const user = users.get(secondary.get(email) ?? "");
      return user ? { ...user, email } : users.findByEmail(email, tenant);
    },
  })),
  flaw("a deletion mark that the statements ignore", "deleted twin deletedMeanwhile", (users) => {
    users.delete = () => {};
    return {};
  }),
  commitIf("`expected` is ignored", "once otherHash hashBytes missing passwordless race", (user, change) =>
    same(user, { ...change, expected: user.passwordHash as string }),
  ),
  commitIf("the email is ignored", "otherAddress addressBytes missing moved", (user, change) =>
    same(user, { ...change, email: user.email }),
  ),
  commitIf(
    "the email in any case",
    "addressBytes",
    (user, change) => ignoringCase(user.email, change.email) && same(user, { ...change, email: user.email }),
  ),
  commitIf("the email without trailing spaces", "addressBytes", (user, change) =>
    same(user, { ...change, email: String(change.email).trimEnd() }),
  ),
  commitIf(
    "the hash in any case",
    "hashBytes",
    (user, change) =>
      ignoringCase(user.passwordHash, String(change.expected)) &&
      same({ ...user, passwordHash: change.expected }, change),
  ),
  commitIf("the hash without trailing spaces", "hashBytes", (user, change) =>
    same(user, { ...change, expected: String(change.expected).trimEnd() }),
  ),
  commitIf(
    "undefined read as no condition",
    "missing",
    (user, { email, expected }) =>
      unlessGiven(user.email, email) && unlessGiven(user.passwordHash, expected) && user.resetAllowed === true,
  ),
  commitIf("null equal to an empty string", "passwordless", (user, change) =>
    same({ ...user, passwordHash: user.passwordHash ?? "" }, change),
  ),
  commitIf("suspended accounts too", "suspendedMeanwhile", (user, change) =>
    same({ ...user, resetAllowed: true }, change),
  ),
  commits("a read, then a write", "race", async (change, users) => {
    const user = await users.findById(change.userId);
    await pause();
    return user ? same(user, change) && setHash(users, user, change.next) : false;
  }),
  commits("a read, then a write by the id alone", "race", async (change, users) => {
    const user = await users.findById(change.userId);
    if (!user || !same(user, change)) return false;
    await pause();
    return setHash(users, user, change.next);
  }),
  commits("a commit that reactivates a suspended account", "suspendedMeanwhile", (change, users) => {
    const user = users.get(change.userId);
    const active = user && { ...user, resetAllowed: true };
    return active ? same(active, change) && setHash(users, active, change.next) : false;
  }),
  commits("a commit that inserts a deleted account", "otherId deletedMeanwhile", (change, users) => {
    const { userId: id, email, next } = change;
    if (users.get(id) || !id || !email) return users.replacePasswordHash(change);
    return setHash(users, { id, email, passwordHash: null, resetAllowed: true }, next);
  }),
  commits("the count of rows", `${COMMITS} deletedMeanwhile race`, async (change, users) =>
    Number(await users.replacePasswordHash(change)),
  ),
  commits("no return value", `${COMMITS} deletedMeanwhile race`, async (change, users) => {
    await users.replacePasswordHash(change);
  }),
  commits("always true", TRUE, async (change, users) => {
    await users.replacePasswordHash(change);
    return true;
  }),
  commits("always false", "sets long race", async (change, users) => {
    await users.replacePasswordHash(change);
    return false;
  }),
  commits("an error for a lost race", LOST, async (change, users) => {
    if (await users.replacePasswordHash(change)) return true;
    throw new Error("no row was updated");
  }),
  commits("a commit that is lost", "sets once long", async (change, users) => {
    const before = users.get(change.userId);
    const done = await users.replacePasswordHash(change);
    if (before) users.set(before);
    return done;
  }),
  commits("hashes cut to 60 characters", "long", (change, users) =>
    users.replacePasswordHash({ ...change, next: change.next.slice(0, 60) }),
  ),
  commits("another column changed as well", "sets long", async (change, users) => {
    const done = await users.replacePasswordHash(change);
    if (done) users.set({ ...users.get(change.userId)!, email: "moved@example.org" });
    return done;
  }),
  commits("every account with the hash is changed", "others", async (change, users) => {
    const done = await users.replacePasswordHash(change);
    const alike = all(users).filter(({ passwordHash }) => done && passwordHash === change.expected);
    for (const user of alike) setHash(users, user, change.next);
    return done;
  }),
  firsts("a first password that is never set", "first firstOnce firstRace", () => false),
  firsts("a first password over another", "firstOnce firstRace", ({ userId, email, next }, users) => {
    const user = users.get(userId);
    return user?.email === email && user.resetAllowed === true && setHash(users, user, next);
  }),
  firsts("a first password for any address", "firstOther", (change, users) =>
    users.setFirstPasswordHash!({ ...change, email: users.get(change.userId)?.email ?? "" }),
  ),
  firsts("a first password without an address", "firstOther", (change, users) =>
    users.setFirstPasswordHash!({ ...change, email: change.email ?? users.get(change.userId)?.email }),
  ),
  firsts("a first password for a suspended account", "firstSuspended", ({ userId, email, next }, users) => {
    const user = users.get(userId);
    return user?.email === email && user.passwordHash === null && setHash(users, user, next);
  }),
  firsts("a first password read, then written", "firstRace", async ({ userId, email, next }, users) => {
    const user = await users.findById(userId);
    await pause();
    if (user?.email !== email || user.passwordHash !== null || user.resetAllowed !== true) return false;
    return setHash(users, user, next);
  }),
];
