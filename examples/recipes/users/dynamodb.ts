import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { ResetUser, UserStore } from "relatch";

// DynamoDB: a table of accounts by `id`, and a table that says whose an address is.

/** An item of `users`. */
export interface UserItem {
  id: string;
  email: string;
  name?: string | null;
  /** Absent where the account has no password. */
  passwordHash?: string;
  active: boolean;
}

/**
 * An item of `userEmails`, put by sign-up in one transaction with the account, on the condition that there is none
 * yet. A secondary index instead is neither unique nor ever read consistently: a link made from its old copy of the
 * hash is dead when it arrives.
 */
export interface UserEmailItem {
  /** `canonicalEmail(email)` */
  canonicalEmail: string;
  userId: string;
}

/** In one region: conditional writes do not hold across the regions of a global table (last writer wins). */
export function dynamoUsers(
  db: Pick<DynamoDBDocumentClient, "send">,
  tables: { users: string; userEmails: string },
): UserStore {
  async function findById(id: string): Promise<ResetUser | undefined> {
    const found = await db.send(new GetCommand({ TableName: tables.users, Key: { id }, ConsistentRead: true }));
    const user = found.Item as UserItem | undefined;
    return (
      user && {
        id: user.id,
        email: user.email,
        name: user.name,
        passwordHash: user.passwordHash ?? null,
        resetAllowed: user.active,
      }
    );
  }

  async function commit(id: string, next: string, condition: string, values: Record<string, unknown>) {
    try {
      await db.send(
        new UpdateCommand({
          TableName: tables.users,
          Key: { id },
          UpdateExpression: "SET passwordHash = :next",
          // Also what keeps the update from creating an account. A missing value is an error of the client.
          ConditionExpression: `email = :email AND #active = :true AND ${condition}`,
          ExpressionAttributeNames: { "#active": "active" },
          ExpressionAttributeValues: { ...values, ":next": next, ":true": true },
        }),
      );
      return true;
    } catch (error) {
      if ((error as Error).name !== "ConditionalCheckFailedException") throw error;
      // The client repeats a request whose response got lost, and then it fails on what it has just written itself.
      return (await findById(id))?.passwordHash === next;
    }
  }

  return {
    async findByEmail(canonicalEmail) {
      const found = await db.send(
        new GetCommand({ TableName: tables.userEmails, Key: { canonicalEmail }, ConsistentRead: true }),
      );
      const owner = found.Item as UserEmailItem | undefined;
      return owner && findById(owner.userId);
    },

    findById,

    replacePasswordHash: ({ userId, email, expected, next }) =>
      commit(userId, next, "passwordHash = :expected", { ":email": email, ":expected": expected }),

    setFirstPasswordHash: ({ userId, email, next }) =>
      commit(userId, next, "attribute_not_exists(passwordHash)", { ":email": email }),
  };
}
