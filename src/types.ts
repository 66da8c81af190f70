import type { Job } from "./jobs.ts";

// The ports: what relatch asks of the application. Their contract stands here and nowhere else.

/** What relatch needs to know of an account. Select exactly these columns. */
export interface ResetUser {
  /** Non-empty, at most 128 bytes of UTF-8. Numbers are to be turned into strings by the store. */
  id: string;
  /** The e-mail address on file. Mail goes to this string and to no other. */
  email: string;
  /** The stored password hash, or `null` for an account that has no password. Never `undefined` or `""`. */
  passwordHash: string | null;
  /** Used in the greeting, as inert text. */
  name?: string | null | undefined;
  /** A BCP 47 tag: the language this person chose. */
  locale?: string | null | undefined;
  /** Which tenant the account belongs to, where one server serves several. */
  tenant?: string | null | undefined;
  /** `false` refuses the reset: suspended, managed by an identity provider, a service account. */
  resetAllowed?: boolean | null | undefined;
}

/** Functions over the application's own user table, written by the application. */
export interface UserStore {
  /**
   * The account with this address, or nothing. `email` is in canonical form (see `canonicalEmail`): match it
   * case-insensitively, and answer with one account at most. Read from the primary: a lagging replica makes
   * good links look expired.
   */
  findByEmail(email: string, tenant: string | undefined): Promise<ResetUser | null | undefined>;

  /** The account with this id, or nothing. Read from the primary. */
  findById(id: string): Promise<ResetUser | null | undefined>;

  /**
   * The commit. Sets the password hash to `next` if, and only if, the row still has this e-mail (byte for
   * byte) and this hash (`expected`), and may still reset; answers exactly `true` when it did and `false` when
   * it did not. One conditional statement on the primary, so that of any number of concurrent callers one wins:
   *
   *     UPDATE users SET password_hash = $next
   *      WHERE id = $userId AND email = $email AND password_hash = $expected AND active
   *
   * What must change together with the password (sessions in the same database) belongs in its transaction.
   */
  replacePasswordHash(change: PasswordChange): Promise<boolean>;

  /**
   * Optional: the same commit for an account that has no password yet (`password_hash IS NULL`). Without this
   * method such an account gets no link; with it, the link lets its owner set a first password.
   */
  setFirstPasswordHash?: ((change: FirstPassword) => Promise<boolean>) | undefined;
}

/** The arguments of {@link UserStore.replacePasswordHash}. */
export interface PasswordChange {
  userId: string;
  /** The address the link was mailed to. */
  email: string;
  /** The hash that must still be there. */
  expected: string;
  /** The hash to set. */
  next: string;
}

/** The arguments of {@link UserStore.setFirstPasswordHash}: the hash that must still be there is none. */
export interface FirstPassword {
  userId: string;
  /** The address the link was mailed to. */
  email: string;
  /** The hash to set. */
  next: string;
}

/** What is stored of an outstanding link. The link cannot be recovered from it, nor made for another account. */
export interface TokenRecord {
  /** SHA-256 of the token, 64 lower-case hexadecimal digits. */
  tokenHash: string;
  userId: string;
  /** HMAC-SHA-256 of the account under the token, 64 lower-case hexadecimal digits. */
  fingerprint: string;
  /** To be kept to the millisecond, as an instant: no time zone may shift it. */
  expiresAt: Date;
}

/**
 * Where outstanding links are kept. It need not be trusted for integrity and need not be the users' database:
 * who reads it cannot make a link, who writes it cannot either for an account that has a password (its hash is bound
 * in), and single use does not depend on it. Where `setFirstPasswordHash` is offered, trust it for the others.
 */
export interface TokenStore {
  /** Replaces any earlier record of the same user, in one atomic step: at most one link per user is live. */
  save(record: TokenRecord): Promise<unknown>;
  /** The record with exactly this hash, expired or not, or nothing. */
  find(tokenHash: string): Promise<TokenRecord | null | undefined>;
  /** Deletes the user's record, if there is one. */
  deleteByUser(userId: string): Promise<unknown>;
  /** Deletes every record with `expiresAt <= now`, for a scheduled purge. Answers how many went. */
  deleteExpired(now: Date): Promise<number>;
}

