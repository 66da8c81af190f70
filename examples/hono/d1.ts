import type { Mailer } from "relatch";
import { type D1, sqliteTokens } from "relatch/sqlite";
import { appDatabase, type Sql, schema } from "../shared/database.ts";
import type { CaughtMail } from "../shared/inbox.ts";
import { rateLimiterSchema, sqlRateLimiter } from "../shared/rate-limiter.ts";

/** As much of Cloudflare's D1 as the example needs. */
export interface D1Database extends D1 {
  prepare(statement: string): {
    bind(...values: (string | number)[]): {
      first(): Promise<unknown>;
      run(): Promise<{ results: unknown[]; meta: { changes: number } }>;
    };
  };
  withSession(constraint: "first-primary"): Pick<D1Database, "prepare">;
}

/** The application's database, its limits and its development inbox in D1. */
export function d1Database(db: D1Database) {
  // On the primary: a replica may not have heard of a new password yet.
  const bound = (statement: string, values: (string | number)[]) =>
    db
      .withSession("first-primary")
      .prepare(statement)
      .bind(...values);
  const sql: Sql = {
    get: (statement, ...values) => bound(statement, values).first(),
    run: async (statement, ...values) => (await bound(statement, values).run()).meta.changes,
  };
  const database = appDatabase(sql, sqliteTokens(db));
  const rateLimiter = sqlRateLimiter(sql);
  const mails = async (clause: string, ...values: number[]) =>
    (await bound(`SELECT * FROM mails ${clause}`, values).run()).results.map(toMail);

  return {
    database,
    rateLimiter,

    /** Mails kept instead of sent. In a table, because no two isolates of a Worker share their memory. */
    inbox: {
      list: () => mails("ORDER BY id DESC LIMIT 100"),
      find: async (id: number) => (await mails("WHERE id = ?", Number.isSafeInteger(id) ? id : 0))[0],
      async send({ to, subject, text, html = "" }, { kind }) {
        await sql.run(
          "INSERT INTO mails (at, kind, recipient, subject, text, html) VALUES (?, ?, ?, ?, ?, ?)",
          ...[Date.now(), kind, to, subject, text, html],
        );
      },
    } satisfies Mailer & Record<string, unknown>,

    /** For a demo. What is deployed has its tables from migrations. */
    async createTables(): Promise<void> {
      for (const statement of [...schema, rateLimiterSchema, mailSchema]) await sql.run(statement);
      await database.tokens.createTable();
    },

    /** Deletes what is over and can do nothing but take room. */
    async purge(): Promise<void> {
      await database.tokens.deleteExpired(new Date());
      await rateLimiter.deleteExpired();
    },
  };
}

const mailSchema = `CREATE TABLE IF NOT EXISTS mails (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL
) STRICT`;

function toMail(row: unknown): CaughtMail {
  const {
    at,
    recipient: to,
    ...mail
  } = row as Omit<CaughtMail, "at" | "to"> & { at: number; recipient: string };
  return { ...mail, to, at: new Date(at) };
}
