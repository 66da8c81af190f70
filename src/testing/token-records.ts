import type { TokenRecord, TokenStore } from "../types.ts";
import { randomHex } from "./cases.ts";

export const HOUR = 60 * 60 * 1000;

/** A record that no other case has, which expires in an hour: at a whole second, where that is not the point. */
export const record = (userId = randomHex(32)): TokenRecord => ({
  tokenHash: randomHex(64),
  userId,
  fingerprint: randomHex(64),
  expiresAt: new Date(Math.ceil(Date.now() / 1000) * 1000 + HOUR),
});

/** The documented properties. What a store adds is its own affair. */
export const fieldsOf = ({ tokenHash, userId, fingerprint, expiresAt }: TokenRecord): TokenRecord => ({
  tokenHash,
  userId,
  fingerprint,
  expiresAt,
});

/** What the store finds, or `undefined` for nothing. */
export async function found(store: TokenStore, tokenHash: string): Promise<TokenRecord | undefined> {
  const answer = await store.find(tokenHash);
  return answer === null || answer === undefined ? undefined : fieldsOf(answer);
}

/** Whose record this hash finds, so that a case fails for what it is about, and not for a date. */
export const ownerOf = async (store: TokenStore, { tokenHash }: TokenRecord): Promise<string | undefined> =>
  (await found(store, tokenHash))?.userId;
