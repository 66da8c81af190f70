import type { Collection } from "mongodb";
import type { ResetUser, UserStore } from "relatch";

// MongoDB with its own driver. Mongoose: hand over `User.collection`, and these queries do not pass its casting.

/** Sign-up and change of address fill `canonicalEmail` with `canonicalEmail(email)`; give it a unique index. */
export interface UserDocument {
  /** `randomUUID()`. With ObjectIds: `new ObjectId(userId)` in the queries, `_id.toHexString()` in the results. */
  _id: string;
  email: string;
  canonicalEmail: string;
  name?: string | null;
  /** Store `null` for none: a field that is not there reads as `undefined`. */
  passwordHash: string | null;
  active: boolean;
}

// Another default collation of the collection would compare hashes without regard to case.
const EXACT = { collation: { locale: "simple" } };
const FROM_PRIMARY = { ...EXACT, readPreference: "primary", readConcern: "majority" } as const;
// A commit that only the primary has seen is undone by a failover, and the old password works again.
const DURABLE = { ...EXACT, writeConcern: { w: "majority" as const } };

/**
 * Exactly this text. The driver writes `undefined` as null, which matches accounts without a password, or leaves
 * the condition out (`ignoreUndefined`); an object would be read as an operator.
 */
function text(value: string): { $eq: string } {
  if (typeof value !== "string")
    throw new TypeError(`A condition on the user must be a string, received ${typeof value}.`);
  return { $eq: value };
}

export function mongoUsers(users: Collection<UserDocument>): UserStore {
  const toUser = (found: UserDocument | null): ResetUser | null =>
    found && {
      id: found._id,
      email: found.email,
      name: found.name,
      passwordHash: found.passwordHash,
      resetAllowed: found.active,
    };

  return {
    findByEmail: async (email) => toUser(await users.findOne({ canonicalEmail: text(email) }, FROM_PRIMARY)),
    findById: async (id) => toUser(await users.findOne({ _id: text(id) }, FROM_PRIMARY)),

    // One document, one operation: the server checks and sets in one step.
    async replacePasswordHash({ userId, email, expected, next }) {
      const { matchedCount } = await users.updateOne(
        { _id: text(userId), email: text(email), passwordHash: text(expected), active: true },
        { $set: { passwordHash: next } },
        DURABLE,
      );
      return matchedCount === 1;
    },

    async setFirstPasswordHash({ userId, email, next }) {
      const { matchedCount } = await users.updateOne(
        { _id: text(userId), email: text(email), passwordHash: null, active: true },
        { $set: { passwordHash: next } },
        DURABLE,
      );
      return matchedCount === 1;
    },
  };
}
