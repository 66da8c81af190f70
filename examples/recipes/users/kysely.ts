import type { Generated, Kysely, UpdateResult } from "kysely";
import type { UserStore } from "relatch";

// Kysely on PostgreSQL. Sign-up and change of address fill `canonical_email` with `canonicalEmail(email)`.

export interface Database {
  users: {
    id: Generated<string>;
    email: string;
    canonical_email: string;
    name: string | null;
    password_hash: string | null;
    active: Generated<boolean>;
  };
}

/** PostgreSQL throws for a string that is not a UUID. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

export function kyselyUsers(db: Kysely<Database>): UserStore {
  const find = (column: "id" | "canonical_email", value: string) =>
    db
      .selectFrom("users")
      .select(["id", "email", "name", "password_hash as passwordHash", "active as resetAllowed"])
      .where(column, "=", value)
      .executeTakeFirst();

  async function changesOneRow(update: () => Promise<UpdateResult>, isRerun = false): Promise<boolean> {
    try {
      return (await update()).numUpdatedRows === 1n;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "40001") throw error;
      // At REPEATABLE READ and SERIALIZABLE this means that another transaction changed the row meanwhile, perhaps in
      // another column. The second attempt sees what it wrote.
      return isRerun ? false : changesOneRow(update, true);
    }
  }

  return {
    findByEmail: (email) => find("canonical_email", email),
    findById: async (id) => (isUuid(id) ? find("id", id) : undefined),

    // One UPDATE. "=" with a missing value compares with NULL, which equals nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(() =>
        db
          .updateTable("users")
          .set({ password_hash: next })
          .where("id", "=", userId)
          .where("email", "=", email)
          .where("password_hash", "=", expected)
          .where("active", "=", true)
          .executeTakeFirstOrThrow(),
      ),

    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(() =>
        db
          .updateTable("users")
          .set({ password_hash: next })
          .where("id", "=", userId)
          .where("email", "=", email)
          .where("password_hash", "is", null)
          .where("active", "=", true)
          .executeTakeFirstOrThrow(),
      ),
  };
}
