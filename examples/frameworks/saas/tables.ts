import { bigint, boolean, mysqlTable, primaryKey, varbinary, varchar } from "drizzle-orm/mysql-core";

/** The brands that this server serves: each is a tenant. */
export const brands = {
  nord: { name: "Nord", from: "Nord <noreply@nord.example>", host: "nord.example" },
  sued: { name: "Süd", from: "Süd <noreply@sued.example>", host: "sued.example" },
} as const;

export type Brand = keyof typeof brands;

export const brandNames = Object.keys(brands) as [Brand, ...Brand[]];

/** Addresses are compared byte by byte, because under the default collation `é` and `e` are one address. */
export const users = mysqlTable("users", {
  id: bigint({ mode: "bigint", unsigned: true }).autoincrement().primaryKey(),
  brand: varchar({ length: 16 }).$type<Brand>().notNull(),
  email: varbinary({ length: 254 }).notNull(),
  canonicalEmail: varbinary("canonical_email", { length: 254 }).notNull(),
  name: varchar({ length: 100 }),
  passwordHash: varbinary("password_hash", { length: 255 }),
  active: boolean().notNull().default(true),
});

export const refreshTokens = mysqlTable(
  "refresh_tokens",
  { userId: bigint("user_id", { mode: "bigint", unsigned: true }).notNull(), stamp: varchar({ length: 43 }).notNull() },
  (table) => [primaryKey({ columns: [table.userId, table.stamp] })],
);
