import Database from "libsql";
import { sqliteTokensSql } from "relatch/sqlite";

/** D1 over libsql, and the variables of the Worker. */
const db = new Database(":memory:");
db.exec(`
  CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, password_hash TEXT) STRICT;
  CREATE TABLE sessions (user_id TEXT NOT NULL, stamp TEXT) STRICT;
  INSERT INTO users VALUES ('42', 'mike@example.org', 'Mike', 'old-hash');
  INSERT INTO sessions VALUES ('42', NULL);
  ${sqliteTokensSql()}`);

type Value = string | number | null;

const DB = {
  withSession: (_constraint: "first-primary") => DB,
  prepare: (statement: string) => ({
    bind: (...values: Value[]) => ({
      first: async (): Promise<unknown> => db.prepare(statement).get(...values) ?? null,
      run: async () => {
        if (/^SELECT/i.test(statement)) return { results: db.prepare(statement).all(...values), meta: { changes: 0 } };
        return { results: [], meta: { changes: Number(db.prepare(statement).run(...values).changes) } };
      },
    }),
  }),
  batch: async (_statements: never[]): Promise<unknown> => [],
};

export const env = { DB, ORIGIN: "https://app.example.com", RESEND_KEY: "re_test" };

/** Work that goes on after a response. */
export const waiting: Promise<unknown>[] = [];
export const waitUntil = (work: Promise<unknown>): void => void waiting.push(work);
