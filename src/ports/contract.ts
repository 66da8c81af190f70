import type { TimeSpan } from "oslo";

// The contract with the application. Four dependencies to implement (UserStore, TokenStore, Mailer, PasswordHasher), two
// with defaults (RateLimiter, Dispatcher), and the options `revokeSessions`, `secondFactor` and `legacyTokens`. What each of
// them must do is written here only.

/** An account, as relatch needs to know it. Select exactly these columns. */
export interface ResetUser {
  /**
   * 1 to 128 bytes of UTF-8. The store must convert ids of other types into a string that it can read back: numbers with
   * `String`, bytes into hex or a UUID.
   */
  id: string;
  /** The email address on file. Email goes to this string and to no other. */
  email: string;
  /** The stored password hash, or `null` if the account has no password. Never `undefined` or `""`. */
  passwordHash: string | null;
  /** Appears in the greeting of emails, as inert text. */
  name?: string | null | undefined;
  /** The language this person chose: a BCP 47 tag. */
  locale?: string | null | undefined;
  /**
   * The tenant that the account belongs to. Required with the option `tenants`; `null` means that the account belongs to
   * none, so it gets no link. Must be left out without that option.
   */
  tenant?: string | null | undefined;
  /**
   * `false` refuses a reset: the account is suspended, managed by an identity provider, or a service account. `null` (a
   * column that is NULL) refuses as well. Leave it out if every account may reset.
   */
  resetAllowed?: boolean | null | undefined;
}

/**
 * Functions over the application's users table, written by the application. `userStoreContract` of `relatch/testing`
 * checks them.
 *
 * @example
 * const columns = 'SELECT id::text, email, password_hash AS "passwordHash" FROM users';
 * const users: UserStore = {
 *   findByEmail: async (email) => (await pool.query(`${columns} WHERE lower(email) = $1`, [email])).rows[0],
 *   findById: async (id) => (await pool.query(`${columns} WHERE id::text = $1`, [id])).rows[0],
 *   replacePasswordHash: async ({ userId, email, expected, next }) => {
 *     const commit =
 *       "UPDATE users SET password_hash = $4 WHERE id::text = $1 AND email = $2 AND password_hash = $3";
 *     return (await pool.query(commit, [userId, email, expected, next])).rowCount === 1;
 *   },
 * };
 */
export interface UserStore<Tenant = string | undefined> {
  /**
   * Finds the account that signs in with this address, and belongs to this tenant. `email` is in canonical form (see
   * `canonicalEmail`): match it case-insensitively, against the address in `ResetUser.email`. If several rows have it,
   * return the one that the sign-in finds. Never return a deleted row, nor an account that has it only as a secondary
   * address. Read from the primary database: a lagging replica makes valid links look expired.
   */
  findByEmail(email: string, tenant: Tenant): Promise<ResetUser | null | undefined>;

  /**
   * Finds the account with exactly this id, which is unique over all tenants. Returns nothing for a deleted row, and for
   * a string that is not an id: `"42abc"` must neither find 42 nor throw. Read from the primary database.
   */
  findById(id: string): Promise<ResetUser | null | undefined>;

  /**
   * Commits the reset: sets the password hash to `next` if, and only if, the row still has this email (byte for byte) and
   * this hash (`expected`), and the account may still reset. Returns exactly `true` if it did and `false` if it did not.
   * It must be one conditional statement on the primary database, so that one of any number of concurrent callers wins:
   *
   *     UPDATE users SET password_hash = $next
   *      WHERE id = $userId AND email = $email AND password_hash = $expected AND active
   *
   * Everything that must change together with the password (sessions in the same database) belongs in its transaction.
   */
  replacePasswordHash(change: PasswordChange): Promise<boolean>;

  /**
   * Optional: the same commit for an account that has no password yet (`password_hash IS NULL`). Without this function
   * such an account gets no link. With it, the link lets the owner set a first password. Not possible with signed tokens.
   */
  setFirstPasswordHash?: ((change: FirstPassword) => Promise<boolean>) | undefined;
}