/** A mail ready to be sent. */
export interface MailMessage {
  /** The address on file: exactly one `@`, no white space, no display name. */
  to: string;
  subject: string;
  /** Complete by itself. */
  text: string;
  html?: string | undefined;
}

/** Whom a mail is for. Holds no address: it may be logged. */
export interface Recipient {
  /** Absent where no account has the address, in the mail that says so (`no_account`). */
  userId?: string | undefined;
  name?: string | undefined;
  /** BCP 47 tag of the language the mail is written in. */
  locale: string;
  tenant?: string | undefined;
}

/** Which of the mails this is. The last two are sent only where `messages` has them. */
export type MailKind = "reset_link" | "password_changed" | "no_account" | "no_password";

/** What a mailer is told about a mail. Holds no address. */
export interface MailContext extends Recipient {
  kind: MailKind;
  /**
   * Names this mail: at most 43 characters of `A-Za-z0-9_-`, the same whenever the same mail of the same job is sent
   * again, and another one for another link. Make the Message-ID of it (RFC 5322 §3.6.4), or hand it to a service that
   * takes an idempotency key: then a mail that was sent again because nobody knew whether it had arrived need not
   * arrive twice.
   */
  idempotencyKey: string;
}

/** Sends one mail. */
export interface Mailer {
  /**
   * Resolves when the mail was handed over; rejects when it was not. What the error says decides what follows:
   *
   * - `permanent: true`: the server definitely refused this mail or its recipient (SMTP 5xx). It is not tried again.
   * - `unsent: true`: certainly nothing went out (no connection, SMTP 4xx, our own credentials). Tried again.
   * - neither: nobody knows, as when the connection was lost before the server's last answer (RFC 5321 §4.5.3.2.6).
   *   Tried again with the same `idempotencyKey`; what was counted against the address is not given back.
   *
   * With `retryAfterSeconds` the default dispatcher waits at least so long, up to five minutes.
   */
  send(message: MailMessage, about: MailContext): Promise<unknown>;
}

/** What a mailer's error may say. */
export interface MailFailure {
  permanent?: boolean | undefined;
  unsent?: boolean | undefined;
  retryAfterSeconds?: number | undefined;
}

/** The hasher the login already uses. oslo's `Argon2id`, `Scrypt` and `Bcrypt` fit as they are. */
export interface PasswordHasher {
  /**
   * Hashes a password under a fresh salt. It gets the password exactly as it was typed: normalisation is the
   * hasher's, or login and reset would disagree.
   */
  hash(password: string): Promise<string>;
}

/** At most `max` units in any window of `windowSeconds`, counted from the first unit. */
export interface RateRule {
  max: number;
  windowSeconds: number;
}

/** Counts units against a rule. Check and consumption are one atomic step. */
export interface RateLimiter {
  /** Takes one unit, if one is left. `key` holds neither an e-mail nor a tenant in clear. */
  consume(key: string, rule: RateRule): Promise<{ allowed: boolean; retryAfterSeconds: number }>;
  /** Optional: gives one unit back. */
  refund?: ((key: string, rule: RateRule) => Promise<unknown>) | undefined;
}

/** Why a dispatcher let go of a job without delivering it. */
export type DropReason = "queue_full" | "gave_up";

/** Runs the mail jobs, in this process or by way of a queue. */
export interface Dispatcher {
  /**
   * Takes a job; awaited before the answer. It must not let the time of the answer, or of the next one, depend
   * on what `deliver` does. `deliver` rejects when another try could help. `dropped` reports a job that is
   * given up, so that it shows as an event.
   */
  dispatch(
    job: Job,
    deliver: (job: Job) => Promise<void>,
    dropped: (job: Job, reason: DropReason) => void,
  ): Promise<unknown>;
  /** Optional: resolves when no job is waiting or running. What it lets go of meanwhile it reports by `dropped`. */
  drain?: (() => Promise<unknown>) | undefined;
}
