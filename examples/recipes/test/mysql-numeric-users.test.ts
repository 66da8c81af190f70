import { randomUUID } from "node:crypto";
import { PrismaMariaDb } from "@prisma/adapter-mariadb";
import { generateMySQLDrizzleJson, generateMySQLMigration } from "drizzle-kit/api";
import { drizzle } from "drizzle-orm/mysql2";
import mysql, { type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import type { UserStore } from "relatch";
import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drizzleMysqlUsers, users } from "../users/drizzle-mysql.ts";
import { PrismaClient } from "../users/prisma-mysql/generated/client.ts";
import { prismaMysqlUsers } from "../users/prisma-mysql.ts";
import { columnsOf } from "./rows.ts";
import { hasMysql, MYSQL_URL, uniqueName } from "./servers.ts";

describe.skipIf(!(await hasMysql()))("MySQL or MariaDB, with numeric ids", () => {
  const database = uniqueName();
  let pool: mysql.Pool;
  beforeAll(async () => {
    const admin = await mysql.createConnection(MYSQL_URL);
    // A default collation that folds case and accents, as servers come.
    await admin.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    await admin.end();
    pool = mysql.createPool({ uri: MYSQL_URL, database, connectionLimit: 8 });
    // The table as drizzle-kit makes it. Prisma's model maps the same one.
    const [none, model] = [await generateMySQLDrizzleJson({}), await generateMySQLDrizzleJson({ users })];
    for (const statement of await generateMySQLMigration(none, model)) await pool.query(statement);
  });
  afterAll(async () => {
    await pool.query(`DROP DATABASE ${database}`);
    await pool.end();
  });

  /** A recipe that has been opened, with functions that run a statement on its connections and close them. */
  interface Opened {
    store: UserStore;
    execute(statement: string): Promise<unknown>;
    close(): Promise<unknown>;
  }
  const recipes: { name: string; open(connections: number): Opened }[] = [
    {
      name: "Drizzle",
      open(connectionLimit) {
        const own = mysql.createPool({ uri: MYSQL_URL, database, connectionLimit });
        const store = drizzleMysqlUsers(drizzle(own));
        return { store, execute: (statement) => own.query(statement), close: () => own.end() };
      },
    },
    {
      name: "Prisma",
      open(connectionLimit) {
        const url = new URL(MYSQL_URL);
        Object.assign(url, { protocol: "mariadb:", pathname: database });
        url.searchParams.set("connectionLimit", String(connectionLimit));
        const prisma = new PrismaClient({ adapter: new PrismaMariaDb(url.href) });
        return {
          store: prismaMysqlUsers(prisma),
          execute: (statement) => prisma.$executeRawUnsafe(statement),
          close: () => prisma.$disconnect(),
        };
      },
    },
  ];

  for (const { name, open } of recipes) {
    describe(name, () => {
      let opened: Opened;
      beforeAll(() => {
        opened = open(8);
      });
      afterAll(() => opened.close());

      const fixture = (): UserStoreFixture => ({
        store: opened.store,
        async add({ tenant = "", ...account }) {
          const { names, values } = columnsOf(account);
          const places = names.map(() => "?");
          const [{ insertId }] = await pool.execute<ResultSetHeader>(
            `INSERT INTO users (tenant, ${names}) VALUES (?, ${places})`,
            [tenant, ...values],
          );
          return String(insertId);
        },
        async change(id, change) {
          const { names, values } = columnsOf(change);
          const settings = names.map((name) => `${name} = ?`);
          await pool.execute(`UPDATE users SET ${settings} WHERE id = ?`, [...values, id]);
        },
        remove: (id) => pool.execute("DELETE FROM users WHERE id = ?", [id]),
      });
      for (const { name, run } of userStoreContract(fixture, { tenants: ["blue", "red"] })) test(name, run);

      /** Adds an account whose id is given. */
      async function addWithId(id: string) {
        const email = `${randomUUID()}@example.org`;
        await pool.query("INSERT INTO users (id, email, canonical_email, password_hash) VALUES (?, ?, ?, 'old')", [
          id,
          email,
          email,
        ]);
        return { id, email };
      }

      test("a string that only starts like a number, or is written otherwise, is the id of no account", async () => {
        const { store, add } = fixture();
        const email = `${randomUUID()}@example.org`;
        const id = await add({ email, passwordHash: "old", active: true });
        const hex = `0x${Number(id).toString(16)}`;
        const near = [
          ...[`${id}abc`, `${id} `, ` ${id}`, `${id}\n`, `0${id}`, `+${id}`, `-${id}`, `${id}.0`, `${id}e0`, `${id}n`],
          ...[hex, id.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
          ...["", "x", "0", "-1", "1.5", "NaN", "null", "99999999999999999999", "9".repeat(128), `${id} OR 1=1`],
        ];
        for (const userId of near) {
          expect((await store.findById(userId)) ?? null, userId).toBeNull();
          const change = { userId, email, next: "new" };
          expect(await store.replacePasswordHash({ ...change, expected: "old" }), userId).toBe(false);
          expect(await store.setFirstPasswordHash?.(change), userId).toBe(false);
        }
        expect((await store.findById(id))?.passwordHash).toBe("old");
      });

      test("ids that are one number as floating point are two accounts", async () => {
        const base = 2n ** 53n + 4n * BigInt(Math.floor(Math.random() * 2 ** 40));
        const [even, odd] = [await addWithId(String(base)), await addWithId(String(base + 1n))];
        expect(Number(even.id)).toBe(Number(odd.id));
        const { store } = fixture();
        for (const { id, email } of [even, odd]) {
          expect(await store.findById(id)).toMatchObject({ id, email });
          expect(await store.findByEmail(email, undefined)).toMatchObject({ id });
        }
        const change = { userId: odd.id, email: odd.email, expected: "old", next: "new" };
        expect(await store.replacePasswordHash(change)).toBe(true);
        expect((await store.findById(even.id))?.passwordHash).toBe("old");
        expect((await store.findById(odd.id))?.passwordHash).toBe("new");
        await pool.query("DELETE FROM users WHERE id IN (?, ?)", [even.id, odd.id]);
        await pool.query("ALTER TABLE users AUTO_INCREMENT = 1"); // goes on after the largest id that is left
      });

      test("replacePasswordHash succeeds after a deadlock", async () => {
        const { store, add } = fixture();
        const [mine, other] = [`${randomUUID()}@example.org`, `${randomUUID()}@example.org`];
        const userId = await add({ email: mine, passwordHash: "old", active: true });
        const otherId = await add({ email: other, passwordHash: "old", active: true });

        // The other transaction has changed many rows, so that ours is the one the server gives up.
        const heavy = await pool.getConnection();
        const filler = uniqueName();
        await heavy.query(`CREATE TABLE ${filler} (n int PRIMARY KEY)`);
        await heavy.beginTransaction();
        await heavy.query(`INSERT INTO ${filler} VALUES ${Array.from({ length: 500 }, (_, n) => `(${n})`).join()}`);
        const lock = "UPDATE users SET name = ? WHERE id = ?";
        await heavy.execute(lock, ["heavy", userId]);
        // The recipe's only connection is in a transaction that holds what the other one wants.
        const light = open(1);
        await light.execute("START TRANSACTION");
        await light.execute(`UPDATE users SET name = 'light' WHERE id = ${otherId}`);
        const latestDeadlock = async () => {
          const [[row]] = await pool.query<RowDataPacket[]>("SHOW ENGINE INNODB STATUS");
          return String(row?.["Status"]).match(/LATEST DETECTED DEADLOCK[\s\S]*?\nTRANSACTIONS/)?.[0] ?? "";
        };
        const before = await latestDeadlock();
        const commit = light.store.replacePasswordHash({ userId, email: mine, expected: "old", next: "new" });
        await new Promise((resolve) => setTimeout(resolve, 200));
        const heavyGoesOn = heavy.execute(lock, ["heavy", otherId]).then(() => heavy.commit());
        expect(await commit).toBe(true);
        await heavyGoesOn;
        expect(await latestDeadlock()).not.toBe(before);
        expect(await latestDeadlock()).toContain(database);
        expect((await store.findById(userId))?.passwordHash).toBe("new");
        heavy.release();
        await light.close();
      });
    });
  }

  test("control: MySQL reads a string that starts with a number as that number", async () => {
    const [rows] = await pool.execute<RowDataPacket[]>("SELECT CAST(42 AS UNSIGNED) = ? AS same", ["42abc"]);
    expect(rows).toEqual([{ same: 1 }]);
    expect(() => BigInt("42abc")).toThrow(SyntaxError);
  });
});
