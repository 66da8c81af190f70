import { randomBetween } from "../bytes.ts";
import { wrong } from "../checks.ts";
import { attempt } from "../fields.ts";
import { pause } from "../time.ts";
import type { TokenStore } from "../types.ts";

// What the stores on SQL databases have in common.

/** A token store over a table of its own. */
export interface SqlTokenStore extends TokenStore {
  /** Makes the table and its indexes where they are missing. Several processes may call it at once. */
  createTable(): Promise<void>;
}

export const TABLE = "password_reset_tokens";

/** How many rows one statement of a purge deletes on a server, so that its locks are short. */
export const BATCH = 5000;

/** Whether a driver has the method its store needs. */
export const hasMethod = (db: unknown, method: string): boolean =>
  typeof attempt(() => (db as Record<string, unknown> | null | undefined)?.[method]) === "function";

/**
 * A name of one or several parts, quoted so that it can be nothing but a name. 63 bytes is what Postgres keeps of
 * one: of two longer names that it cuts alike, the second would not be made.
 */
export function quoted(quote: '"' | "`", ...parts: unknown[]): string {
  return parts.map((part) => quote + checkedName(part).replaceAll(quote, quote + quote) + quote).join(".");
}

function checkedName(name: unknown): string {
  if (typeof name === "string" && /^[^\0]+$/.test(name) && new TextEncoder().encode(name).length <= 63)
    return name;
  throw wrong(`a table needs a name of 1 to 63 bytes, which ${attempt(() => JSON.stringify(name))} is not`);
}

/** Runs a statement again, a little later, when the engine gave it up in favour of another one. */
export async function retried<T>(codes: readonly unknown[], run: () => Promise<T>): Promise<T> {
  for (let patience = 1; ; patience *= 2) {
    try {
      return await run();
    } catch (error) {
      const { code } = (error ?? {}) as { code?: unknown };
      if (patience > 256 || !codes.includes(code)) throw error;
      await pause(randomBetween(0, patience));
    }
  }
}

/** Repeats a `DELETE … LIMIT` until nothing is left of its kind, with room for others in between. */
export async function inBatches(size: number, deleteBatch: () => Promise<number>): Promise<number> {
  let deleted = 0;
  for (;;) {
    const batch = await deleteBatch();
    deleted += batch;
    if (batch < size) return deleted;
    await pause(0);
  }
}
