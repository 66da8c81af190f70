import { RelatchError } from "../errors.ts";
import type { TokenRecord } from "../types.ts";

/** A record from what an engine answered. A 64-bit integer comes as a string or a bigint from some drivers. */
export function tokenRecord(
  tokenHash: unknown,
  userId: unknown,
  fingerprint: unknown,
  expiresAt: unknown,
): TokenRecord {
  const instant = new Date(Number(expiresAt));
  if (
    typeof tokenHash === "string" &&
    typeof userId === "string" &&
    typeof fingerprint === "string" &&
    !Number.isNaN(instant.getTime())
  ) {
    return { tokenHash, userId, fingerprint, expiresAt: instant };
  }
  throw new RelatchError("ERR_TOKEN_STORE", "A stored token is damaged, or its row comes in another shape.");
}
