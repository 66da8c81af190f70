import { bigint, customType, index, pgTable, text } from "drizzle-orm/pg-core";

// The table of `postgresTokens`, for drizzle-kit. The application itself does not use it.

/** Text that is compared by its bytes. Drizzle has no word for collations. */
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

export const passwordResetTokens = pgTable(
  "password_reset_tokens",
  {
    tokenHash: bytewiseText("token_hash").primaryKey(),
    userId: bytewiseText("user_id").notNull(),
    fingerprint: text().notNull(),
    expiresAt: bigint("expires_at", { mode: "number" }).notNull(),
  },
  ({ userId, expiresAt }) => [
    index("password_reset_tokens_user_id").on(userId),
    index("password_reset_tokens_expires_at").on(expiresAt),
  ],
);
