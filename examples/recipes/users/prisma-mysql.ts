import type { ResetUser, UserStore } from "relatch";
import type { PrismaClient } from "./prisma-mysql/generated/client.ts";

// Prisma 7 on MySQL 8 or MariaDB, without its own engine: new PrismaClient({ adapter: new PrismaMariaDb(…) }). Numeric
// ids, and tenants. The model is in prisma-mysql/schema.prisma; sign-up and change of address fill `canonicalEmail` with
// `canonicalEmail(email)` as bytes. Without tenants, leave out `tenant`.

const SELECT = { id: true, tenant: true, email: true, name: true, passwordHash: true, active: true } as const;

/** Reads an id, or returns nothing if it is not a number: `BigInt("x")` throws, and MySQL reads `'42abc'` as 42. */
const readId = (id: string): bigint | undefined => (/^[1-9]\d{0,17}$/.test(id) ? BigInt(id) : undefined);

const MAX_RETRIES = 3;

export function prismaMysqlUsers(prisma: Pick<PrismaClient, "user" | "$executeRaw">): UserStore {
  type Where = Parameters<typeof prisma.user.findUnique>[0]["where"];

  // findUnique refuses a missing value. findFirst would read it as "no condition" and return some account.
  async function find(where: Where): Promise<ResetUser | null> {
    const user = await prisma.user.findUnique({ where, select: SELECT });
    const tenant = Buffer.from(user?.tenant ?? "").toString() || undefined;
    return user && { ...user, id: String(user.id), tenant, resetAllowed: user.active };
  }

  async function changesOneRow(update: () => Promise<number>): Promise<boolean> {
    for (let retries = 0; ; retries++) {
      try {
        // Matched rows, by the driver's default option `foundRows`.
        return (await update()) === 1;
      } catch (error) {
        if (retries === MAX_RETRIES || !isWorthARetry(error)) throw error;
      }
    }
  }

  return {
    findByEmail: (email, tenant = "") =>
      find({ mailbox: { tenant: Buffer.from(tenant), canonicalEmail: Buffer.from(email) } }),

    async findById(userId) {
      const id = readId(userId);
      return id === undefined ? null : find({ id });
    },

    // SQL and not updateMany: there a missing value means "no condition". CAST: byte by byte whatever the columns'
    // collations are, and with the trailing blanks that even `_bin` ignores. A missing value becomes NULL, which equals
    // nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        () => prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${readId(userId) ?? null} AND email = CAST(${email} AS BINARY)
             AND password_hash = CAST(${expected} AS BINARY) AND active`,
      ),

    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(
        () => prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${readId(userId) ?? null} AND email = CAST(${email} AS BINARY)
             AND password_hash IS NULL AND active`,
      ),
  };
}

/** The server ended a deadlock by undoing this statement (1213); on MariaDB, a snapshot was out of date (1020). */
function isWorthARetry(error: unknown): boolean {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } };
  const code = meta?.driverAdapterError?.cause?.originalCode;
  return code === "1213" || code === "1020";
}
