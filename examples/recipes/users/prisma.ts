import type { UserStore } from "relatch";
import type { PrismaClient } from "./prisma/generated/client.ts";

// Prisma 7 on PostgreSQL, without its own engine: new PrismaClient({ adapter: new PrismaPg(…) }). The model is
// in prisma/schema.prisma; sign-up and change of address fill `canonicalEmail` with `canonicalEmail(email)`.

const SELECT = { id: true, email: true, name: true, passwordHash: true, active: true } as const;

/** PostgreSQL throws for a string that is not a UUID. */
const isUuid = (id: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);

export function prismaUsers(prisma: Pick<PrismaClient, "user" | "$executeRaw">): UserStore {
  // findUnique refuses a missing value. findFirst would read it as "no condition" and return some account.
  async function find(where: { id: string } | { canonicalEmail: string }) {
    const user = await prisma.user.findUnique({ where, select: SELECT });
    return user && { ...user, resetAllowed: user.active };
  }

  async function changesOneRow(update: () => Promise<number>, isRerun = false): Promise<boolean> {
    try {
      return (await update()) === 1;
    } catch (error) {
      if (!isWriteConflict(error)) throw error;
      // At REPEATABLE READ and SERIALIZABLE this means that another transaction changed the row meanwhile, perhaps in
      // another column. The second attempt sees what it wrote.
      return isRerun ? false : changesOneRow(update, true);
    }
  }

  return {
    findByEmail: (email) => find({ canonicalEmail: email }),
    findById: async (id) => (isUuid(id) ? find({ id }) : null),

    // SQL and not updateMany: there a missing value means "no condition", and older versions select the ids first
    // and update those, whatever became of their hashes meanwhile. Here it is one statement, and NULL equals nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        () => prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${userId}::uuid AND email = ${email} AND password_hash = ${expected} AND active`,
      ),

    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(
        () => prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${userId}::uuid AND email = ${email} AND password_hash IS NULL AND active`,
      ),
  };
}

/** Recognizes PostgreSQL's error 40001. */
function isWriteConflict(error: unknown): boolean {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { kind?: unknown } } } };
  return meta?.driverAdapterError?.cause?.kind === "TransactionWriteConflict";
}
