import type { RelatchErrorCode } from "../lib/errors.ts";
import type { DropReason, Job, MailKind } from "../ports/contract.ts";

/** Why a token was refused. The caller only learns `invalid_or_expired_token`. */
export type TokenRefusal =
  | "malformed"
  | "unknown"
  | "expired"
  | "account_gone"
  | "not_allowed"
  | "other_tenant"
  | "no_password"
  /** The address or the password has changed since: a link was used, or they were changed elsewhere. */
  | "account_changed"
  /** Another caller committed first. */
  | "lost_race"
  /** Too many passwords or second factors were refused for this link, or too many codes for this ticket. */
  | "too_many_attempts"
  | "wrong_code";

/** Why a request led to no link, whether or not another email was sent instead. The visitor is not told. */
export type SkipReason =
  | "unknown_account"
  /** The store matched more loosely than relatch does, or found the account by a secondary address. */
  | "other_address"
  | "other_tenant"
  /** Email cannot safely be sent to the address on file. */
  | "unusable_address"
  /** `resetAllowed` is `false` or `null`: the account is suspended, or the store returned a deleted one. */
  | "not_allowed"
  | "no_password";

/** Why a job was dropped. */
export type JobDrop =
  | "malformed"
  | "forged"
  | "stale"
  | "duplicate"
  | "not_committed"
  /** Its tenant is not declared, or it has none although tenants are declared. */
  | "unknown_tenant"
  | DropReason;

type Nothing = Record<never, never>;

/** Fields of every event about a job. `userId` is absent as long as the account is not known. */
interface OfJob {
  jobId: string;
  userId?: string | undefined;
}

interface Details {
  reset_requested: { method: "link" | "code"; jobId: string };
  /** `sendLink` was called. */
  link_requested: { jobId: string; userId: string; isInvitation: boolean };
  request_refused: { reason: "invalid_email" };
  /**
   * `client`: the caller got `throttled`. `address`: nothing was sent, and the result was the same as always. `rule` is
   * the limit that was reached.
   */
  request_throttled: {
    reason: "client" | "address";
    rule: Readonly<{ max: number; windowSeconds: number }>;
    retryAfterSeconds: number;
  };
  /**
   * Fix the proxy settings of the server. `not_an_address`: such callers share one bucket. `private_address`: a client of
   * your own network has reached the limit, so it is most likely your proxy, and everybody behind it shares one bucket.
   */
  client_address_unusable: { reason: "not_an_address" | "private_address" };
  /** The rate limiter failed; `limits.onUnavailable` decided what happened then. */
  rate_limiter_unavailable: { reason: "allowed" | "refused" };
  /** A call named a tenant that is not declared, or none, and threw `ERR_OPTIONS`. */
  tenant_refused: Nothing;
  /** Without a `jobId` if `sendLink` refused at once. */
  request_skipped: Partial<OfJob> & { reason: SkipReason };
  /** The notice of a change could not be sent to the address on file. */
  notice_skipped: OfJob & { reason: "unusable_address" };
  /** `userId` is absent for `no_account`. `durationMs`: the time since the request. */
  mail_sent: OfJob & { kind: MailKind; durationMs: number };
  /** The mail server refused for good; there is no other attempt. */
  mail_refused: OfJob & { kind: MailKind; detail?: string | undefined };
  /** One attempt failed; the dispatcher decides about the next. `detail`: the short code of the cause, if it has one. */
  delivery_failed: OfJob & { jobType: Job["type"]; reason: RelatchErrorCode; detail?: string | undefined };
  /** A job that is malformed has no id and no type. */
  job_dropped: Partial<OfJob> & { jobType?: Job["type"] | undefined; reason: JobDrop };
  token_verified: { userId: string };
  code_redeemed: { userId: string };
  token_refused: { reason: TokenRefusal; userId?: string | undefined };
  /**
   * `required`: none was given. `rejected`: the response was wrong. `throttled`: not verified, because the attempts of the
   * link or of the account are used up.
   */
  second_factor_refused: { userId: string; reason: "required" | "rejected" | "throttled" };
  password_rejected: { userId: string; violations: readonly string[] };
  /** A rule could not reach its service. */
  password_check_unavailable: { userId?: string | undefined; reason: "allowed" | "refused" };
  password_reset: OfJob & { userId: string; sessionsRevoked: boolean; isInvitation: boolean };
  /** After the commit: sessions may still be valid. */
  session_revocation_failed: { userId: string };
  tokens_revoked: { userId: string };
}

/** The `type` of an event. */
export type ResetEventType = keyof Details;

/**
 * An outcome, for logs, metrics and alerts. Frozen. Never contains a token, a password, an address, or an error object, into
 * which a driver may have put any of them.
 */
export type ResetEvent = {
  [Type in ResetEventType]: Readonly<{ type: Type; at: Date } & Origin & Details[Type]>;
}[ResetEventType];

/** Fields that every event may have. */
interface Origin {
  tenant?: string | undefined;
  /** The `correlationId` of the call behind it. */
  correlationId?: string | undefined;
}

/** An event without its time. */
export type UntimedEvent = {
  [Type in ResetEventType]: Omit<Extract<ResetEvent, { type: Type }>, "at">;
}[ResetEventType];
