import type { UserStore } from "relatch";
import { EntitySchema, type Repository } from "typeorm";

// TypeORM on PostgreSQL. Sign-up and change of address fill `canonicalEmail` with `canonicalEmail(email)`.

interface UserRow {
  id: string;
  email: string;
  canonicalEmail: string;
  name: string | null;
  passwordHash: string | null;
  active: boolean;
}

export const User = new EntitySchema<UserRow>({
  name: "User",
  tableName: "users",
  columns: {
    id: { type: "uuid", primary: true, generated: "uuid" },
    email: { type: "text" },
    canonicalEmail: { name: "canonical_email", type: "text", unique: true },
    name: { type: "text", nullable: true },
    passwordHash: { name: "password_hash", type: "text", nullable: true },
    active: { type: "boolean", default: true },
  },
});

/** PostgreSQL throws for a string that is not a UUID. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

/**
 * Conditions are written out, with parameters. In a `where` object a missing value meant "no condition" up to
 * TypeORM 0.3, and still does where `invalidWhereValuesBehavior` says "ignore": `findOneBy({ id: undefined })`
 * returns the first account of the table.
 */
export function typeormUsers(users: Repository<UserRow>): UserStore {
  async function find(condition: string, value: string) {
    const user = await users.createQueryBuilder("user").where(condition, { value }).getOne();
    return user && { ...user, resetAllowed: user.active };
  }

  async function changesOneRow(
    next: string,
    condition: string,
    values: Record<string, unknown>,
    isRerun = false,
  ): Promise<boolean> {
    try {
      const update = users.createQueryBuilder().update().set({ passwordHash: next }).where(condition, values);
      return (await update.execute()).affected === 1;
    } catch (error) {
      if ((error as { driverError?: { code?: unknown } }).driverError?.code !== "40001") throw error;
      // At REPEATABLE READ and SERIALIZABLE this means that another transaction changed the row meanwhile, perhaps in
      // another column. The second attempt sees what it wrote.
      return isRerun ? false : changesOneRow(next, condition, values, true);
    }
  }

  return {
    findByEmail: (email) => find("user.canonicalEmail = :value", email),
    findById: async (id) => (isUuid(id) ? find("user.id = :value", id) : null),

    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(next, "id = :userId AND email = :email AND password_hash = :expected AND active", {
        userId,
        email,
        expected,
      }),

    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(next, "id = :userId AND email = :email AND password_hash IS NULL AND active", {
        userId,
        email,
      }),
  };
}
