import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { PrismaMariaDb } from "@prisma/adapter-mariadb";
import { PrismaPg } from "@prisma/adapter-pg";
import Database from "libsql";
import mysql from "mysql2/promise";
import pg from "pg";
import { mysqlTokens, mysqlTokensSql } from "relatch/mysql";
import { postgresTokens, postgresTokensSql } from "relatch/postgres";
import { sqliteTokens, sqliteTokensSql } from "relatch/sqlite";
import { tokenStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PrismaClient } from "../tokens/generated/client.ts";
import { type Edit, migrateWithDrizzle, migrateWithPrisma } from "./schema-migrations.ts";
import { hasMysql, hasPostgres, MYSQL_URL, postgresSchema, uniqueName } from "./servers.ts";

// The table of links in the schema languages of Drizzle and Prisma, taken through their migrations: it is compared with
// the table that relatch itself creates, and passes the contract.

const TABLE = "password_reset_tokens";

/** How a migration is edited by hand, as the comments in the schemas say. */
const withCollations: Edit = (statements) =>
  statements.replace(/("(?:token_hash|user_id)") TEXT/g, '$1 TEXT COLLATE "C"');
const withoutRowid: Edit = (statements) => statements.replace(/\n\);/, "\n) WITHOUT ROWID;");

