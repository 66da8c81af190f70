import { createTransport } from "nodemailer";
import pg from "pg";
import { createPasswordReset, type Dispatcher, type Limits, type PasswordResetOptions, TimeSpan } from "relatch";
import { memoryHasher } from "relatch/memory";
import { nodemailerMailer } from "relatch/nodemailer";
import { postgresTokens } from "relatch/postgres";
import { stampedSessions } from "../../logins/session-stamp.ts";
import { pgUsers } from "../../users/pg.ts";

const {
  DATABASE_URL = "",
  MAIL_URL = "",
  RESET_KEY = "",
  CALL_TIMEOUT_MS = "",
  DELIVERY_TIMEOUT_MS = "",
  LISTENS = "yes",
} = process.env;

/** A line for the test. */
export const log = (line: object) => console.log(JSON.stringify(line));

const reported = new WeakSet<object>();

/** How often each of the application's functions rejected, and how often relatch said so. */
const failures: Record<string, { rejected: number; reported: number }> = {};
const failuresOf = (name: string) => (failures[name] ??= { rejected: 0, reported: 0 });
export const logFailures = () => log({ failures });

/** Counts the rejections of a function, or of all methods of an object. */
function countRejections<Port extends object>(name: string, port: Port): Port {
  return new Proxy(port, {
    get(target, key) {
      const method = Reflect.get(target, key);
      return typeof method === "function" ? countRejections(`${name}.${String(key)}`, method.bind(target)) : method;
    },
    apply(target, self, input) {
      const work = Promise.resolve(Reflect.apply(target as never, self, input));
      work.catch(() => {
        failuresOf(name).rejected += 1;
      });
      return work;
    },
  });
}

/** A call of the library whose error must have been reported before its caller gets it. */
export function assertReported<Input extends unknown[], Output>(call: (...input: Input) => Promise<Output>) {
  return (...input: Input): Promise<Output> =>
    call(...input).catch((error) => {
      if (!reported.has(error) && !error.isWaiting) log({ unreported: error });
      throw error;
    });
}

/** The application of docs/queues.md, with everything counted. */
export function openApp(webOnly: { dispatcher?: Dispatcher; limits?: Limits } = {}) {
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    statement_timeout: 30_000,
    // The client's own limit, for connections that are dead and do not say so.
    query_timeout: 3 * Number(CALL_TIMEOUT_MS),
    // Otherwise queries whose callers have given up would wait in front of all others.
    connectionTimeoutMillis: Number(CALL_TIMEOUT_MS),
    // Up to nine processes share the database with other tests.
    max: 5,
  });
  // An idle connection was cut. Without a listener this ends the process.
  pool.on("error", ({ message }) => console.error("pool:", message));
  const users = pgUsers(pool);
  const tokens = postgresTokens(pool);
  const listeners: Pick<PasswordResetOptions, "onEvent" | "onError"> = {
    onEvent: (event) => log({ event }),
    onError(error) {
      reported.add(error);
      failuresOf(error.message.split(" ")[0] ?? "").reported += 1;
      log({ error });
    },
  };
  const { dispatcher, limits } = webOnly;
  const passwordReset = createPasswordReset({
    users: countRejections("users", users),
    tokens: countRejections("tokens", tokens),
    mailer: countRejections("mailer", nodemailerMailer(createTransport(MAIL_URL))),
    hasher: memoryHasher(),
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: countRejections("revokeSessions", stampedSessions(pool, users).endAll),
    passwordRules: [],
    keys: [Buffer.from(RESET_KEY, "base64")],
    callTimeout: new TimeSpan(Number(CALL_TIMEOUT_MS), "ms"),
    deliveryTimeout: new TimeSpan(Number(DELIVERY_TIMEOUT_MS), "ms"),
    dispatcher: dispatcher && countRejections("dispatcher", dispatcher),
    limits: limits?.rateLimiter && {
      ...limits,
      rateLimiter: countRejections("limits.rateLimiter", limits.rateLimiter),
    },
    ...(LISTENS === "yes" ? listeners : {}),
  });
  return { pool, tokens, passwordReset };
}
