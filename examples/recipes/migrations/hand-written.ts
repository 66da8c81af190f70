import { createHash } from "node:crypto";
import type Database from "libsql";
import type { LegacyTokens } from "relatch";

// A hand-written table of tokens. If the tokens are in a column of the users instead: find that row, spend with
// "UPDATE users SET reset_token = NULL WHERE reset_token = ?", and revoke the same way by id.

export const RESETS_TABLE = `
  CREATE TABLE password_resets (
    token text PRIMARY KEY NOT NULL,
    user_id text NOT NULL,
    email text NOT NULL,
    expires_at integer NOT NULL -- milliseconds since 1970
  ) STRICT`;

/** `isHashed`: the table contains the SHA-256 of each token. Otherwise anyone who can read it can use them. */
export function handWrittenTokens(db: Database.Database, until: Date, isHashed: boolean): LegacyTokens {
  const find = db.prepare("SELECT user_id, email, expires_at FROM password_resets WHERE token = ?");
  const spend = db.prepare("DELETE FROM password_resets WHERE token = ?");
  const revoke = db.prepare("DELETE FROM password_resets WHERE user_id = ?");
  const toKey = (token: string) => (isHashed ? createHash("sha256").update(token).digest("hex") : token);
  return {
    until,
    async find(token) {
      const row = find.get(toKey(token)) as { user_id: string; email: string; expires_at: number } | undefined;
      return row ? { userId: row.user_id, email: row.email, expiresAt: new Date(row.expires_at) } : null;
    },
    // One statement, so that one of any number of callers deletes the row.
    spend: async (token) => spend.run(toKey(token)).changes === 1,
    revoke: async (userId) => revoke.run(userId),
  };
}
