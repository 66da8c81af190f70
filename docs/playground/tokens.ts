import type { TokenRecord, TokenStore } from "relatch";

export interface WatchedTokens extends TokenStore {
  /** All that is stored. */
  records(): readonly TokenRecord[];
}

/** Shows what a token store is given to keep. */
export function watchedTokens(inner: TokenStore, changed: () => void): WatchedTokens {
  const byUser = new Map<string, TokenRecord>();
  return {
    records: () => [...byUser.values()],
    find: (tokenHash) => inner.find(tokenHash),
    async save(record) {
      await inner.save(record);
      byUser.set(record.userId, record);
      changed();
    },
    async deleteByUser(userId) {
      await inner.deleteByUser(userId);
      byUser.delete(userId);
      changed();
    },
    async deleteExpired(now) {
      const deleted = await inner.deleteExpired(now);
      for (const { userId, expiresAt } of byUser.values()) if (expiresAt <= now) byUser.delete(userId);
      changed();
      return deleted;
    },
  };
}
