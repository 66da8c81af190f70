import Database from "libsql";
import {
  background,
  createPasswordReset,
  type Dispatcher,
  type Mailer,
  memoryRateLimiter,
  type PasswordReset,
  type ResetUser,
  type UserStore,
} from "relatch";
import { memoryHasher } from "relatch/memory";
import { sqliteTokens, sqliteTokensSql } from "relatch/sqlite";
import type { Account } from "./schedule.ts";

export interface SubjectOptions {
  /** Default: the default dispatcher. `immediate` starts the job with the response, which is the flaw to find. */
  dispatcher?: "immediate" | undefined;
  /** Milliseconds that the mailer computes before it waits, which holds up the process. Default: none. */
  computing?: number | undefined;
  accounts: readonly Account[];
  /** The option `codes`, with a key. Default: `false`. */
  codes?: boolean | undefined;
}

/** Milliseconds that an email takes. */
const MAIL_TIME = 2000;

export const RESET_URL = "https://app.example.com/password_reset/:token";

/**
 * The measured subject: users and links in one SQLite database in memory, the default limits, a mailer that takes two
 * seconds. The clock stands still, so that an address that had its email stays throttled.
 */
export function subject({ dispatcher, computing = 0, accounts, codes = false }: SubjectOptions) {
  const db = new Database(":memory:");
  db.exec(sqliteTokensSql());
  const start = Date.now();
  return createPasswordReset({
    users: userStore(db, accounts),
    tokens: sqliteTokens(db),
    mailer: slowMailer(computing),
    hasher: memoryHasher(),
    appName: "Acme",
    resetUrl: RESET_URL,
    revokeSessions: false,
    // As by default, with room for every job of a run: one that is dropped does not show anyway.
    dispatcher: dispatcher === "immediate" ? immediate : background({ concurrency: 1e6, maxWaiting: 1e6 }),
    limits: { rateLimiter: memoryRateLimiter({ maxKeys: 4_000_000, now: () => start }) },
    now: () => new Date(start),
    ...(codes && { codes: true as const, keys: [crypto.getRandomValues(new Uint8Array(32))] }),
  }) as PasswordReset<{ codes: true }>;
}

/** Starts the work with the response, as many applications do. */
const immediate: Dispatcher = {
  async dispatch(job, deliver) {
    setImmediate(() => void deliver(job).catch(() => {}));
  },
};

const slowMailer = (computing: number): Mailer => ({
  async send() {
    spin(1000 * computing);
    await new Promise((resolve) => setTimeout(resolve, MAIL_TIME));
  },
});

/** Computes for this many microseconds. */
export function spin(microseconds: number): void {
  if (microseconds === 0) return;
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
}

type Db = InstanceType<typeof Database>;

function userStore(db: Db, accounts: readonly Account[]): UserStore {
  db.exec("CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT, active)");
  const insert = db.prepare("INSERT INTO users VALUES (?, ?, ?, ?)");
  db.exec("BEGIN");
  for (const [index, { email, state }] of accounts.entries()) {
    insert.run(String(index), email, state === "no_password" ? null : "hash", Number(state !== "suspended"));
  }
  db.exec("COMMIT");
  const select = (column: "id" | "email") => {
    const statement = db.prepare(
      `SELECT id, email, password_hash AS passwordHash, active FROM users WHERE ${column} = ?`,
    );
    return async (value: string): Promise<ResetUser | undefined> => {
      const row = statement.get(value) as (ResetUser & { active: number }) | undefined;
      return row && { ...row, resetAllowed: row.active === 1 };
    };
  };
  const [byId, byEmail] = [select("id"), select("email")];
  return { findById: byId, findByEmail: byEmail, replacePasswordHash: async () => false };
}
