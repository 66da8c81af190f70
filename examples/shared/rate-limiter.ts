import type { RateLimiter, RateRule } from "relatch";
import type { Sql } from "./database.ts";

export const rateLimiterSchema = `CREATE TABLE IF NOT EXISTS rate_limits (
  key TEXT PRIMARY KEY,
  used INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT`;

/** Counts in the application's database, for servers that share nothing else. One statement takes a unit. */
export function sqlRateLimiter(sql: Sql) {
  const keyOf = (key: string, rule: RateRule) => `${rule.max}/${rule.window.milliseconds()} ${key}`;

  return {
    async consume(key, rule) {
      const now = Date.now();
      const endsAt = now + rule.window.milliseconds();
      const taken = await sql.run(
        `INSERT INTO rate_limits (key, used, ends_at) VALUES (?, 1, ?)
         ON CONFLICT (key) DO UPDATE SET used = iif(ends_at <= ?, 1, used + 1), ends_at = iif(ends_at <= ?, ?, ends_at)
         WHERE ends_at <= ? OR used < ?`,
        ...[keyOf(key, rule), endsAt],
        ...[now, now, endsAt],
        ...[now, rule.max],
      );
      if (taken > 0) return { allowed: true, retryAfterSeconds: 0 };
      const row = await sql.get("SELECT ends_at AS endsAt FROM rate_limits WHERE key = ?", keyOf(key, rule));
      const end = (row as { endsAt: number } | null | undefined)?.endsAt ?? endsAt;
      return { allowed: false, retryAfterSeconds: Math.ceil((end - now) / 1000) };
    },

    async refund(key, rule) {
      const refund = "UPDATE rate_limits SET used = used - 1 WHERE key = ? AND used > 0 AND ends_at > ?";
      await sql.run(refund, keyOf(key, rule), Date.now());
    },

    /** Deletes the windows that are over, for a scheduled purge. */
    async deleteExpired(): Promise<void> {
      await sql.run("DELETE FROM rate_limits WHERE ends_at <= ?", Date.now());
    },
  } satisfies RateLimiter & Record<string, unknown>;
}
