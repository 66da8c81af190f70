import { and, eq, type SQL, sql } from "drizzle-orm";
import type { MySql2Database } from "drizzle-orm/mysql2";
import type { ResetUser, UserStore } from "relatch";
import { type Brand, users } from "./tables.ts";

const { brand, email, name, passwordHash, active } = users;
// As text, because most settings of mysql2 round large numbers.
const COLUMNS = { id: sql<string>`CAST(${users.id} AS CHAR)`, tenant: brand, email, name, passwordHash, active };

/** Returns a condition that no row fulfills if this is not a number, because MySQL reads '42abc' as 42. */
const hasId = (id: string): SQL => (/^[1-9]\d{0,17}$/.test(id) ? eq(users.id, BigInt(id)) : sql`FALSE`);

export function createUserStore(db: MySql2Database): UserStore<Brand> {
  async function find(condition: SQL | undefined): Promise<ResetUser | undefined> {
    const [row] = await db.select(COLUMNS).from(users).where(condition);
    return row && { ...row, resetAllowed: row.active };
  }
  return {
    findByEmail: (address, tenant) => find(and(eq(users.canonicalEmail, address), eq(brand, tenant))),
    findById: (id) => find(hasId(id)),
    async replacePasswordHash({ userId, email: address, expected, next }) {
      const [{ affectedRows }] = await db
        .update(users)
        .set({ passwordHash: next })
        .where(and(hasId(userId), eq(email, address), eq(passwordHash, expected), eq(active, true)));
      return affectedRows === 1;
    },
  };
}
