import { createHash } from "node:crypto";
import type Database from "libsql";
import type { LegacyTokens } from "relatch";

// The table of Lucia's guide. Its links are valid for two hours.

export const LUCIA_TABLE = `
  CREATE TABLE password_reset_token (
    token_hash text UNIQUE NOT NULL,
    user_id text NOT NULL,
    expires_at integer NOT NULL -- seconds since 1970
  ) STRICT`;

export function luciaTokens(db: Database.Database, until: Date): LegacyTokens {
  const find = db.prepare("SELECT user_id, expires_at FROM password_reset_token WHERE token_hash = ?");
  const spend = db.prepare("DELETE FROM password_reset_token WHERE token_hash = ?");
  const revoke = db.prepare("DELETE FROM password_reset_token WHERE user_id = ?");
  const hash = (token: string) => createHash("sha256").update(token).digest("hex");
  return {
    until,
    async find(token) {
      const row = find.get(hash(token)) as { user_id: string; expires_at: number } | undefined;
      return row ? { userId: row.user_id, expiresAt: new Date(row.expires_at * 1000) } : null;
    },
    spend: async (token) => spend.run(hash(token)).changes === 1,
    revoke: async (userId) => revoke.run(userId),
  };
}
