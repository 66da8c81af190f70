import { within } from "../lib/time.ts";
import type { TokenRecord } from "../ports/contract.ts";

/** How many rows one statement of a purge deletes, so that its locks are short. */
export const PURGE_BATCH = 1000;

/** How long a save waits for its purge, in milliseconds. */
const PURGE_LIMIT = 2000;

/**
 * Runs one batch of the purge after one save in about 50, so that a forgotten scheduled purge fills no disk. A purge
 * that fails never fails the save.
 */
export async function purgeSometimes(
  { tokenHash, expiresAt }: TokenRecord,
  deleteBatch: (now: Date) => Promise<unknown>,
): Promise<void> {
  const now = new Date();
  const isDue = Number.parseInt(tokenHash.slice(0, 2), 16) % 50 === 0;
  // If even the new record has expired by this clock, a test has set another one.
  if (!isDue || expiresAt <= now) return;
  await within(PURGE_LIMIT, deleteBatch(now), () => new Error("late")).catch(() => {});
}
