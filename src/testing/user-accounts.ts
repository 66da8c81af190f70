import type { ResetUser } from "../types.ts";
import { randomHex } from "./cases.ts";
import type { UserStoreAccount } from "./user-store.ts";

/** An account that can log in. */
export type ActiveAccount = UserStoreAccount & { passwordHash: string };

/** One that no other case has. */
export const fresh = (): ActiveAccount => ({
  email: `user-${randomHex(16)}@example.org`,
  passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomHex(16)}$aB`,
  active: true,
});

/** Whether a store answered nothing. */
export const nothing = async (answer: Promise<unknown>): Promise<boolean> =>
  ((await answer) ?? undefined) === undefined;

/** An id of the same kind that no account has: a number, a UUID, an ObjectId or a text. */
export const absentLike = (id: ResetUser["id"]): string =>
  /^\d+$/.test(id) ? "987654321" : id.replace(/[0-9a-f]/gi, (digit) => (digit === "0" ? "1" : "0"));
