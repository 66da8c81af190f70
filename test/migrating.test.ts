import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { UserStore } from "relatch";
import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root, writeBlocks } from "./helpers/docs.ts";
import { describeService, uniqueName } from "./services.ts";

// The SQL of docs/migrating.md, over the tables of the flows it speaks of. The wrapper has its test on the page.

/** As much of the page's `OldLinks` as is asked here. */
interface Links {
  find(token: string): Promise<{ userId: string; expiresAt: Date } | undefined>;
  spend(token: string): Promise<boolean>;
  deleteByUser(userId: string): Promise<unknown>;
}

const TABLES = `
  CREATE TABLE password_reset_token (token_hash text UNIQUE, user_id uuid, expires_at timestamptz);
  CREATE TABLE "user" (id text PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, banned boolean);
  CREATE TABLE account (id text PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
    "userId" text NOT NULL REFERENCES "user" ON DELETE CASCADE, password text);
  CREATE TABLE verification (id text PRIMARY KEY, identifier text, value text, "expiresAt" timestamptz)`;

await describeService("postgres", (url) => {
  const schema = uniqueName("migrating");
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
  mkdirSync(join(root, "test", ".docs"), { recursive: true });
  const folder = mkdtempSync(join(root, "test", ".docs", "migrating-"));
  const files = writeBlocks("docs/migrating.md", folder);
  const load = async (name: string) =>
    import(files.find(({ mark }) => mark === `file ${name}`)?.file ?? `no ${name}`);

  beforeAll(async () => {
    await pool.query(`CREATE SCHEMA ${schema}`);
    await pool.query(TABLES);
  });
  afterAll(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const flows = [
    {
      name: "lucia.ts",
      links: async (): Promise<Links> => (await load("lucia.ts")).luciaLinks(pool),
      issue: (token: string, userId: string, expiresAt: Date) =>
        pool.query(
          "INSERT INTO password_reset_token VALUES (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $2, $3)",
          [token, userId, expiresAt],
        ),
    },
    {
      name: "better-auth.ts",
      links: async (): Promise<Links> => (await load("better-auth.ts")).betterAuthLinks(pool),
      issue: (token: string, userId: string, expiresAt: Date) =>
        pool.query("INSERT INTO verification VALUES ($1, $2, $3, $4)", [
          randomUUID(),
          `reset-password:${token}`,
          userId,
          expiresAt,
        ]),
    },
  ];

  describe.each(flows)("old links of $name", ({ links, issue }) => {
    test("are found, and spent by one of many", async () => {
      const { find, spend } = await links();
      const [token, userId, expiresAt] = [randomUUID(), randomUUID(), new Date(Date.now() + 60_000)];
      await issue(token, userId, expiresAt);
      expect(await find(token)).toMatchObject({ userId, expiresAt });
      const spent = await Promise.all(Array.from({ length: 8 }, () => spend(token)));
      expect(spent.filter(Boolean)).toHaveLength(1);
      expect(await find(token)).toBeUndefined();
    });

    test("go with all of their user's, and with nobody else's", async () => {
      const { find, deleteByUser } = await links();
      const [mine, others, expiresAt] = [randomUUID(), randomUUID(), new Date(Date.now() + 60_000)];
      const tokens = [randomUUID(), randomUUID(), randomUUID()] as const;
      for (const token of tokens.slice(0, 2)) await issue(token, mine, expiresAt);
      await issue(tokens[2], others, expiresAt);
      await deleteByUser(mine);
      expect(await Promise.all(tokens.map(find))).toEqual([
        undefined,
        undefined,
        expect.objectContaining({ userId: others }),
      ]);
    });
  });

  describe("users of better-auth.ts", () => {
    const fixture = async (): Promise<UserStoreFixture> => ({
      store: (await load("better-auth.ts")).betterAuthUsers(pool) as UserStore,
      async add({ email, passwordHash, active }) {
        const id = randomUUID();
        await pool.query('INSERT INTO "user" VALUES ($1, $2, $3, $4)', [id, email, "Mike", !active]);
        await pool.query("INSERT INTO account VALUES ($1, $1, 'credential', $1, $2)", [id, passwordHash]);
        await pool.query("INSERT INTO account VALUES ($1, $2, 'github', $2, NULL)", [randomUUID(), id]);
        return id;
      },
      async change(id, { email, passwordHash, active }) {
        if (email !== undefined) await pool.query('UPDATE "user" SET email = $2 WHERE id = $1', [id, email]);
        if (active !== undefined)
          await pool.query('UPDATE "user" SET banned = $2 WHERE id = $1', [id, !active]);
        if (passwordHash !== undefined)
          await pool.query("UPDATE account SET password = $2 WHERE id = $1", [id, passwordHash]);
      },
      remove: (id) => pool.query('DELETE FROM "user" WHERE id = $1', [id]),
    });

    // better-auth keeps every address in lower case, so another one never is in its table.
    const cases = userStoreContract(fixture).filter(({ name }) => !/whatever its case/.test(name));
    for (const { name, run } of cases) test(name, run);
  });
});