/** Arguments of {@link UserStore.setFirstPasswordHash}. */
export interface FirstPassword {
  userId: string;
  /** The address that the link was sent to. */
  email: string;
  /** The hash to set. */
  next: string;
}

/** Arguments of {@link UserStore.replacePasswordHash}. */
export interface PasswordChange extends FirstPassword {
  /** The hash that the row must still have. */
  expected: string;
}

/**
 * Ends all sessions of a user except those stamped `except`: cookies, refresh tokens, remember-me tokens and API tokens.
 * `except` is the `sessionStamp` of the account's new password: a session with that stamp was opened with the new password
 * and may stay. Called up to three times for one reset (before the commit, after it, and by the follow-up job, which may
 * run late), so it must be harmless when it is repeated.
 *
 * @example
 * const revokeSessions: RevokeSessions = (userId, { except }) =>
 *   pool.query("DELETE FROM sessions WHERE user_id = $1 AND stamp IS DISTINCT FROM $2", [userId, except]);
 */
export type RevokeSessions = (userId: string, options: { except: string }) => Promise<unknown>;

/** The stored part of a link. Nobody can recover the link from it, or change it into one for another account. */
export interface TokenRecord {
  /** SHA-256 of the token: 64 lower-case hexadecimal digits. */
  tokenHash: string;
  userId: string;
  /** HMAC-SHA-256 of the account and the expiry under the token: 64 lower-case hexadecimal digits. */
  fingerprint: string;
  /** A point in time, a whole second. No time zone may shift it. */
  expiresAt: Date;
}

/**
 * Storage for links. It does not have to be the users' database, and single use does not depend on it. Someone who can
 * read it cannot forge a link. Someone who can write it cannot either, and cannot extend a link or revive an old one, if
 * the account has a password or `keys` is given, because its hash, or the key, is part of the fingerprint. An application
 * that implements `setFirstPasswordHash` without `keys` must trust the store for accounts without a password.
 * `tokenStoreContract` of `relatch/testing` checks a store.
 *
 * @example
 * const tokens: TokenStore = {
 *   save: (record) => links.insertOne({ ...record }),
 *   find: (tokenHash) => links.findOne({ tokenHash }),
 *   deleteByUser: (userId) => links.deleteMany({ userId }),
 *   deleteExpired: async (now) => (await links.deleteMany({ expiresAt: { $lte: now } })).deletedCount,
 * };
 */
export interface TokenStore {
  /** Adds a record. The other records of the user stay: links add up until one is used. */
  save(record: TokenRecord): Promise<unknown>;
  /** Finds the record with exactly this hash, expired or not. */
  find(tokenHash: string): Promise<TokenRecord | null | undefined>;
  /** Deletes all records of a user. */
  deleteByUser(userId: string): Promise<unknown>;
  /** Deletes every record with `expiresAt <= now`, for a scheduled purge. Returns how many it deleted. */
  deleteExpired(now: Date): Promise<number>;
}

/** An email that is ready to be sent. Most transports and services take it as it is. */
export interface MailMessage {
  /** The option `from`, for example `"Acme <noreply@example.com>"`; absent if it is not given. */
  from?: string | undefined;
  /** The address on file: exactly one `@`, no white space, no display name. */
  to: string;
  subject: string;
  /** Complete by itself. */
  text: string;
  html?: string | undefined;
  /**
   * Header fields to add: they keep robots from replying (RFC 3834), and mail clients from folding two resets into one
   * conversation. Message-ID is among them if `from` is known, and stays the same when the email is sent again.
   */
  headers: Readonly<Record<string, string>>;
  /** The facts of this email, for the templates of a mail service. */
  variables: MailVariables;
}

/**
 * The facts of an email, by its kind. Names contain no control characters, and names that come from data (the person's, and
 * the return value of an `appName` function) nothing like a link.
 */
export type MailVariables = {
  [Kind in keyof MailFacts]: { kind: Kind } & CommonMailFacts & MailFacts[Kind];
}[keyof MailFacts];

