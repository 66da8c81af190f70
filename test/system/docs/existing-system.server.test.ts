import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { canonicalEmail, type LegacyTokens, sessionStamp } from "relatch";
import { legacyTokensContract } from "relatch/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blocksOf, scratchFolder } from "../../helpers/docs.ts";
import { describeService, uniqueName } from "../../helpers/services.ts";

// The programs of docs/existing-system.md: the two that go through all users, to fill canonical addresses and to stamp
// sessions, with numeric ids and with UUIDs; and the functions for old links.

const MARK_AS_USED = "UPDATE password_resets SET used_at = now() WHERE";

const codeOf = (name: string): string => {
  const block = blocksOf("docs/existing-system.md", "ts").find(({ mark }) => mark === `file ${name}`);
  if (!block) throw new Error(`The page has no block for ${name}.`);
  return block.code;
};
const FILL = codeOf("fill.ts");
const STAMP = codeOf("stamp.ts");
const LEGACY = codeOf("legacy-tokens.ts");

/** The same for a table that keeps used rows, as the page describes it. */
const LEGACY_WITH_USED_ROWS = LEGACY.replace("WHERE token_hash = $1'", "WHERE token_hash = $1 AND used_at IS NULL'")
  .replace("DELETE FROM password_resets WHERE token_hash = $1", `${MARK_AS_USED} token_hash = $1 AND used_at IS NULL`)
  .replace("DELETE FROM password_resets WHERE user_id = $1", `${MARK_AS_USED} user_id = $1 AND used_at IS NULL`);

/** The line of the page with the start for UUIDs, which its comment names. */
const withUuids = (code: string) => code.replace(/= "0"; \/\/ for UUIDs: ("[0-]+")/, "= $1;");

interface Programs {
  fillCanonicalEmails(pool: pg.Pool): Promise<string[]>;
  stampSessions(pool: pg.Pool): Promise<void>;
}

const folder = scratchFolder("existing-system");

async function load(name: string, fill: string): Promise<Programs> {
  const [fillFile, stampFile] = [join(folder, `${name}-fill.ts`), join(folder, `${name}-stamp.ts`)];
  writeFileSync(fillFile, fill);
  writeFileSync(stampFile, STAMP.replace("./fill.ts", `./${name}-fill.ts`));
  return { ...(await import(fillFile)), ...(await import(stampFile)) };
}

/** More than one batch. */
const COUNT = 603;
const KINDS = [
  ["numbers", "bigint GENERATED ALWAYS AS IDENTITY", "bigint", FILL],
  ["UUIDs", "uuid DEFAULT gen_random_uuid()", "uuid", withUuids(FILL)],
] as const;

await describeService("postgres", (url) => {
  const schema = uniqueName("existing_system");
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });

  afterAll(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
  });

  const rows = async <T>(sql: string): Promise<T[]> => (await pool.query(sql)).rows;

  describe.each(KINDS)("With ids that are %s", (name, id, type, fill) => {
    beforeEach(async () => {
      await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
      await pool.query(
        `CREATE TABLE users (id ${id} PRIMARY KEY, email text, canonical_email text, password_hash text)`,
      );
      await pool.query(`CREATE TABLE sessions (user_id ${type}, stamp text)`);
      await pool.query(
        `INSERT INTO users (email, password_hash)
         SELECT CASE n WHEN 7 THEN 'nobody' ELSE 'User' || n || '@MÜNCHEN.example' END, NULLIF('hash ' || n, 'hash 9')
           FROM generate_series(1, ${COUNT}) n`,
      );
      await pool.query("INSERT INTO sessions SELECT id, NULLIF(password_hash, 'hash 5') FROM users WHERE email <> ''");
      await pool.query("UPDATE sessions SET stamp = CASE WHEN stamp = 'hash 11' THEN 'newer' END");
    });

    test("every valid address gets its canonical form, and the others are returned", async () => {
      const { fillCanonicalEmails } = await load(name, fill);
      const [invalid] = await rows<{ id: string }>("SELECT id::text FROM users WHERE email = 'nobody'");
      // Twice, because it can be run again.
      expect(await fillCanonicalEmails(pool)).toEqual([invalid?.id]);
      expect(await fillCanonicalEmails(pool)).toEqual([invalid?.id]);
      const users = await rows<{ email: string; canonical: string | null }>(
        "SELECT email, canonical_email AS canonical FROM users",
      );
      expect(users).toHaveLength(COUNT);
      for (const { email, canonical } of users) expect(canonical).toBe(canonicalEmail(email) ?? null);
    });

    test("every session without a stamp gets that of the user's password, and others keep theirs", async () => {
      const { stampSessions } = await load(name, fill);
      await stampSessions(pool);
      const sessions = await rows<{ id: string; passwordHash: string | null; stamp: string }>(
        `SELECT id::text, password_hash AS "passwordHash", stamp FROM users JOIN sessions ON user_id = id`,
      );
      expect(sessions).toHaveLength(COUNT);
      for (const { stamp, ...user } of sessions) {
        expect(stamp).toBe(user.passwordHash === "hash 11" ? "newer" : sessionStamp(user));
      }
    });
  });

  describe.each([
    ["deletes used rows", LEGACY],
    ["keeps used rows", LEGACY_WITH_USED_ROWS],
  ])("An old table that %s", (name, code) => {
    const file = join(folder, `${name.replaceAll(" ", "-")}.ts`);
    let ids = 0;

    beforeAll(async () => {
      writeFileSync(file, code);
      await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
      await pool.query(
        "CREATE TABLE password_resets (token_hash text, user_id bigint, expires_at timestamptz, used_at timestamptz)",
      );
    });

    const createFixture = async () => ({
      legacyTokens: (await import(file)).legacyTokens(pool) as LegacyTokens,
      addUser: () => String(++ids),
      async issue(userId: string, expiresAt: Date) {
        const token = randomBytes(32).toString("hex");
        const hash = createHash("sha256").update(token).digest("hex");
        await pool.query("INSERT INTO password_resets VALUES ($1, $2, $3)", [hash, userId, expiresAt]);
        return token;
      },
    });
    for (const { name, run } of legacyTokensContract(createFixture)) test(name, run);
  });

  test("a program that sorts ids as text misses users", async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    await pool.query(
      `CREATE TABLE users (id ${KINDS[0][1]} PRIMARY KEY, email text, canonical_email text, password_hash text)`,
    );
    await pool.query(`INSERT INTO users (email) SELECT n || '@example.org' FROM generate_series(1, ${COUNT}) n`);
    const { fillCanonicalEmails } = await load("text", FILL.replace("ORDER BY users.id", "ORDER BY id"));
    await fillCanonicalEmails(pool);
    expect((await rows("SELECT FROM users WHERE canonical_email IS NULL")).length).toBeGreaterThan(0);
  });
});