describe.skipIf(!(await hasPostgres()))("PostgreSQL", () => {
  type Schema = Awaited<ReturnType<typeof postgresSchema>>;

  async function describeTable({ client, schema }: Schema) {
    const table = `'${schema}.${TABLE}'::regclass`;
    const columns = await client.query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS "isRequired",
              collname AS collation, atthasdef AS "hasDefault"
         FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        WHERE attrelid = ${table} AND attnum > 0 ORDER BY attnum`,
    );
    const constraints = await client.query(
      `SELECT conname AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conrelid = ${table} ORDER BY 1`,
    );
    const indexes = await client.query(
      `SELECT indexname AS name, replace(indexdef, '${schema}.', '') AS statement FROM pg_indexes
        WHERE schemaname = '${schema}' AND tablename = '${TABLE}' ORDER BY 1`,
    );
    return { columns: columns.rows, constraints: constraints.rows, indexes: indexes.rows };
  }

  const adapterOf = ({ url, schema }: Schema) => new PrismaPg({ connectionString: url() }, { schema });
  const ways = [
    {
      name: "drizzle-kit",
      differs: false,
      migrate: (to: Schema) =>
        migrateWithDrizzle("postgresql", "tokens/drizzle-postgres.ts", to.url(), { own: to.schema }),
    },
    {
      name: "Prisma, edited",
      differs: false,
      migrate: (to: Schema) => migrateWithPrisma("tokens/postgresql.prisma", adapterOf(to), withCollations),
    },
    {
      name: "Prisma, as generated",
      differs: true,
      migrate: (to: Schema) => migrateWithPrisma("tokens/postgresql.prisma", adapterOf(to)),
    },
  ];

  describe.each(ways)("the migration of $name", ({ differs, migrate }) => {
    let ours: Schema;
    let theirs: Schema;
    let pool: pg.Pool;
    beforeAll(async () => {
      [ours, theirs] = await Promise.all([postgresSchema(postgresTokensSql()), postgresSchema()]);
      await migrate(theirs);
      pool = new pg.Pool({ connectionString: theirs.url(), max: 8 });
    });
    afterAll(async () => {
      await pool.end();
      await Promise.all([ours.drop(), theirs.drop()]);
    });

    test(`makes ${differs ? "the table of postgresTokensSql but for two collations" : "the table of postgresTokensSql"}`, async () => {
      const expected = await describeTable(ours);
      expect(expected.columns).toHaveLength(4);
      expect(expected.columns).toContainEqual(expect.objectContaining({ name: "user_id", collation: "C" }));
      if (differs) {
        for (const column of expected.columns) if (column.collation === "C") column.collation = "default";
      }
      expect(await describeTable(theirs)).toEqual(expected);
    });

    for (const { name, run } of tokenStoreContract(() => postgresTokens(pool))) test(name, run);
  });
});

describe.skipIf(!(await hasMysql()))("MySQL or MariaDB", () => {
  const databases = { ours: uniqueName(), theirs: uniqueName() };
  const urlOf = (database: string, protocol = "mysql:") =>
    Object.assign(new URL(MYSQL_URL), { protocol, pathname: database }).href;
  let admin: mysql.Connection;
  let ours: mysql.Pool;
  let theirs: mysql.Pool;
  beforeAll(async () => {
    admin = await mysql.createConnection(MYSQL_URL);
    for (const database of Object.values(databases)) await admin.query(`CREATE DATABASE ${database}`);
    ours = mysql.createPool({ uri: urlOf(databases.ours), connectionLimit: 8 });
    theirs = mysql.createPool({ uri: urlOf(databases.theirs), connectionLimit: 8 });
    await ours.query(mysqlTokensSql());
    await migrateWithDrizzle("mysql", "tokens/drizzle-mysql.ts", urlOf(databases.theirs));
  });
  afterAll(async () => {
    await Promise.all([ours.end(), theirs.end()]);
    for (const database of Object.values(databases)) await admin.query(`DROP DATABASE ${database}`);
    await admin.end();
  });

  async function describeTable(pool: mysql.Pool) {
    const where = `WHERE table_schema = DATABASE() AND table_name = '${TABLE}'`;
    const [columns] = await pool.query(
      `SELECT column_name, column_type, is_nullable, column_default, collation_name, column_key, extra
         FROM information_schema.columns ${where} ORDER BY ordinal_position`,
    );
    const [indexes] = await pool.query(
      `SELECT index_name, seq_in_index, column_name, non_unique, sub_part, index_type
         FROM information_schema.statistics ${where} ORDER BY index_name, seq_in_index`,
    );
    return { columns, indexes };
  }

  describe("the migration of drizzle-kit", () => {
    test("makes the table of mysqlTokensSql", async () => {
      const expected = await describeTable(ours);
      expect(expected.columns).toHaveLength(4);
      expect(expected.indexes).toHaveLength(3);
      expect(await describeTable(theirs)).toEqual(expected);
    });

    for (const { name, run } of tokenStoreContract(() => mysqlTokens(theirs))) test(name, run);
  });

  // Prisma plans migrations for MySQL with a binary that it downloads, which a test must not. So its client, made from
  // the same model, writes to the table and reads from it.
  test("Prisma's client reads what mysqlTokens saves, and mysqlTokens finds what the client saves", async () => {
    const prisma = new PrismaClient({ adapter: new PrismaMariaDb(urlOf(databases.ours, "mariadb:")) });
    const tokens = mysqlTokens(ours);
    const createRecord = () => ({
      tokenHash: randomBytes(32).toString("hex"),
      userId: "é42",
      fingerprint: randomBytes(32).toString("hex"),
      expiresAt: new Date(Date.now() + 1),
    });
    const toRow = ({ tokenHash, userId, fingerprint, expiresAt }: ReturnType<typeof createRecord>) => ({
      tokenHash: new Uint8Array(Buffer.from(tokenHash, "hex")),
      userId: new Uint8Array(Buffer.from(userId)),
      fingerprint: new Uint8Array(Buffer.from(fingerprint, "hex")),
      expiresAt: BigInt(expiresAt.getTime()),
    });
    const [saved, created] = [createRecord(), createRecord()];
    await tokens.save(saved);
    const { tokenHash } = toRow(saved);
    expect(await prisma.passwordResetToken.findUnique({ where: { tokenHash } })).toEqual(toRow(saved));
    await prisma.passwordResetToken.create({ data: toRow(created) });
    expect(await tokens.find(created.tokenHash)).toEqual(created);
    expect(await prisma.passwordResetToken.count({ where: { userId: toRow(saved).userId } })).toBe(2);
    await prisma.$disconnect();
  });
});

describe("SQLite", () => {
  function describeTable(db: Database.Database) {
    const all = (statement: string) => db.prepare(statement).all() as Record<string, unknown>[];
    const columns = all(`PRAGMA table_xinfo(${TABLE})`);
    const indexes = all(`PRAGMA index_list(${TABLE})`)
      .map(({ name, unique, origin, partial }) => {
        // SQLite itself names the index of a primary key.
        const own = origin === "pk" ? "primary key" : name;
        const parts = all(`PRAGMA index_info("${name}")`).map((part) => part["name"]);
        return { name: own, unique, partial, parts };
      })
      .toSorted((a, b) => String(a.name).localeCompare(String(b.name)));
    const [table] = all(`SELECT wr, strict FROM pragma_table_list('${TABLE}')`);
    return { columns, indexes, isWithoutRowid: table?.["wr"] === 1, isStrict: table?.["strict"] === 1 };
  }

  const schema = "tokens/drizzle-sqlite.ts";
  const model = "tokens/sqlite.prisma";
  const ways = [
    {
      name: "drizzle-kit, edited",
      isWithoutRowid: true,
      expiresAt: "INTEGER",
      migrate: async (url: string) => migrateWithDrizzle("sqlite", schema, url, { edit: withoutRowid }),
    },
    {
      name: "drizzle-kit, as generated",
      isWithoutRowid: false,
      expiresAt: "INTEGER",
      migrate: async (url: string) => migrateWithDrizzle("sqlite", schema, url),
    },
    {
      name: "Prisma, edited",
      isWithoutRowid: true,
      expiresAt: "BIGINT",
      migrate: async (url: string) => migrateWithPrisma(model, new PrismaLibSql({ url }), withoutRowid),
    },
    {
      name: "Prisma, as generated",
      isWithoutRowid: false,
      expiresAt: "BIGINT",
      migrate: async (url: string) => migrateWithPrisma(model, new PrismaLibSql({ url })),
    },
  ];

  describe.each(ways)("the migration of $name", ({ isWithoutRowid, expiresAt, migrate }) => {
    let folder: string;
    let db: Database.Database;
    let migrated: Awaited<ReturnType<typeof migrate>>;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "relatch-tokens-"));
      const file = join(folder, "acme.sqlite");
      migrated = await migrate(`file:${file}`);
      db = new Database(file);
      db.pragma("synchronous = OFF"); // a test does not need the disk
    });
    afterAll(async () => {
      db.close();
      await rm(folder, { recursive: true });
    });

    test("makes the table of sqliteTokensSql, with the differences that it is said to have", () => {
      const ours = new Database(":memory:");
      ours.exec(sqliteTokensSql());
      const expected = describeTable(ours);
      expect(expected).toMatchObject({ isWithoutRowid: true, isStrict: false });
      const columns = expected.columns.map((column) => ({
        ...column,
        type: column["name"] === "expires_at" ? expiresAt : column["type"],
      }));
      const theirs = describeTable(db);
      // Both engines write types in either case.
      for (const column of theirs.columns) column["type"] = String(column["type"]).toUpperCase();
      expect(theirs).toEqual({ ...expected, columns, isWithoutRowid });
    });

    test("leaves Prisma no difference between the database and its schema", async () => {
      if (migrated) expect(await migrated.hasDrift()).toBe(false);
    });

    for (const { name, run } of tokenStoreContract(() => sqliteTokens(db))) test(name, run);
  });
});
