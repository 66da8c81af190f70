import { createTransport } from "nodemailer";
import { Argon2id } from "oslo/password";
import pg from "pg";
import { createPasswordReset, type Dispatcher } from "relatch";
import { nodemailerMailer } from "relatch/nodemailer";
import { postgresTokens } from "relatch/postgres";
import { stampedSessions } from "../logins/session-stamp.ts";
import { pgUsers } from "../users/pg.ts";

const {
  DATABASE_URL = "postgres://127.0.0.1/acme",
  MAIL_URL = "smtp://127.0.0.1:25",
  APP_URL = "http://localhost:8000",
  RESET_KEY = "",
  STOP_MS = "40000",
} = process.env;

/**
 * The application, as the web processes and the workers share it. They differ in one thing: a web process has the
 * dispatcher that enqueues, a worker needs none. Several web processes also need shared limits, and so do workers with the
 * option `codes`, which count the codes that they send: docs/limits.md.
 */
export function openApp(dispatcher?: Dispatcher) {
  // A commit must not take effect after its follow-up job has given up: at most 60 seconds per statement.
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    statement_timeout: 30_000,
    query_timeout: 35_000, // the client's own limit, for a connection that is dead and does not say so
    connectionTimeoutMillis: 10_000, // a query whose caller has given up must not wait in front of others
  });
  // The database has cut an idle connection. Without a listener this would end the process.
  pool.on("error", ({ message }) => console.error("pool:", message));
  const users = pgUsers(pool);
  const tokens = postgresTokens(pool);
  const passwordReset = createPasswordReset({
    users,
    tokens,
    mailer: nodemailerMailer(createTransport(MAIL_URL)),
    hasher: new Argon2id(),
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: `${APP_URL}/password_reset/:token`,
    revokeSessions: stampedSessions(pool, users).endAll,
    // Jobs in the queue are signed with this key, and a worker drops those that are not: openssl rand -base64 32
    keys: [Buffer.from(RESET_KEY, "base64")],
    dispatcher,
    // Into the log of the process. An event contains no address, token or password.
    onEvent: (event) => console.log(JSON.stringify(event)),
  });
  return { pool, tokens, passwordReset };
}

/**
 * Runs once, when the process is asked to stop. While their server is down, clients of queues refuse to close, or wait for
 * it without end. Then the process ends all the same, after longer than a delivery takes: nothing is lost, because the
 * queue still has its jobs.
 */
export function onStop(stop: () => Promise<unknown>): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, async () => {
      setTimeout(() => process.exit(1), Number(STOP_MS));
      await stop().catch(({ message }: Error) => console.error("stop:", message));
      process.exit();
    });
  }
}
