import { and, eq, isNull } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { boolean, pgTable, text, uuid } from "drizzle-orm/pg-core";
import type { UserStore } from "relatch";

// Drizzle on PostgreSQL. Sign-up and change of address fill `canonicalEmail` with `canonicalEmail(email)`.

export const users = pgTable("users", {
  id: uuid().primaryKey().defaultRandom(),
  email: text().notNull(),
  canonicalEmail: text("canonical_email").notNull().unique(),
  name: text(),
  passwordHash: text("password_hash"),
  active: boolean().notNull().default(true),
});

const { id, email, name, passwordHash, active } = users;
const COLUMNS = { id, email, name, passwordHash, resetAllowed: active };

/** PostgreSQL throws for a string that is not a UUID. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

export function drizzleUsers(db: Pick<NodePgDatabase, "select" | "update">): UserStore {
  async function changesOneRow(update: () => Promise<{ rowCount: number | null }>, isRerun = false): Promise<boolean> {
    try {
      return (await update()).rowCount === 1;
    } catch (error) {
      if ((error as { cause?: { code?: unknown } }).cause?.code !== "40001") throw error;
      // At REPEATABLE READ and SERIALIZABLE this means that another transaction changed the row meanwhile, perhaps in
      // another column. The second attempt sees what it wrote.
      return isRerun ? false : changesOneRow(update, true);
    }
  }

  return {
    async findByEmail(address) {
      return (await db.select(COLUMNS).from(users).where(eq(users.canonicalEmail, address)))[0];
    },

    async findById(userId) {
      if (!isUuid(userId)) return undefined;
      return (await db.select(COLUMNS).from(users).where(eq(id, userId)))[0];
    },

    // One UPDATE. `and` drops an `undefined` among its arguments, but eq(…, undefined) is not one: it compares with NULL.
    replacePasswordHash: (change) =>
      changesOneRow(() =>
        db
          .update(users)
          .set({ passwordHash: change.next })
          .where(
            and(eq(id, change.userId), eq(email, change.email), eq(passwordHash, change.expected), eq(active, true)),
          ),
      ),

    setFirstPasswordHash: (change) =>
      changesOneRow(() =>
        db
          .update(users)
          .set({ passwordHash: change.next })
          .where(and(eq(id, change.userId), eq(email, change.email), isNull(passwordHash), eq(active, true))),
      ),
  };
}
