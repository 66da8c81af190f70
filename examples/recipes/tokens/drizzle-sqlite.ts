import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

// The table of `sqliteTokens`, for drizzle-kit. The application itself does not use it. Drizzle has no word for WITHOUT
// ROWID, with which the table takes less room: add it at the end of the statement in the migration.

export const passwordResetTokens = sqliteTable(
  "password_reset_tokens",
  {
    tokenHash: text("token_hash").primaryKey(),
    userId: text("user_id").notNull(),
    fingerprint: text().notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  ({ userId, expiresAt }) => [
    index("password_reset_tokens_user_id").on(userId),
    index("password_reset_tokens_expires_at").on(expiresAt),
  ],
);
