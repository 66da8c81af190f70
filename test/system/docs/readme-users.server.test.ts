import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { canonicalEmail, type UserStore } from "relatch";
import { userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, scratchFolder } from "../../helpers/docs.ts";
import { describeService, uniqueName } from "../../helpers/services.ts";

// The user store of the README, which has numeric ids, passes the contract suite. Its table has no column for suspended
// accounts, so the cases about them are left out, as docs/testing-your-code.md says.

const [code = ""] = blocksOf("README.md", "ts").flatMap(({ mark, code }) =>
  mark === "file password-reset.ts" ? [code] : [],
);

/** Returns the file of the README up to the store, which it exports. */
const storeIn = (code: string): string =>
  `${code.slice(0, code.indexOf("export const ORIGIN"))}\nexport { pool, users };\n`;

await describeService("postgres", (url) => {
  const schema = uniqueName("readme_users");
  const admin = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
  const folder = scratchFolder("readme-users");
  let pool: pg.Pool;
  let users: UserStore;

  /** Imports the store of this code, connected to the schema of the test. */
  async function load(name: string, code: string): Promise<{ pool: pg.Pool; users: UserStore }> {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, code);
    const there = new URL(url);
    there.searchParams.set("options", `-c search_path=${schema}`);
    process.env["DATABASE_URL"] = String(there);
    return import(file);
  }

  beforeAll(async () => {
    await admin.query(`CREATE SCHEMA ${schema}`);
    await admin.query(`CREATE TABLE users (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, canonical_email text UNIQUE, name text,
      password_hash text
    )`);
    ({ pool, users } = await load("store", storeIn(code)));
  });

  afterAll(async () => {
    await pool?.end();
    await admin.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await admin.end();
  });

  const fixtureOf = (store: () => UserStore) => () => ({
    get store() {
      return store();
    },
    async add(user: { email: string; passwordHash: string | null }) {
      const { rows } = await admin.query<{ id: string }>(
        "INSERT INTO users (email, canonical_email, password_hash) VALUES ($1, $2, $3) RETURNING id::text",
        [user.email, canonicalEmail(user.email), user.passwordHash],
      );
      return rows[0]?.id ?? "";
    },
    async change(id: string, change: { email?: string; passwordHash?: string | null }) {
      if (change.email !== undefined) {
        const values = [id, change.email, canonicalEmail(change.email)];
        await admin.query("UPDATE users SET email = $2, canonical_email = $3 WHERE id = $1", values);
      }
      if (change.passwordHash !== undefined) {
        await admin.query("UPDATE users SET password_hash = $2 WHERE id = $1", [id, change.passwordHash]);
      }
    },
    remove: (id: string) => admin.query("DELETE FROM users WHERE id = $1", [id]),
  });

  const casesOf = (store: () => UserStore) =>
    userStoreContract(fixtureOf(store)).filter(({ name }) => !name.includes("suspended"));

  for (const { name, run } of casesOf(() => users)) test(name, run);

  test("the suite refuses the store without its check of ids", async () => {
    const loose = await load(
      "loose",
      storeIn(code).replace(/^const isId = .*$/m, "const isId = (_id: string) => true;"),
    );
    try {
      const failures: string[] = [];
      for (const { name, run } of casesOf(() => loose.users)) await run().catch(() => failures.push(name));
      expect(failures.length).toBeGreaterThan(0);
    } finally {
      await loose.pool.end();
    }
  });
});
