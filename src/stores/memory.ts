import type { TokenRecord, TokenStore } from "../types.ts";

/** Digests as numbers of 256 bits take 48 bytes for 80, an instant as a number a fifth of a `Date`. */
interface Entry {
  userId: string;
  tokenHash: bigint;
  fingerprint: bigint;
  expiresAt: number;
}

/**
 * Tokens in this process: for tests, demos and servers of one process, where a restart may void the links that
 * are out. Holds at most one record a user; purge the expired ones with `deleteExpired`.
 */
export function memoryTokens(): TokenStore {
  const byUser = new Map<string, Entry>();
  const byHash = new Map<bigint, Entry>();

  function remove(entry: Entry | undefined): boolean {
    if (!entry) return false;
    byHash.delete(entry.tokenHash);
    return byUser.delete(entry.userId);
  }

  return {
    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      remove(byUser.get(userId));
      const entry = {
        userId,
        tokenHash: packed(tokenHash),
        fingerprint: packed(fingerprint),
        expiresAt: expiresAt.getTime(),
      };
      byUser.set(userId, entry);
      byHash.set(entry.tokenHash, entry);
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const entry = DIGEST.test(tokenHash) ? byHash.get(packed(tokenHash)) : undefined;
      return (
        entry && {
          userId: entry.userId,
          tokenHash,
          fingerprint: unpacked(entry.fingerprint),
          expiresAt: new Date(entry.expiresAt),
        }
      );
    },

    async deleteByUser(userId) {
      remove(byUser.get(userId));
    },

    async deleteExpired(now) {
      let deleted = 0;
      for (const entry of byUser.values()) {
        if (entry.expiresAt <= now.getTime() && remove(entry)) deleted += 1;
      }
      return deleted;
    },
  };
}

/** One spelling for each number. */
const DIGEST = /^[0-9a-f]{64}$/;
const packed = (digest: string): bigint => BigInt(`0x${digest}`);
const unpacked = (digest: bigint): string => digest.toString(16).padStart(64, "0");
