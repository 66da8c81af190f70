import type { TimeSpan } from "oslo";
import type { ResetEvent } from "./events.ts";
import type { Job } from "./jobs.ts";
import type { Language } from "./mail/language.ts";
import type { Messages } from "./mail/messages.ts";
import type { PasswordRule, PasswordViolation } from "./password-rules.ts";
import type { SignedTokens } from "./signed-tokens.ts";
import type {
  Dispatcher,
  DropReason,
  Mailer,
  PasswordHasher,
  RateLimiter,
  RateRule,
  Recipient,
  TokenStore,
  UserStore,
} from "./types.ts";

// What the application asks of relatch: options, calls, results.

/** How often a reset may be asked for. */
export interface Limits {
  /** Where the counts are kept. Default: `memoryRateLimiter()`, right for one process. */
  rateLimiter?: RateLimiter | undefined;
  /** Per client address, answered with `throttled`. Default: 30 in 15 minutes. `false`: no such limit. */
  client?: RateRule | false | undefined;
  /**
   * Per e-mail address, known or not; silent. Default: 1 a minute and 3 an hour (never longer than the token
   * lifetime, so that other people's requests cannot leave the owner without a live link). `false`: no limit.
   */
  address?: readonly RateRule[] | false | undefined;
  /**
   * What to do while the limiter fails. Default: `"refuse"`, by throwing `ERR_RATE_LIMITER`. `"allow"` lets requests
   * pass unlimited. Both show as an event.
   */
  onUnavailable?: "refuse" | "allow" | undefined;
}

/**
 * Ends all sessions of a user: cookies, refresh tokens, remember-me and API tokens. It runs before the commit,
 * after it, and once more in the follow-up, which may be late. `current.stamp` is the `sessionStamp` of the new
 * password: a session that carries it was opened after the reset and may stay.
 */
export type RevokeSessions = (userId: string, current: { stamp: string }) => Promise<unknown>;

/** The options of `createPasswordReset`. Wrong ones throw `ERR_OPTIONS` at construction. */
export interface PasswordResetOptions {
  /** Functions over the application's own user table. */
  users: UserStore;
  /** A store for opaque tokens, or `signedTokens({ keys })`, which needs none. */
  tokens: TokenStore | SignedTokens;
  /** Sends the mails. */
  mailer: Mailer;
  /** The one that the login uses. */
  hasher: PasswordHasher;
  /** As it stands in the mails. */
  appName: string | ((to: Recipient) => string);
  /**
   * The page that takes the link: an absolute https URL (http on loopback only) with `:token` once, after the
   * host. Never built from a request (CVE-2017-8295 and its many kin).
   */
  resetUrl: string | ((to: Recipient) => string);
  /**
   * Ends the user's sessions after a reset. `"in_transaction"`: `replacePasswordHash` already does, in its own
   * transaction. `false`: old sessions survive a reset, which is what an intruder would want.
   */
  revokeSessions: RevokeSessions | "in_transaction" | false;

  /** How long a link lives, more than 0 and at most 24 hours. Default: one hour. */
  tokenLifetime?: TimeSpan | undefined;
  /** Default: `defaultPasswordRules`. An empty list accepts every non-empty password. */
  passwordRules?: readonly PasswordRule[] | undefined;
  /** How often a reset may be asked for. */
  limits?: Limits | undefined;
  /** Default: `background()`. */
  dispatcher?: Dispatcher | undefined;
  /** Handed to the default dispatcher, for platforms that stop a process after its answer. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /**
   * How long one call of a port may take before an answer: the stores, the limiter, the hasher, the revocation, the
   * dispatcher. Then it counts as failed. Default: 10 seconds.
   */
  callTimeout?: TimeSpan | undefined;
  /** How long one delivery may take before it counts as failed. Default: 30 seconds. */
  deliveryTimeout?: TimeSpan | undefined;
  /** The languages of mails and refusals; the first is the fallback. Default: English alone. */
  languages?: readonly [Language, ...Language[]] | undefined;
  /**
   * Replaces single messages; the others keep their standard form. `noAccount` and `noPassword` have none: they are
   * sent where they are given. `noAccount` tells the owner of an address that nobody has it here; it goes to whatever
   * address a stranger typed, within the limits, so it must hold nothing but your own words. No answer changes.
   */
  messages?: { [Kind in keyof Messages]?: Messages[Kind] | undefined } | undefined;
  /** Told of every outcome. It may throw or reject: that changes nothing. */
  onEvent?: ((event: ResetEvent) => unknown) | undefined;
  /** The clock, for tests. */
  now?: (() => Date) | undefined;
}

