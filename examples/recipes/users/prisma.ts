import type { UserStore } from "relatch";
import type { PrismaClient } from "./prisma/generated/client.ts";

// Prisma 7 on PostgreSQL, without an engine of its own: new PrismaClient({ adapter: new PrismaPg(…) }). The model is
// in prisma/schema.prisma; sign-up and change of address fill `canonicalEmail` with `canonicalEmail(email)`.

const SELECT = { id: true, email: true, name: true, passwordHash: true, active: true } as const;

export function prismaUsers(prisma: Pick<PrismaClient, "user" | "$executeRaw">): UserStore {
  // findUnique refuses a missing value. findFirst would read it as "no condition" and answer some account.
  async function find(where: { id: string } | { canonicalEmail: string }) {
    const user = await prisma.user.findUnique({ where, select: SELECT });
    return user && { ...user, resetAllowed: user.active };
  }

  async function changesOneRow(rows: Promise<number>): Promise<boolean> {
    try {
      return (await rows) === 1;
    } catch (error) {
      if (lostRace(error)) return false;
      throw error;
    }
  }

  return {
    findByEmail: (email) => find({ canonicalEmail: email }),
    findById: (id) => find({ id }),

    // SQL and not updateMany: there a missing value means "no condition", and older versions select the ids first
    // and update those, whatever became of their hashes meanwhile. Here it is one statement, and NULL equals nothing.
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${userId}::uuid AND email = ${email} AND password_hash = ${expected} AND active`,
      ),

    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(
        prisma.$executeRaw`
          UPDATE users SET password_hash = ${next}
           WHERE id = ${userId}::uuid AND email = ${email} AND password_hash IS NULL AND active`,
      ),
  };
}

/** Where REPEATABLE READ or SERIALIZABLE is the default, this is how the loser of a race is told. */
function lostRace(error: unknown): boolean {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { kind?: unknown } } } };
  return meta?.driverAdapterError?.cause?.kind === "TransactionWriteConflict";
}
