import { randomUUID } from "node:crypto";
import mysql, { type RowDataPacket } from "mysql2/promise";
import { type UserStoreFixture, userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysqlUsers, USERS_TABLE } from "../users/mysql2.ts";
import { columnsOf } from "./rows.ts";
import { hasMysql, MYSQL_URL, uniqueName } from "./servers.ts";

describe.skipIf(!(await hasMysql()))("MySQL or MariaDB", () => {
  const database = uniqueName();
  let pool: mysql.Pool;
  beforeAll(async () => {
    const admin = await mysql.createConnection(MYSQL_URL);
    // A default collation that folds case and accents, as servers come.
    await admin.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    await admin.end();
    pool = mysql.createPool({ uri: MYSQL_URL, database, connectionLimit: 8 });
    await pool.query(USERS_TABLE);
  });
  afterAll(async () => {
    await pool.query(`DROP DATABASE ${database}`);
    await pool.end();
  });

  const fixture = (): UserStoreFixture => ({
    store: mysqlUsers(pool),
    async add(account) {
      const id = randomUUID();
      const { names, values } = columnsOf(account);
      const places = names.map(() => "?");
      await pool.execute(`INSERT INTO users (id, ${names}) VALUES (?, ${places})`, [id, ...values]);
      return id;
    },
    async change(id, change) {
      const { names, values } = columnsOf(change);
      const settings = names.map((name) => `${name} = ?`);
      await pool.execute(`UPDATE users SET ${settings} WHERE id = ?`, [...values, id]);
    },
    remove: (id) => pool.execute("DELETE FROM users WHERE id = ?", [id]),
  });

  for (const { name, run } of userStoreContract(fixture)) test(name, run);

  test("replacePasswordHash succeeds after a deadlock", async () => {
    const { store, add } = fixture();
    const [mine, other] = [`${randomUUID()}@example.org`, `${randomUUID()}@example.org`];
    const userId = await add({ email: mine, passwordHash: "old", active: true });
    const otherId = await add({ email: other, passwordHash: "old", active: true });

    // The other transaction has changed many rows, so that ours is the one the server gives up.
    const [heavy, light] = [await pool.getConnection(), await pool.getConnection()];
    const lock = "UPDATE users SET name = ? WHERE id = ?";
    await heavy.query("CREATE TABLE filler (n int PRIMARY KEY)");
    await heavy.beginTransaction();
    await heavy.query(`INSERT INTO filler VALUES ${Array.from({ length: 500 }, (_, n) => `(${n})`).join()}`);
    await heavy.execute(lock, ["heavy", userId]);
    await light.beginTransaction();
    await light.execute(lock, ["light", otherId]);
    // The recipe's statement, in a transaction that holds what the other one wants.
    let deadlocks = 0;
    const counted = {
      execute: (async (statement: string, values: string[]) => {
        try {
          return await light.execute(statement, values);
        } catch (error) {
          if ((error as { errno?: unknown }).errno === 1213) deadlocks += 1;
          throw error;
        }
      }) as typeof pool.execute,
    };
    const commit = mysqlUsers(counted).replacePasswordHash({
      userId,
      email: mine,
      expected: "old",
      next: "new",
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const heavyGoesOn = heavy.execute(lock, ["heavy", otherId]).then(() => heavy.commit());
    expect(await commit).toBe(true);
    await heavyGoesOn;
    expect(deadlocks).toBe(1);
    expect((await store.findById(userId))?.passwordHash).toBe("new");
    for (const connection of [heavy, light]) connection.release();
  });

  test("control: = on a _bin collation ignores a blank at the end", async () => {
    const id = await fixture().add({ email: "blank@example.org", passwordHash: "hash", active: true });
    const [rows] = await pool.execute<RowDataPacket[]>(
      "SELECT password_hash = 'HASH' AS folded, password_hash COLLATE utf8mb4_bin = 'hash ' AS padded FROM users WHERE id = ?",
      [id],
    );
    expect(rows).toEqual([{ folded: 1, padded: 1 }]);
  });
});