/** What `requestReset` is asked with. */
export interface RequestResetInput {
  /** As it arrived. Anything but a string with one plain address is `invalid_email`. */
  email: unknown;
  /**
   * The client's address, as your server trusts it (behind proxies: see the guide on limits). `null` switches the client
   * limit off for this call. `undefined`, which is what servers say of a connection that was reset, does not:
   * like all that is no address it counts in one bucket for everybody.
   */
  ip: string | null | undefined;
  /** A BCP 47 tag or a whole Accept-Language header. The account's own locale goes before it. */
  locale?: string | null | undefined;
  tenant?: string | null | undefined;
}

/** The same for every address that is one, known or not. */
export type RequestResetResult =
  | { ok: true }
  | { ok: false; reason: "invalid_email" }
  | { ok: false; reason: "throttled"; retryAfterSeconds: number };

/** Whose link it is and how long it lives, or one reason for every other case. */
export type VerifyTokenResult =
  | { ok: true; userId: string; expiresAt: Date }
  | { ok: false; reason: "invalid_or_expired_token" };

/** What `completeReset` is asked with. */
export interface CompleteResetInput {
  /** As it arrived. */
  token: unknown;
  /** As it arrived. */
  newPassword: unknown;
  /** The language of `violations[].message`: a BCP 47 tag or a whole Accept-Language header. */
  locale?: string | null | undefined;
  tenant?: string | null | undefined;
}

/** A new password counts, or why none does. Never a session, and never the user. */
export type CompleteResetResult =
  | {
      ok: true;
      userId: string;
      /** `false` when sessions may have survived: declined by option, or the revocation failed (see events). */
      sessionsRevoked: boolean;
    }
  | { ok: false; reason: "invalid_or_expired_token" }
  | { ok: false; reason: "password_rejected"; violations: PasswordViolation[] };

/** A job that ended without its mail. Holds no address and no secret: it may be logged. */
export interface Undelivered {
  readonly jobId: string;
  readonly type: Job["type"];
  /** `gave_up`: no try succeeded. `queue_full`: never tried. `refused`: the mail server definitely did. */
  readonly reason: DropReason | "refused";
}

/** What `drain` answers. */
export interface DrainReport {
  readonly undelivered: readonly Undelivered[];
}

/** What `createPasswordReset` answers. Its methods can be destructured. */
export interface PasswordReset {
  /**
   * Asks for a link. The answer does not depend on whether the account exists, and neither does its time: the
   * account is looked up later, by the job. Nothing about the account changes.
   *
   * @throws RelatchError `ERR_RATE_LIMITER`, `ERR_DISPATCHER`; `ERR_OPTIONS` for a `tenant` that is no string.
   */
  requestReset(input: RequestResetInput): Promise<RequestResetResult>;

  /**
   * Says whether a link may still be used, and whose it is. Never spends it: mail scanners open links.
   *
   * @throws RelatchError `ERR_USER_STORE`, `ERR_TOKEN_STORE`; `ERR_OPTIONS` for a `tenant` that is no string.
   */
  verifyToken(token: unknown, context?: { tenant?: string | null | undefined }): Promise<VerifyTokenResult>;

  /**
   * Sets the new password, once. A refused password does not spend the link. Signs nobody in.
   *
   * @throws RelatchError `ERR_USER_STORE`, `ERR_TOKEN_STORE`, `ERR_HASHER`, `ERR_SESSIONS`, `ERR_DISPATCHER`;
   * `ERR_OPTIONS` for a `tenant` that is no string, or a password rule or `appName` that throws. Nothing was changed
   * then, and the link still works. One fault leaves that open: a commit that was not answered (`ERR_USER_STORE`)
   * may still happen; then the link is dead, and the follow-up does the rest.
   */
  completeReset(input: CompleteResetInput): Promise<CompleteResetResult>;

  /**
   * Runs one job, for a worker of an external queue. Resolves when nothing is left to do (also for a job that
   * is malformed, too old, or already done by this process) and rejects when another try could help, as for a
   * follow-up whose commit has not happened yet.
   *
   * @throws RelatchError with the code of the port that failed; `ERR_DISPATCHER` for a delivery out of time. Let
   * the queue keep the code and not the `cause`: some mail clients put the whole mail into their errors.
   */
  deliver(job: unknown): Promise<void>;

  /**
   * Kills the user's outstanding link: "this wasn't me", account closed.
   *
   * @throws RelatchError `ERR_TOKEN_STORE`, with signed tokens always: those die by expiry or by a change of
   * password or address only.
   */
  revokeTokens(userId: string): Promise<void>;

  /**
   * Resolves when nothing is in flight, for tests and for a graceful shutdown. What waits for another try is tried at
   * once. Answers with the jobs that ended without their mail since the last drain, at most the newest 1000. Usable
   * afterwards.
   *
   *     const { undelivered } = await passwordReset.drain();
   *     for (const { jobId, type, reason } of undelivered) log.error({ jobId, type, reason }, "mail not sent");
   *
   * @throws RelatchError `ERR_DISPATCHER`.
   */
  drain(): Promise<DrainReport>;
}