interface CommonMailFacts {
  appName: string;
  /** The name of the person, if it is known and can be printed. */
  name?: string | undefined;
  /** The time of the request, with `mentionRequest`. */
  requestedAt?: Date | undefined;
  /** The address of the client that made the request, with `mentionRequest`. */
  requestedFrom?: string | undefined;
}

interface LinkFacts {
  /** The link with its token. It belongs in the email and nowhere else. */
  url: string;
  expiresAt: Date;
  /** The lifetime in words: "1 hour". */
  validFor: string;
}

interface CodeFacts {
  /** The digits to type where the reset was requested. They belong in the email and nowhere else. */
  code: string;
  codeExpiresAt: Date;
  /** How long the code is still valid, in words: "10 minutes". */
  codeValidFor: string;
}

/** Facts that only one kind of email contains. */
interface MailFacts {
  reset_link: LinkFacts;
  reset_code: LinkFacts & CodeFacts;
  invitation: LinkFacts;
  password_changed: { changedAt: Date };
  no_account: Record<never, never>;
  no_password: Record<never, never>;
}

/** A tenant and a language: `appName`, `from` and `resetUrl` may depend on these and on nothing else. */
export interface Site<Tenant = string | undefined> {
  readonly tenant: Tenant;
  /** A BCP 47 tag. */
  readonly locale: string;
}

/** The person an email is for. Contains no address, so it may be logged. */
export interface Recipient {
  /** Absent in the email that says that no account has the address (`no_account`). */
  userId?: string | undefined;
  name?: string | undefined;
  /** The language of the email: a BCP 47 tag. */
  locale: string;
  tenant?: string | undefined;
}

/** The kind of an email. The last two are sent only if `messages` contains them. */
export type MailKind = "reset_link" | "reset_code" | "invitation" | "password_changed" | "no_account" | "no_password";

/** Facts about an email, for the mailer. Contains no address. */
export interface MailContext extends Recipient {
  kind: MailKind;
  jobId: string;
  /** The `correlationId` of the request behind it. */
  correlationId?: string | undefined;
  /**
   * Identifies this email: at most 43 characters of `A-Za-z0-9_-`, the same whenever the same email of the same job is
   * sent again. Pass it to a mail service that takes an idempotency key: then an email that was sent again, because nobody
   * knew whether it had arrived, does not arrive twice.
   */
  idempotencyKey: string;
}

/**
 * Sends one email. `mailerContract` of `relatch/testing` checks a mailer.
 *
 * @example
 * const mailer: Mailer = {
 *   send: ({ to, subject, text, html }, { idempotencyKey }) => api.send({ to, subject, text, html, idempotencyKey }),
 * };
 */
export interface Mailer {
  /**
   * Resolves when the email was handed over, rejects when it was not. Properties of the error decide what happens next
   * (see {@link MailFailure}).
   */
  send(message: MailMessage, about: MailContext): Promise<unknown>;
  /** `true` if this mailer cannot send without the option `from`. */
  readonly needsFrom?: boolean | undefined;
}

/**
 * Properties that an error of a {@link Mailer} may have. Without them the email is sent again with the same
 * `idempotencyKey`, also if nobody knows whether it went out, as when the connection was lost before the last response of
 * the server (RFC 5321 §4.5.3.2.6).
 *
 * @example
 * const failure: MailFailure = { permanent: true };
 * throw Object.assign(new Error("The recipient was refused."), failure);
 */
export interface MailFailure {
  /** The server refused this email or its recipient for good (SMTP 5xx). It is not sent again. */
  permanent?: boolean | undefined;
  /** How long the default dispatcher waits at least, up to five minutes. */
  retryAfterSeconds?: number | undefined;
}

/**
 * Links of an older flow, which stay valid until they have expired. If a function rejects, the call rejects with
 * `ERR_TOKEN_STORE`. A return value of the wrong type is reported to `onError`, and the link is refused.
 * `legacyTokensContract` of `relatch/testing` checks an implementation.
 *
 * @example
 * const legacyTokens: LegacyTokens = {
 *   until: new Date("2027-03-01"),
 *   find: (token) => oldLinks.findOne({ token }),
 *   spend: async (token) => (await oldLinks.deleteOne({ token })).deletedCount === 1,
 *   revoke: (userId) => oldLinks.deleteMany({ userId }),
 * };
 */
