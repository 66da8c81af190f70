import { randomBytes } from "node:crypto";
import Database from "libsql";
import { memoryHasher } from "relatch/memory";
import { FORCED_RESETS_TABLE } from "../accounts/forced-reset-libsql.ts";
import { MUST_RESET_TABLES } from "../accounts/must-reset.ts";
import { USERS_TABLE } from "../users/libsql.ts";

// A database with the tables of the account recipes, and accounts in it.

export const OLD_PASSWORD = "the password that leaked";
export const NEW_PASSWORD = "one that nobody else knows";

export function accountsDatabase(file = ":memory:") {
  const db = new Database(file);
  for (const tables of [USERS_TABLE, MUST_RESET_TABLES, FORCED_RESETS_TABLE]) db.exec(tables);
  const hasher = memoryHasher();
  return {
    db,
    hasher,
    /** Adds an account with a session and an API key. Its address is its id at example.org. */
    async addUser(id: string, { email = `${id}@example.org`, active = 1, hasPassword = true } = {}) {
      const hash = hasPassword ? await hasher.hash(OLD_PASSWORD) : null;
      db.prepare("INSERT INTO users (id, email, canonical_email, password_hash, active) VALUES (?, ?, ?, ?, ?)").run(
        id,
        email,
        email,
        hash,
        active,
      );
      for (const table of ["sessions", "api_keys"]) {
        db.prepare(`INSERT INTO ${table} VALUES (?, ?)`).run(randomBytes(32), id);
      }
      return id;
    },
    /** How many sessions and API keys there are, of one account or of all. */
    countAccess(id = "%"): number {
      const rows = "SELECT user_id FROM sessions UNION ALL SELECT user_id FROM api_keys";
      const { n } = db.prepare(`SELECT count(*) AS n FROM (${rows}) WHERE user_id LIKE ?`).get(id) as { n: number };
      return n;
    },
  };
}
