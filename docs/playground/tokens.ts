import type { TokenRecord, TokenStore } from "relatch";

export interface WatchedTokens extends TokenStore {
  /** All records, the newest first. */
  records(): readonly TokenRecord[];
}

/** Shows the records of a token store. */
export function watchedTokens(inner: TokenStore, onChange: () => void): WatchedTokens {
  let records: TokenRecord[] = [];
  return {
    records: () => records,
    find: (tokenHash) => inner.find(tokenHash),
    async save(record) {
      await inner.save(record);
      records = [record, ...records];
      onChange();
    },
    async deleteByUser(userId) {
      await inner.deleteByUser(userId);
      records = records.filter((record) => record.userId !== userId);
      onChange();
    },
    async deleteExpired(now) {
      const deleted = await inner.deleteExpired(now);
      records = records.filter(({ expiresAt }) => expiresAt > now);
      onChange();
      return deleted;
    },
  };
}
