import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { bigint, boolean, mysqlTable, unique, varbinary, varchar } from "drizzle-orm/mysql-core";
import type { MySql2Database } from "drizzle-orm/mysql2";
import type { ResetUser, UserStore } from "relatch";

// Drizzle on MySQL 8 or MariaDB with mysql2, numeric ids and tenants. Sign-up and change of address fill
// `canonicalEmail` with `canonicalEmail(email)`. Without tenants, leave out `tenant`.

/** Addresses are found by their bytes, because under the default collation `é` and `e` are one address. */
export const users = mysqlTable(
  "users",
  {
    id: bigint({ mode: "bigint", unsigned: true }).autoincrement().primaryKey(),
    tenant: varbinary({ length: 64 }).notNull().default(""),
    email: varchar({ length: 254 }).notNull(),
    canonicalEmail: varbinary("canonical_email", { length: 254 }).notNull(),
    name: varchar({ length: 200 }),
    passwordHash: varchar("password_hash", { length: 255 }),
    active: boolean().notNull().default(true),
  },
  (table) => [unique("users_mailbox").on(table.tenant, table.canonicalEmail)],
);

const { tenant, email, name, passwordHash, active } = users;
// As text, because most settings of mysql2 round large numbers.
const COLUMNS = { id: sql<string>`CAST(${users.id} AS CHAR)`, tenant, email, name, passwordHash, active };

/** Reads an id, or returns nothing if it is not a number: `BigInt("x")` throws, and MySQL reads `'42abc'` as 42. */
const readId = (id: string): bigint | undefined => (/^[1-9]\d{0,17}$/.test(id) ? BigInt(id) : undefined);

/** Byte by byte, whatever the column's collation is, and with the trailing blanks that even `_bin` ignores. */
const equals = (column: typeof email | typeof passwordHash, value: string): SQL =>
  sql`${column} = CAST(${value} AS BINARY)`;

const MAX_RETRIES = 3;

export function drizzleMysqlUsers(db: Pick<MySql2Database, "select" | "update">): UserStore {
  async function find(condition: SQL | undefined): Promise<ResetUser | undefined> {
    const [row] = await db.select(COLUMNS).from(users).where(condition);
    return row && { ...row, tenant: row.tenant || undefined, resetAllowed: row.active };
  }

  async function commit(userId: string, next: string, isExpected: SQL, isSameAddress: SQL): Promise<boolean> {
    const id = readId(userId);
    if (id === undefined) return false;
    const condition = and(eq(users.id, id), isSameAddress, isExpected, eq(active, true));
    for (let retries = 0; ; retries++) {
      try {
        const [result] = await db.update(users).set({ passwordHash: next }).where(condition);
        // Matched rows, by mysql2's default flag FOUND_ROWS.
        return result.affectedRows === 1;
      } catch (error) {
        if (retries === MAX_RETRIES || !isWorthARetry(error)) throw error;
      }
    }
  }

  return {
    findByEmail: (address, of = "") => find(and(eq(users.canonicalEmail, address), eq(tenant, of))),

    async findById(userId) {
      const id = readId(userId);
      return id === undefined ? undefined : find(eq(users.id, id));
    },

    replacePasswordHash: (change) =>
      commit(change.userId, change.next, equals(passwordHash, change.expected), equals(email, change.email)),

    setFirstPasswordHash: (change) =>
      commit(change.userId, change.next, isNull(passwordHash), equals(email, change.email)),
  };
}

/** The server ended a deadlock by undoing this statement (1213); on MariaDB, a snapshot was out of date (1020). */
function isWorthARetry(error: unknown): boolean {
  const { cause } = error as { cause?: { errno?: unknown } };
  return cause?.errno === 1213 || cause?.errno === 1020;
}
