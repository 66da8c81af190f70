import type { Mailer, ResetEvent } from "relatch";
import { type D1, sqliteTokens } from "relatch/sqlite";
import { appDatabase, type Sql, schema } from "../shared/database.ts";
import { type CaughtEmail, explainSilence, type Inbox } from "../shared/inbox.ts";
import { rateLimiterSchema, sqlRateLimiter } from "../shared/rate-limiter.ts";

/** The part of Cloudflare's D1 that the example uses. */
export interface D1Database extends D1 {
  prepare(statement: string): {
    bind(...values: (string | number)[]): {
      first(): Promise<unknown>;
      run(): Promise<{ results: unknown[]; meta: { changes: number } }>;
    };
  };
  withSession(constraint: "first-primary"): Pick<D1Database, "prepare">;
}

/** The application's database, its limits and its development inbox, in D1. */
export function d1Database(db: D1Database) {
  // On the primary, because a replica may not have heard of a new password yet.
  const bind = (statement: string, values: (string | number)[]) =>
    db
      .withSession("first-primary")
      .prepare(statement)
      .bind(...values);
  const sql: Sql = {
    get: (statement, ...values) => bind(statement, values).first(),
    run: async (statement, ...values) => (await bind(statement, values).run()).meta.changes,
  };
  const database = appDatabase(sql, sqliteTokens(db));
  const rateLimiter = sqlRateLimiter(sql);
  const select = async (statement: string, ...values: number[]) => (await bind(statement, values).run()).results;

  return {
    database,
    rateLimiter,

    /** Emails that are kept instead of sent. In a table, because no two isolates of a Worker share their memory. */
    inbox: {
      async list() {
        const emails = await select("SELECT * FROM caught_emails ORDER BY id DESC LIMIT 100");
        const notes = await select("SELECT at, text FROM notes ORDER BY id DESC LIMIT 100");
        return { emails: emails.map(toEmail), notes: notes.map(toNote) };
      },
      async find(id) {
        const [row] = await select("SELECT * FROM caught_emails WHERE id = ?", Number.isSafeInteger(id) ? id : 0);
        return row === undefined ? undefined : toEmail(row);
      },
      async send({ to, subject, text, html = "" }, { kind }) {
        await sql.run(
          "INSERT INTO caught_emails (at, kind, recipient, subject, text, html) VALUES (?, ?, ?, ?, ?, ?)",
          ...[Date.now(), kind, to, subject, text, html],
        );
      },
      async observe(event: ResetEvent) {
        const text = explainSilence(event);
        if (text !== undefined) await sql.run("INSERT INTO notes (at, text) VALUES (?, ?)", event.at.getTime(), text);
      },
    } satisfies Mailer & Inbox & Record<string, unknown>,

    /** For development. In production, migrations create the tables. */
    async createTables(): Promise<void> {
      for (const statement of [...schema, rateLimiterSchema, ...inboxSchema]) await sql.run(statement);
      await database.tokens.createTable();
    },

    /** Deletes expired links and counts, which only take room. */
    async purge(): Promise<void> {
      await database.tokens.deleteExpired(new Date());
      await rateLimiter.deleteExpired();
    },
  };
}

const inboxSchema = [
  `CREATE TABLE IF NOT EXISTS caught_emails (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL
) STRICT`,
  "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL) STRICT",
];

function toEmail(row: unknown): CaughtEmail {
  const { at, recipient: to, ...email } = row as Omit<CaughtEmail, "at" | "to"> & { at: number; recipient: string };
  return { ...email, to, at: new Date(at) };
}

function toNote(row: unknown) {
  const { at, text } = row as { at: number; text: string };
  return { at: new Date(at), text };
}
