import { canonicalEmail } from "relatch";
import type { TestUser } from "relatch/testing";

// The accounts of the contract as rows of the recipes' tables.

/** The columns that an account, or a change of one, fills. */
export function columnsOf({ email, passwordHash, active }: Partial<TestUser>) {
  const columns: Record<string, string | boolean | null> = {};
  if (email !== undefined) {
    columns["email"] = email;
    columns["canonical_email"] = canonicalEmail(email) ?? null;
  }
  if (passwordHash !== undefined) columns["password_hash"] = passwordHash;
  if (active !== undefined) columns["active"] = active;
  return { names: Object.keys(columns), values: Object.values(columns) };
}
