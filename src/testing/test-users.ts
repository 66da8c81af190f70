import type { ResetUser, UserStore } from "../ports/contract.ts";
import { assertSame, randomHex } from "./cases.ts";

/** The row of a user in a test. */
export interface TestUser {
  email: string;
  passwordHash: string | null;
  /** Whether the account may reset its password: it is not suspended. */
  active: boolean;
  /** One of the option `tenants`. Absent without that option. */
  tenant?: string | undefined;
}

/** A store on a table that only this test uses, and functions that write to the table in other ways. */
export interface UserStoreFixture {
  store: UserStore;
  /** Adds a user, as a sign-up would, and returns the id. */
  add(user: TestUser): Promise<string>;
  /** Changes a user, as other parts of the application would. */
  change(id: string, change: Partial<TestUser>): Promise<unknown>;
  /** Deletes a user as the application does. If that only marks the row as deleted, so must this. */
  remove(id: string): Promise<unknown>;
  /** Optional: gives a user a second address, as the application does. */
  addSecondaryAddress?: ((id: string, email: string) => Promise<unknown>) | undefined;
}

export type TestUserWithPassword = TestUser & { passwordHash: string };

/** A fixture, with the functions that cases use in their tenant. */
export interface Users extends UserStoreFixture {
  /** Creates a user that no other case has. */
  createUser(): TestUserWithPassword;
  findByEmail(email: string): Promise<ResetUser | undefined>;
  findById(id: string): Promise<ResetUser | undefined>;
  /** Finds an account that must be there, by its address and by its id. */
  findBothWays(email: string, id: string): Promise<(readonly [how: string, user: ResetUser])[]>;
}

/** The usual causes of a failure, for its message. */
export const HINTS = {
  outdated:
    "Usual causes: a replica that lags, a cache, or a transaction that is not committed. " +
    "If the row is never found: a condition on a column that is NULL, or an id of another type.",
  twin: "If several rows have the address, return the one that the sign-in finds: never one that is marked as deleted.",
  secondary: "Match ResetUser.email only, because no link is sent to any other address.",
  similarId: "The id was converted, and not compared. Return nothing if a string does not have the form of your ids.",
  tenantIds: "Ids must be unique over all tenants, because links and jobs contain the id alone.",
} as const;

/** Binds a fixture to a tenant, or to none. */
export function inTenant(fixture: UserStoreFixture, tenant: string | undefined): Users {
  const { store } = fixture;
  const findByEmail = async (email: string) => (await store.findByEmail(email, tenant)) ?? undefined;
  const findById = async (id: string) => (await store.findById(id)) ?? undefined;
  const assertThere = (how: string, user: ResetUser | undefined): ResetUser => {
    if (user) return user;
    throw new Error(`${how}: received nothing, expected the account. ${HINTS.outdated}`);
  };
  return {
    ...fixture,
    createUser: () => ({
      email: `user-${randomHex(16)}@example.org`,
      passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomHex(16)}$aB`,
      active: true,
      ...(tenant !== undefined && { tenant }),
    }),
    findByEmail,
    findById,
    findBothWays: async (email, id) => [
      ["by email", assertThere("findByEmail", await findByEmail(email))],
      ["by id", assertThere("findById", await findById(id))],
    ],
  };
}

/** Reports whether relatch lets this account reset its password. */
export const mayReset = ({ resetAllowed }: ResetUser): boolean => resetAllowed === undefined || resetAllowed === true;

export const assertNothing = async (what: string, found: Promise<unknown>, hint?: string): Promise<void> =>
  assertSame(what, (await found) ?? undefined, undefined, hint);

/** Returns an id of the same kind that no account has: a number, a UUID, an ObjectId or another string. */
export const createAbsentId = (id: ResetUser["id"]): string =>
  /^\d+$/.test(id) ? "987654321" : id.replace(/[0-9a-f]/gi, (digit) => (digit === "0" ? "1" : "0"));

/** Returns strings that are not the id, although a database or a conversion may read them as it, or fail. */
export const createSimilarIds = (id: ResetUser["id"]): string[] => [
  ...["abc", ".0", "e0", " ", "\n", "-", "%"].map((ending) => id + ending),
  ...[" ", "0", "+", "\t"].map((start) => start + id),
  ...(/^\d+$/.test(id) ? [`0x${BigInt(id).toString(16)}`, `${id}n`] : []),
  ...["not-an-id", "%", "NaN", "null", "' OR '1'='1"],
];
