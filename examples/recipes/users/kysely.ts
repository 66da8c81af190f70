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

export function kyselyUsers(db: Kysely<Database>): UserStore {
  const find = (column: "id" | "canonical_email", value: string) =>
    db
      .selectFrom("users")
      .select(["id", "email", "name", "password_hash as passwordHash", "active as resetAllowed"])
      .where(column, "=", value)
      .executeTakeFirst();

  async function changesOneRow(update: Promise<UpdateResult>): Promise<boolean> {
    try {
      return (await update).numUpdatedRows === 1n;
    } catch (error) {
      // Where REPEATABLE READ or SERIALIZABLE is the default, this is how the loser of a race is told.
      if ((error as { code?: unknown }).code === "40001") return false;
      throw error;
    }
  }

  return {
    findByEmail: (email) => find("canonical_email", email),
    findById: (id) => find("id", id),

    // One UPDATE. "=" with a missing value compares with NULL, which equals nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
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
      changesOneRow(
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
