import { RelatchError } from "../lib/errors.ts";
import type { TokenRecord } from "../ports/contract.ts";

/**
 * Makes a record of what an engine returned. Some drivers return a 64-bit integer as a string or a bigint.
 *
 * @throws {RelatchError} `ERR_TOKEN_STORE` if a column is missing or has another type.
 */
export function toTokenRecord(row: Record<keyof TokenRecord, unknown>): TokenRecord {
  const { tokenHash, userId, fingerprint } = row;
  const expiresAt = new Date(Number(row.expiresAt));
  const isComplete = [tokenHash, userId, fingerprint].every((column) => typeof column === "string");
  if (isComplete && !Number.isNaN(expiresAt.getTime())) {
    return { tokenHash, userId, fingerprint, expiresAt } as TokenRecord;
  }
  throw new RelatchError("ERR_TOKEN_STORE", "A stored link must have every column. Check the table.");
}
