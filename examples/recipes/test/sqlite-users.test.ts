import { randomUUID } from "node:crypto";
import Database from "libsql";
import { userStoreContract } from "relatch/testing";
import { test } from "vitest";
import { libsqlUsers, USERS_TABLE } from "../users/libsql.ts";
import { columnsOf } from "./rows.ts";

const db = new Database(":memory:");
db.exec(USERS_TABLE);
const store = libsqlUsers(db);
const bindable = (value: unknown) => (typeof value === "boolean" ? Number(value) : value);

const cases = userStoreContract(() => ({
  store,
  async add(account) {
    const id = randomUUID();
    const { names, values } = columnsOf(account);
    const places = names.map(() => "?");
    db.prepare(`INSERT INTO users (id, ${names}) VALUES (?, ${places})`).run(id, ...values.map(bindable));
    return id;
  },
  async change(id, change) {
    const { names, values } = columnsOf(change);
    const settings = names.map((name) => `${name} = ?`);
    db.prepare(`UPDATE users SET ${settings} WHERE id = ?`).run(...values.map(bindable), id);
  },
  async remove(id) {
    db.prepare("DELETE FROM users WHERE id = ?").run(id);
  },
}));
for (const { name, run } of cases) test(name, run);
