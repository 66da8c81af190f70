import { pause } from "../lib/time.ts";
import type { TokenStore } from "../ports/contract.ts";
import { PURGE_BATCH, purgeSometimes } from "./purge.ts";
import { toTokenRecord } from "./token-record.ts";

// Shared by the stores on SQL databases: one row per link, one statement per operation.

/** A token store on a table in an SQL database. */
export interface SqlTokenStore extends TokenStore {
  /**
   * Creates the table and its indexes if they do not exist. Several processes may call it at the same time. Rejects with
   * the error of the driver if the database refuses.
   *
   * @example
   * await postgresTokens(pool).createTable();
   */
  createTable(): Promise<void>;
}

type Value = string | number;

/** A kind of database. */
export interface SqlDriver {
  /** Returns the first row, or `null` or `undefined` if there is none. */
  first(sql: string, ...params: Value[]): Promise<unknown>;
  /** Returns how many rows changed. */
  run(sql: string, ...params: Value[]): Promise<number>;
  /** How many rows one statement of a purge deletes. Default: `PURGE_BATCH`. */
  batch?: number;
}

/** The statements for one table. Each has its parameters in the order of the columns. */
export interface SqlTable {
  create: readonly string[];
  insert: string;
  find: string;
  deleteByUser: string;
  /** Deletes rows that have expired, at most this many. */
  deleteExpired(limit: number): string;
}

/** Postgres's codes for a thing that another process created since `IF NOT EXISTS` looked for it. */
const CREATED_MEANWHILE = ["23505", "42P07", "42710"];

/** Creates the store. `encodeId` writes an id as the statements take it. */
export function createSqlStore(
  { first, run, batch = PURGE_BATCH }: SqlDriver,
  table: SqlTable,
  encodeId = (userId: string) => userId,
): SqlTokenStore {
  const deleteBatch = (now: Date) => run(table.deleteExpired(batch), now.getTime());

  return {
    async createTable() {
      for (const statement of table.create) {
        await run(statement).catch((error: { code?: unknown } | undefined) => {
          if (!CREATED_MEANWHILE.includes(String(error?.code))) throw error;
          return run(statement);
        });
      }
    },

    async save(record) {
      const { tokenHash, userId, fingerprint, expiresAt } = record;
      await run(table.insert, tokenHash, encodeId(userId), fingerprint, expiresAt.getTime());
      await purgeSometimes(record, deleteBatch);
    },

    async find(tokenHash) {
      const row = (await first(table.find, tokenHash)) as Record<string, unknown> | null | undefined;
      if (!row) return undefined;
      const { token_hash, user_id, fingerprint, expires_at } = row;
      const record = toTokenRecord({ tokenHash: token_hash, userId: user_id, fingerprint, expiresAt: expires_at });
      // MySQL's UNHEX takes capitals for the same digits.
      return record.tokenHash === tokenHash ? record : undefined;
    },

    async deleteByUser(userId) {
      await run(table.deleteByUser, encodeId(userId));
    },

    async deleteExpired(now) {
      let deleted = 0;
      for (;;) {
        const count = await deleteBatch(now);
        deleted += count;
        if (count < batch) return deleted;
        // Lets other work run in between.
        await pause(0);
      }
    },
  };
}

/** Writes statements for a migration. */
export const toMigration = ({ create }: SqlTable): string => create.map((statement) => `${statement};\n`).join("");