export interface LegacyTokens {
  /** The end: from then on no old link is accepted. */
  until: Date;
  /**
   * Finds an old token, for text of 1 to 512 characters that is not a valid token of relatch. Consumes nothing. Called
   * again just before `spend`, when the account is known.
   */
  find(token: string): Promise<LegacyToken | null | undefined>;
  /**
   * Consumes an old token just before the commit, in one atomic step: returns exactly `true` to the one caller that found
   * it there, and `false` to all others. A completion that fails afterwards costs the link. Return `true` for a token that
   * signs the password hash of the account, if `find` compares that signature: the commit invalidates such tokens.
   */
  spend(token: string): Promise<boolean>;
  /**
   * Invalidates all old tokens of the user. Called before every commit, also before that of a new link, because old links
   * are bound to nothing; by `revokeTokens`; and with `onlyNewestLink` before each new link.
   */
  revoke(userId: string): Promise<unknown>;
}

/** A token of an older flow. */
export interface LegacyToken {
  userId: string;
  /** The address that the link was sent to, if it is known. It must be the address on file. */
  email?: string | undefined;
  /** At most seven days ahead. */
  expiresAt: Date;
}

/**
 * The hasher that the sign-in already uses. oslo's `Argon2id`, `Scrypt` and `Bcrypt` fit as they are.
 *
 * @example
 * const hasher: PasswordHasher = new Argon2id(); // of "oslo/password"
 */
export interface PasswordHasher {
  /**
   * Hashes a password with a fresh salt. It gets the password exactly as it was typed. If it has to be normalized, the
   * hasher must do it, or sign-in and reset would disagree.
   */
  hash(password: string): Promise<string>;
}

/**
 * The second factors of the accounts that have one, as the sign-in knows them (ASVS 5.0 V6.4.3, NIST SP 800-63B-4).
 * `secondFactorContract` of `relatch/testing` checks an implementation.
 *
 * @example
 * const secondFactor: SecondFactor<"totp"> = {
 *   methods: async (userId) => ((await findTotpKey(userId)) ? ["totp"] : []),
 *   verify: (userId, { response }) => spendTotpCode(userId, response),
 * };
 */
export interface SecondFactor<Method extends string = string> {
  /**
   * Lists the methods that this account can use, at most 16, each of 1 to 32 characters of `a-z0-9_`. An empty array says
   * that the account has no second factor. Called whenever a link is shown or used, so it must change nothing.
   */
  methods(userId: string): Promise<readonly Method[]>;
  /**
   * Verifies the response for one of these methods: returns exactly `true` or `false`. It must consume a one-time code in
   * one atomic step. Attempts are counted before the call, apart from those of the sign-in: 5 per link and 20 a day per
   * account.
   */
  verify(userId: string, proof: SecondFactorProof<Method>): Promise<boolean>;
}

/** A response to a second factor. */
export interface SecondFactorProof<Method extends string = string> {
  method: Method;
  /** 1 to 8,192 characters, as they were typed: a one-time code, or the JSON of a WebAuthn assertion. */
  response: string;
}

/**
 * At most `max` units from a first unit until `window` is over. Then the next unit is a first one. `max` is a whole number
 * from 1 to 2,147,483,647. In your options, `window` is at most 24 hours; relatch counts attempts at links for 7 days.
 *
 * @example
 * const rule: RateRule = { max: 30, window: new TimeSpan(15, "m") };
 */
export interface RateRule {
  /** The number of units. */
  max: number;
  /** The length of the window. */
  window: TimeSpan;
}

/**
 * Counts units against a rule. Default: `memoryRateLimiter()`. `rateLimiterContract` of `relatch/testing` checks a
 * limiter.
 *
 * @example
 * const rateLimiter: RateLimiter = {
 *   consume: async (key, { max, window }) => {
 *     const { count, secondsLeft } = await countAtomically(key, window.seconds());
 *     return { allowed: count <= max, retryAfterSeconds: secondsLeft };
 *   },
 * };
 */
