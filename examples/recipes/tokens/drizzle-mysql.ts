import { bigint, binary, index, mysqlTable, varbinary } from "drizzle-orm/mysql-core";

// The table of `mysqlTokens`, for drizzle-kit. The application itself does not use it.

export const passwordResetTokens = mysqlTable(
  "password_reset_tokens",
  {
    tokenHash: binary("token_hash", { length: 32 }).primaryKey(),
    userId: varbinary("user_id", { length: 128 }).notNull(),
    fingerprint: binary({ length: 32 }).notNull(),
    expiresAt: bigint("expires_at", { mode: "number" }).notNull(),
  },
  ({ userId, expiresAt }) => [index("user_id").on(userId), index("expires_at").on(expiresAt)],
);
