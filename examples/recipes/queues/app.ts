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
} = process.env;

/**
 * The application, as the web processes and the workers share it. They differ in one thing: a web process has the
 * dispatcher that enqueues, a worker needs none. Several web processes also need shared limits: docs/queues.md.
 */
export function openApp(dispatcher?: Dispatcher) {
  const pool = new pg.Pool({ connectionString: DATABASE_URL });
  const users = pgUsers(pool);
  const tokens = postgresTokens(pool);
  const passwordReset = createPasswordReset({
    users,
    tokens,
    mailer: nodemailerMailer(createTransport(MAIL_URL), { from: "Acme <noreply@example.com>" }),
    hasher: new Argon2id(),
    appName: "Acme",
    resetUrl: `${APP_URL}/password_reset/:token`,
    revokeSessions: stampedSessions(pool, users).endAll,
    dispatcher,
    // Into the log of the process. An event holds no address, token or password.
    onEvent: (event) => console.log(JSON.stringify(event)),
  });
  return { pool, tokens, passwordReset };
}

/** Runs once, when the process is asked to stop. */
export function onStop(stop: () => Promise<unknown>): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
}