export interface RateLimiter {
  /**
   * Takes one unit, if one is left, in one atomic step. `key` contains neither an email address nor a tenant in plain
   * text. It starts with what is counted: `client:` and `network:` may be forgotten early if memory runs out, others not.
   */
  consume(key: string, rule: RateRule): Promise<{ allowed: boolean; retryAfterSeconds: number }>;
  /** Optional: gives one unit back. Must never go below zero, and never open a window. */
  refund?: ((key: string, rule: RateRule) => Promise<unknown>) | undefined;
}

interface JobBase {
  /** The format. A worker drops a job of a format it does not know. */
  v: 2;
  /** A random UUID. */
  id: string;
  /** When the job was created, in milliseconds since the epoch. */
  at: number;
  /** The language of the request: a BCP 47 tag. */
  locale: string;
  tenant?: string | undefined;
  /** The `correlationId` of the call. */
  correlationId?: string | undefined;
  /** An HMAC over all other fields, if `keys` is given. */
  mac?: string | undefined;
}

/** Someone asked for a link for this address. Whether an account has the address is not known yet. */
export interface ResetRequestedJob extends JobBase {
  type: "reset_requested";
  /** In canonical form. */
  email: string;
  /** If the email may have a code: the digest of the ticket, 64 lower-case hexadecimal digits. */
  ticketDigest?: string | undefined;
  /** If the email may have a code: when it and the ticket expire, in milliseconds since the epoch. */
  codeExpiresAt?: number | undefined;
  /** The address of the client, with `mentionRequest`, if it is a public one. */
  ip?: string | undefined;
}

/** The back office asked for a link for this account (`sendLink`). */
export interface LinkRequestedJob extends JobBase {
  type: "link_requested";
  userId: string;
}

/** A new password is about to be set. The worker acts only if it finds that the password did change. */
export interface FollowUpJob extends JobBase {
  type: "follow_up";
  userId: string;
  /** The address that the link was bound to. The notice goes there. */
  email: string;
  /** The `sessionStamp` of the account before the commit. */
  previousStamp: string;
  /** The `sessionStamp` of the account after the commit. */
  stamp: string;
  /** Whether the job was handed over after the commit. */
  isCommitted: boolean;
  /** The address of the client, with `mentionRequest`, if it is a public one. */
  ip?: string | undefined;
}

/** Work for after the response. Plain JSON without a secret: the token is made when the job is delivered. */
export type Job = ResetRequestedJob | LinkRequestedJob | FollowUpJob;

/** Why a dispatcher dropped a job without delivering it. */
export type DropReason = "queue_full" | "gave_up";

/**
 * Runs jobs, in this process or through a queue. Default: `background()`. `dispatcherContract` of `relatch/testing` checks
 * a dispatcher.
 *
 * @example
 * const dispatcher: Dispatcher = {
 *   needsKeys: true, // a worker calls passwordReset.deliver(job)
 *   dispatch: (job) => queue.add("reset", job, { jobId: job.id }),
 * };
 */
export interface Dispatcher {
  /**
   * Takes a job; awaited before the response. The time of this response, or of the next one, must not depend on what
   * `deliver` does. `deliver` rejects if another attempt could help: after `retryAfterSeconds` if the error has that
   * property, and without counting the attempt if `isWaiting` is `true`. Call `dropped` for a job that is given up, so
   * that an event reports it.
   */
  dispatch(
    job: Job,
    deliver: (job: Job) => Promise<void>,
    dropped: (job: Job, reason: DropReason) => void,
  ): Promise<unknown>;
  /** Optional: resolves when no job is waiting or running. Jobs dropped meanwhile are reported through `dropped`. */
  drain?: (() => Promise<unknown>) | undefined;
  /** `true` if jobs leave this process. Then they must be signed, so the option `keys` is required. */
  readonly needsKeys?: boolean | undefined;
}
