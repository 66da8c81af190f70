import { createHash } from "node:crypto";
import type Database from "libsql";
import type { LegacyTokens } from "relatch";

// The table of better-auth 1.7, as its migrations create it in SQLite. Its links are valid for an hour. With the option
// `secondaryStorage`, and without `verification.storeInDatabase`, the tokens are not in this table.

export const VERIFICATION_TABLE = `
  CREATE TABLE "verification" ("id" text not null primary key, "identifier" text not null, "value" text not null,
    "expiresAt" date not null, "createdAt" date not null, "updatedAt" date not null)`;

/** `isHashed`: better-auth has the option `verification.storeIdentifier: "hashed"`. */
export function betterAuthTokens(db: Database.Database, until: Date, isHashed = false): LegacyTokens {
  const find = db.prepare("SELECT value, expiresAt FROM verification WHERE identifier = ?");
  const spend = db.prepare("DELETE FROM verification WHERE identifier = ?");
  // A hashed row does not tell its kind, so trusted devices and pending deletions of the user go as well.
  const kind = isHashed ? "%" : "reset-password:%";
  const revoke = db.prepare("DELETE FROM verification WHERE value = ? AND identifier LIKE ?");
  const identify = (token: string) => {
    const identifier = `reset-password:${token}`;
    return isHashed ? createHash("sha256").update(identifier).digest("base64url") : identifier;
  };
  return {
    until,
    async find(token) {
      const row = find.get(identify(token)) as { value: string; expiresAt: string } | undefined;
      return row ? { userId: row.value, expiresAt: new Date(row.expiresAt) } : null;
    },
    spend: async (token) => spend.run(identify(token)).changes === 1,
    revoke: async (userId) => revoke.run(userId, kind),
  };
}
