import Database from "libsql";
import { canonicalEmail, type ResetUser, type UserStore } from "relatch";
import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import { findFailing } from "../../unit/testing/failing.ts";

// userStoreContract on a table with everything that applications have: tenants in a column that is never NULL, numbers
// for ids, rows that are only marked as deleted, and secondary addresses. Each control is a statement that people write.

const TABLES = `
  CREATE TABLE tenants (name text PRIMARY KEY) STRICT;
  INSERT INTO tenants VALUES ('blue'), ('red'), ('green');
  CREATE TABLE users (
    id integer PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants,
    email text NOT NULL,
    canonical_email text NOT NULL,
    password_hash text,
    active integer,
    deleted_at integer
  ) STRICT;
  CREATE UNIQUE INDEX one_live_row ON users (tenant, canonical_email) WHERE deleted_at IS NULL;
  CREATE TABLE secondary_addresses (user_id integer NOT NULL REFERENCES users, canonical_email text NOT NULL) STRICT`;

const COLUMNS = "CAST(id AS text) AS id, tenant, email, password_hash AS passwordHash, active";
const BY_EMAIL = "canonical_email = :email AND tenant = :tenant AND deleted_at IS NULL";
const BY_ID = "id = :id AND deleted_at IS NULL";

interface Statements {
  byEmail?: string;
  byId?: string;
  /** Whether `findById` looks at the form of an id. */
  checksIds?: boolean;
  toAllowed?: (active: number | null) => ResetUser["resetAllowed"];
}

function open({
  byEmail = BY_EMAIL,
  byId = BY_ID,
  checksIds = true,
  toAllowed = (active) => active === 1,
}: Statements = {}): UserStoreFixture {
  const db = new Database(":memory:");
  db.exec(`PRAGMA foreign_keys = ON; ${TABLES}`);
  const find = (condition: string, values: object): ResetUser | undefined => {
    const row = db.prepare(`SELECT ${COLUMNS} FROM users WHERE ${condition}`).get(values);
    const { active, ...user } = (row ?? {}) as ResetUser & { active: number | null };
    return row ? { ...user, resetAllowed: toAllowed(active) } : undefined;
  };
  const commit = (hash: string, values: { userId: string; email: string; next: string; expected?: string }) =>
    /^[1-9]\d*$/.test(values.userId) &&
    db
      .prepare(
        `UPDATE users SET password_hash = :next
          WHERE id = :userId AND email = :email AND password_hash ${hash} AND active = 1 AND deleted_at IS NULL`,
      )
      .run(values).changes === 1;
  const store: UserStore<"blue" | "red" | "green"> = {
    findByEmail: async (email, tenant) => find(byEmail, { email, tenant }),
    findById: async (id) => (!checksIds || /^[1-9]\d*$/.test(id) ? find(byId, { id }) : undefined),
    replacePasswordHash: async (change) => commit("= :expected", change),
    setFirstPasswordHash: async (change) => commit("IS NULL", change),
  };
  return {
    store,
    async add({ email, passwordHash, active, tenant }) {
      const columns = "(tenant, email, canonical_email, password_hash, active)";
      const { lastInsertRowid } = db
        .prepare(`INSERT INTO users ${columns} VALUES (?, ?, ?, ?, ?)`)
        .run(tenant, email, canonicalEmail(email), passwordHash, active ? 1 : null);
      return String(lastInsertRowid);
    },
    async change(id, change) {
      if (change.email !== undefined) {
        const statement = "UPDATE users SET email = ?, canonical_email = ? WHERE id = ?";
        db.prepare(statement).run(change.email, canonicalEmail(change.email), id);
      }
      if (change.passwordHash !== undefined)
        db.prepare("UPDATE users SET password_hash = ? WHERE id = ?").run(change.passwordHash, id);
      // A column that may be NULL, which is how this application suspends.
      if (change.active !== undefined)
        db.prepare("UPDATE users SET active = ? WHERE id = ?").run(change.active ? 1 : null, id);
    },
    remove: async (id) => db.prepare("UPDATE users SET deleted_at = 1 WHERE id = ?").run(id),
    addSecondaryAddress: async (id, email) =>
      db.prepare("INSERT INTO secondary_addresses VALUES (?, ?)").run(id, canonicalEmail(email)),
  };
}

const contract = (statements?: Statements) =>
  userStoreContract(() => open(statements), { tenants: ["blue", "red", "green"] });

describe("a table with tenants, numeric ids, deletion marks and secondary addresses passes userStoreContract", () => {
  for (const { name, run } of contract()) test(name, run);
});

test("NULL in a column for the state refuses, whether it becomes null or false", async () => {
  expect(await findFailing(contract({ toAllowed: (active) => (active === null ? null : active === 1) }))).toEqual([]);
});

test.each<[string, Statements, RegExp]>([
  ["a deletion mark that is not looked at", { byEmail: "canonical_email = :email AND tenant = :tenant" }, /deleted/],
  ["a deletion mark that findById does not look at", { byId: "id = :id" }, /deleted/],
  ["= NULL, which nothing equals", { byEmail: BY_EMAIL.replace("IS NULL", "= NULL") }, /return the account/],
  [
    "the tenant that is not looked at",
    { byEmail: "canonical_email = :email AND deleted_at IS NULL AND :tenant <> ''" },
    /keeps tenants apart/,
  ],
  [
    "a secondary address that counts",
    {
      byEmail: `tenant = :tenant AND deleted_at IS NULL AND (canonical_email = :email
        OR id IN (SELECT user_id FROM secondary_addresses WHERE canonical_email = :email))`,
    },
    /secondary address/,
  ],
  ["an id that SQLite converts", { checksIds: false }, /similar to an id/],
  ["an id that is cast", { checksIds: false, byId: BY_ID.replace(":id", "CAST(:id AS integer)") }, /similar to an id/],
  [
    "NULL for the state that counts as allowed",
    { toAllowed: (active) => (active === null ? undefined : active === 1) },
    /suspended/,
  ],
])("control: userStoreContract finds %s", async (_, statements, name) => {
  const failing = await findFailing(contract(statements));
  expect(failing).toContainEqual(expect.stringMatching(name));
});
