import Database from "libsql";
import {
  background,
  createPasswordReset,
  type Dispatcher,
  type Mailer,
  memoryRateLimiter,
  type PasswordReset,
  type ResetUser,
  type SecondFactor,
  signedTokens,
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
  /** Whether links are signed tokens. Default: `false`, they are in the store. */
  signed?: boolean | undefined;
  /** The option `secondFactor`: every account has one, and every response is wrong. Default: `false`. */
  secondFactor?: boolean | undefined;
  /** Receives the token of every link that is sent. */
  onLink?: ((token: string) => void) | undefined;
}

/** Milliseconds that an email takes. */
const MAIL_TIME = 2000;

export const RESET_URL = "https://app.example.com/password_reset/:token";

/**
 * The measured subject: users and links in one SQLite database in memory, the default limits, a mailer that takes two
 * seconds. The clock stands still, so that an address that had its email stays throttled.
 */
export function subject({ dispatcher, computing = 0, accounts, onLink, ...features }: SubjectOptions) {
  const { codes = false, signed = false, secondFactor = false } = features;
  const db = new Database(":memory:");
  db.exec(sqliteTokensSql());
  const start = Date.now();
  return createPasswordReset({
    users: userStore(db, accounts),
    tokens: signed ? signedTokens() : sqliteTokens(db),
    mailer: slowMailer(computing, onLink),
    hasher: memoryHasher(),
    appName: "Acme",
    resetUrl: RESET_URL,
    revokeSessions: false,
    // As by default, with room for every job of a run: one that is dropped does not show anyway.
    dispatcher: dispatcher === "immediate" ? immediate : background({ concurrency: 1e6, maxWaiting: 1e6 }),
    limits: { rateLimiter: memoryRateLimiter({ maxKeys: 4_000_000, now: () => start }) },
    now: () => new Date(start),
    ...((codes || signed) && { keys: [crypto.getRandomValues(new Uint8Array(32))] }),
    ...(codes && { codes: true as const }),
    ...(secondFactor && { secondFactor: WRONG_FACTOR }),
    onEvent: () => {},
  }) as PasswordReset<{ codes: true }>;
}

const WRONG_FACTOR: SecondFactor = {
  methods: async () => ["totp"],
  verify: async () => false,
};

/** Starts the work with the response, as many applications do. */
const immediate: Dispatcher = {
  async dispatch(job, deliver) {
    setImmediate(() => void deliver(job).catch(() => {}));
  },
};

const slowMailer = (computing: number, onLink?: (token: string) => void): Mailer => ({
  async send({ variables }) {
    const { url } = variables as { url?: string };
    if (url !== undefined) onLink?.(url.slice(url.lastIndexOf("/") + 1));
    spin(1000 * computing);
    await new Promise((resolve) => setTimeout(resolve, MAIL_TIME));
  },
});

/** Ids of one length. */
const userIdOf = (index: number): string => `user-${String(index).padStart(7, "0")}`;

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
    insert.run(userIdOf(index), email, state === "no_password" ? null : "hash", Number(state !== "suspended"));
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
