import { randomUUID } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { UserStore } from "relatch";
import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { drizzleUsers } from "../users/drizzle.ts";
import { type Database, kyselyUsers } from "../users/kysely.ts";
import { pgUsers, USERS_TABLE } from "../users/pg.ts";
import { PrismaClient } from "../users/prisma/generated/client.ts";
import { prismaUsers } from "../users/prisma.ts";
import { typeormUsers, User } from "../users/typeorm.ts";
import { columnsOf } from "./rows.ts";
import { hasPostgres, type Isolation, postgresSchema } from "./servers.ts";

describe.skipIf(!(await hasPostgres()))("PostgreSQL", () => {
  let db: Awaited<ReturnType<typeof postgresSchema>>;
  beforeAll(async () => {
    db = await postgresSchema(USERS_TABLE);
  });
  afterAll(() => db.drop());

  /** One recipe: how it is opened over a connection string, and closed again. */
  interface Recipe {
    name: string;
    open(url: string): Promise<{ store: UserStore; close(): Promise<unknown> }>;
  }
  const pool = (url: string) => new pg.Pool({ connectionString: url, max: 8 });

  const recipes: Recipe[] = [
    {
      name: "pg",
      async open(url) {
        const db = pool(url);
        return { store: pgUsers(db), close: () => db.end() };
      },
    },
    {
      name: "Prisma",
      async open(url) {
        const prisma = new PrismaClient({
          adapter: new PrismaPg({ connectionString: url, max: 8 }, { schema: db.schema }),
        });
        return { store: prismaUsers(prisma), close: () => prisma.$disconnect() };
      },
    },
    {
      name: "Drizzle",
      async open(url) {
        const db = pool(url);
        return { store: drizzleUsers(drizzle(db)), close: () => db.end() };
      },
    },
    {
      name: "Kysely",
      async open(url) {
        const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: pool(url) }) });
        return { store: kyselyUsers(db), close: () => db.destroy() };
      },
    },
    ...(["throw", "ignore"] as const).map((undefinedMeans) => ({
      name: `TypeORM, where undefined in a "where" means "${undefinedMeans}",`,
      async open(url: string) {
        const source = await new DataSource({
          type: "postgres",
          url,
          poolSize: 8,
          entities: [User],
          invalidWhereValuesBehavior: { undefined: undefinedMeans },
        }).initialize();
        return { store: typeormUsers(source.getRepository(User)), close: () => source.destroy() };
      },
    })),
  ];

  for (const { name, open } of recipes) {
    describe.each<Isolation>(["read committed", "repeatable read", "serializable"])(`${name} at %s`, (isolation) => {
      let opened: Awaited<ReturnType<Recipe["open"]>>;
      beforeAll(async () => {
        opened = await open(db.url(isolation));
      });
      afterAll(() => opened.close());

      test("the connections have that isolation level", async () => {
        const client = new pg.Client({ connectionString: db.url(isolation) });
        await client.connect();
        const { rows } = await client.query("SHOW transaction_isolation");
        await client.end();
        expect(rows).toEqual([{ transaction_isolation: isolation }]);
      });

      const fixture = (): UserStoreFixture => ({
        store: opened.store,
        async add(account) {
          const { names, values } = columnsOf(account);
          const { rows } = await db.client.query<{ id: string }>(
            `INSERT INTO users (${names}) VALUES (${names.map((_, n) => `$${n + 1}`)}) RETURNING id::text`,
            values,
          );
          return rows[0]?.id ?? "";
        },
        async change(id, change) {
          const { names, values } = columnsOf(change);
          const settings = names.map((name, n) => `${name} = $${n + 2}`);
          await db.client.query(`UPDATE users SET ${settings} WHERE id = $1`, [id, ...values]);
        },
        remove: (id) => db.client.query("DELETE FROM users WHERE id = $1", [id]),
      });
      for (const { name, run } of userStoreContract(fixture)) test(name, run);

      test.each([
        ["false", "password", "password_hash = 'other'", false, "other"],
        ["true", "name", "name = 'other'", true, "new"],
      ])("replacePasswordHash returns %s if a transaction that commits first changed the %s", async (...row) => {
        const [, , change, isCommitted, hash] = row;
        const { store, add } = fixture();
        const email = `${randomUUID()}@example.org`;
        const userId = await add({ email, passwordHash: "old", active: true });
        await db.client.query("BEGIN");
        await db.client.query(`UPDATE users SET ${change} WHERE id = $1`, [userId]);
        const commit = store.replacePasswordHash({ userId, email, expected: "old", next: "new" });
        await vi.waitFor(async () => expect(await db.waiting()).toBe(1));
        await db.client.query("COMMIT");
        expect(await commit).toBe(isCommitted);
        expect((await store.findById(userId))?.passwordHash).toBe(hash);
      });

      test("findByEmail and findById return nothing for a missing value", async () => {
        await fixture()
          .add({ email: "first@example.org", passwordHash: "x", active: true })
          .catch(() => {});
        for (const method of ["findByEmail", "findById"] as const) {
          const found = Promise.resolve().then(() => opened.store[method](undefined as never, undefined));
          expect((await found.catch(() => undefined)) ?? undefined).toBeUndefined();
        }
      });
    });
  }

  // Controls: the traps that the recipes avoid.
  test("in Prisma's where, undefined means no condition", async () => {
    const adapter = new PrismaPg({ connectionString: db.url() }, { schema: db.schema });
    const prisma = new PrismaClient({ adapter });
    const email = `${randomUUID()}@example.org`;
    const { id } = await prisma.user.create({ data: { email, canonicalEmail: email, passwordHash: "old" } });
    const where = { id, passwordHash: undefined as unknown as string };
    expect(await prisma.user.updateMany({ where, data: { passwordHash: "new" } })).toEqual({ count: 1 });
    await prisma.$disconnect();
  });

  test("in TypeORM's where, undefined can mean no condition", async () => {
    const source = await new DataSource({
      type: "postgres",
      url: db.url(),
      entities: [User],
      invalidWhereValuesBehavior: { undefined: "ignore" },
    }).initialize();
    const users = source.getRepository(User);
    const email = `${randomUUID()}@example.org`;
    await users.insert({ email, canonicalEmail: email, passwordHash: "old" });
    expect(await users.findOneBy({ id: undefined as never })).not.toBeNull();
    await source.destroy();
  });
});
