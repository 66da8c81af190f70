import type { TokenRecord, TokenStore } from "../types.ts";
import { randomHex } from "./cases.ts";

export const HOUR = 60 * 60 * 1000;

/** A record that no other case has, which expires in an hour. */
export const record = (userId = randomHex(32)): TokenRecord => ({
  tokenHash: randomHex(64),
  userId,
  fingerprint: randomHex(64),
  expiresAt: new Date(Date.now() + HOUR),
});

/** The four documented properties, or `undefined` for nothing. */
export async function found(store: TokenStore, tokenHash: string): Promise<TokenRecord | undefined> {
  const answer = await store.find(tokenHash);
  return answer === null || answer === undefined ? undefined : fieldsOf(answer);
}

/** What a store adds is its own affair. */
export const fieldsOf = ({ tokenHash, userId, fingerprint, expiresAt }: TokenRecord): TokenRecord => ({
  tokenHash,
  userId,
  fingerprint,
  expiresAt,
});
