import { createHash, randomBytes, randomUUID } from "node:crypto";
import type Database from "libsql";
import {
  canonicalEmail,
  memoryRateLimiter,
  type PasswordHasher,
  type PasswordReset,
  type PasswordRule,
  type RateLimiter,
  type ResetUser,
  TimeSpan,
  type UserStore,
} from "relatch";
import { libsqlUsers } from "../users/libsql.ts";

// An account that must set a new password before it signs in again, over the users of libsql.ts. The sign-in checks the
// password first and the flag last, so only someone who knows the password learns of the flag. The link goes to the
// mailbox: a form behind the old password would let anyone who knows that password keep the account.

/** The flag, and everything that opens an account without its password. */
export const MUST_RESET_TABLES = `
  ALTER TABLE users ADD COLUMN must_reset integer NOT NULL DEFAULT 0;
  CREATE TABLE sessions (
    id_hash blob PRIMARY KEY NOT NULL,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user_id);
  CREATE TABLE api_keys (
    key_hash blob PRIMARY KEY NOT NULL,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX api_keys_by_user ON api_keys (user_id)`;

/**
 * The users of `libsql.ts`, whose commit also clears the flag, in the same statement. A sign-in that rehashes must use
 * the commit of `libsqlUsers`, which leaves the flag alone.
 */
export function mustResetUsers(db: Database.Database): UserStore {
  const replace = db.prepare(
    `UPDATE users SET password_hash = ?, must_reset = 0
      WHERE id = ? AND email = ? COLLATE BINARY AND password_hash = ? COLLATE BINARY AND active = 1`,
  );
  const setFirst = db.prepare(
    `UPDATE users SET password_hash = ?, must_reset = 0
      WHERE id = ? AND email = ? COLLATE BINARY AND password_hash IS NULL AND active = 1`,
  );
  return {
    ...libsqlUsers(db),
    replacePasswordHash: async ({ userId, email, expected, next }) =>
      replace.run(next, userId, email, expected).changes === 1,
    setFirstPasswordHash: async ({ userId, email, next }) => setFirst.run(next, userId, email).changes === 1,
  };
}

/** For the back office: from now on the account needs a new password, and nothing that was opened stays open. */
export function demandReset(db: Database.Database, userId: string): void {
  db.transaction(() => {
    db.prepare("UPDATE users SET must_reset = 1 WHERE id = ?").run(userId);
    endAccess(db, userId);
  }).immediate();
}

/** Ends everything that opens the account without its password. */
export function endAccess(db: Database.Database, userId: string): void {
  for (const table of ["sessions", "api_keys"]) db.prepare(`DELETE FROM ${table} WHERE user_id = ?`).run(userId);
}

/**
 * Opens a session for a user whose password was verified. Returns nothing if the account must reset, is suspended, or has
 * another password by now. One statement: a flag that is set while the password is verified counts.
 */
export function openSession(db: Database.Database, { id, passwordHash }: ResetUser): string | undefined {
  const session = randomBytes(32).toString("base64url");
  const { changes } = db
    .prepare(
      `INSERT INTO sessions (id_hash, user_id)
       SELECT ?, id FROM users WHERE id = ? AND password_hash = ? AND must_reset = 0 AND active = 1`,
    )
    .run(digest(session), id, passwordHash);
  return changes === 1 ? session : undefined;
}

/** A hasher that also checks passwords, as the sign-in needs it. */
export interface SignInHasher extends PasswordHasher {
  verify(hash: string, password: string): Promise<boolean>;
}

/** The result of a sign-in. `isLinkSent`: `false` if the address on file gets no email, so support has to help. */
export type SignIn =
  | { ok: true; session: string }
  | { ok: false; reason: "refused" }
  | { ok: false; reason: "must_reset"; isLinkSent: boolean };

/** `sendLink` has no limits, and the intruder may be the one who knows the password. */
const LINKS = { max: 3, window: new TimeSpan(1, "h") };

interface SignInOptions {
  db: Database.Database;
  users: UserStore;
  hasher: SignInHasher;
  passwordReset: Pick<PasswordReset, "sendLink">;
  /** Default: counts in this process. */
  rateLimiter?: RateLimiter | undefined;
}

/** The sign-in, behind its own limit on attempts. */
export function signInWith({ db, users, hasher, passwordReset, rateLimiter = memoryRateLimiter() }: SignInOptions) {
  const needsReset = db.prepare(
    "SELECT id FROM users WHERE id = ? AND password_hash = ? AND must_reset = 1 AND active = 1",
  );
  /** An unknown address is checked against this, so that it takes as long as a known one. */
  let nobodysHash: string | undefined;

  return async (email: unknown, password: unknown): Promise<SignIn> => {
    const address = canonicalEmail(email);
    if (address === undefined || typeof password !== "string" || password.length > 4096) return REFUSED;
    nobodysHash ??= await hasher.hash(randomUUID());
    const user = await users.findByEmail(address, undefined);
    const matches = await hasher.verify(user?.passwordHash ?? nobodysHash, password);
    if (!user?.passwordHash || !matches) return REFUSED;

    const session = openSession(db, user);
    if (session !== undefined) return { ok: true, session };
    if (!needsReset.get(user.id, user.passwordHash)) return REFUSED;
    const { allowed } = await rateLimiter.consume(`must-reset:${user.id}`, LINKS);
    // Over the limit there are links in the mailbox already.
    const isLinkSent = !allowed || (await passwordReset.sendLink({ userId: user.id })).ok;
    return { ok: false, reason: "must_reset", isLinkSent };
  };
}

const REFUSED = { ok: false, reason: "refused" } as const;

/**
 * For `passwordRules`: the old password must not be the new one, or the reset changes nothing. `findOldHash` returns
 * nothing for accounts that do not have to reset.
 */
export const notTheOldPassword =
  (findOldHash: (userId: string) => string | undefined, hasher: SignInHasher): PasswordRule =>
  async (password, { userId }) => {
    const hash = userId === undefined ? undefined : findOldHash(userId);
    if (hash === undefined || !(await hasher.verify(hash, password))) return undefined;
    return { code: "old_password", message: "Choose a password that is not your old one." };
  };

/** For {@link notTheOldPassword}. */
export const flaggedHash =
  (db: Database.Database) =>
  (userId: string): string | undefined => {
    const row = db.prepare("SELECT password_hash AS hash FROM users WHERE id = ? AND must_reset = 1").get(userId);
    return (row as { hash: string | null } | undefined)?.hash ?? undefined;
  };

/** Hashes the id of a session, so that someone who reads the table cannot sign in with it. */
const digest = (session: string): Buffer => createHash("sha256").update(session).digest();
