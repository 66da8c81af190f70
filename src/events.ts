import type { RelatchErrorCode } from "./errors.ts";
import { attempt } from "./fields.ts";
import type { MailKind } from "./types.ts";

/** Why a token was refused. The caller only ever learns `invalid_or_expired_token`. */
export type TokenRefusal =
  | "malformed"
  | "unknown"
  | "expired"
  /** Claims to live longer than any token is issued for. */
  | "overlong"
  | "account_gone"
  | "not_allowed"
  | "other_tenant"
  | "no_password"
  /** The address or the password has changed since: used, superseded, changed elsewhere. */
  | "account_changed"
  /** Another caller committed first. */
  | "lost_race";

/** Why a request led to no link, whether or not a notice was mailed instead. The visitor is told nothing of it. */
export type SkipReason =
  | "unknown_account"
  /** The store matched more loosely than relatch does: another address came back. */
  | "other_address"
  | "other_tenant"
  /** The address on file is none that mail can safely be sent to. */
  | "unusable_address"
  | "not_allowed"
  | "no_password";

/** Why a job was let go of. */
export type JobDrop = "malformed" | "stale" | "duplicate" | "not_committed" | "queue_full" | "gave_up";

type Nothing = Record<never, never>;

interface Details {
  reset_requested: Nothing;
  request_refused: { reason: "invalid_email" };
  /** `client`: answered with `throttled`. `address`: silent. */
  request_throttled: { reason: "client" | "address" };
  /** `ip` was no IP address: such callers share one bucket. Mend the server's proxy settings. */
  client_address_unusable: Nothing;
  /** The rate limiter failed; `limits.onUnavailable` says what then. */
  rate_limiter_unavailable: { reason: "allowed" | "refused" };
  request_skipped: { reason: SkipReason };
  /** The notice of a change could not be sent to the address on file. */
  notice_skipped: { userId: string; reason: "unusable_address" };
  /** `userId` is absent for `no_account`. */
  mail_sent: { userId?: string | undefined; kind: MailKind };
  /** The mail server definitely refused; no further try. */
  mail_refused: { userId?: string | undefined; kind: MailKind; detail?: string | undefined };
  /** One try failed; the dispatcher decides on the next. `detail`: the cause's own short code, if it has one. */
  delivery_failed: { jobType: JobType; reason: RelatchErrorCode; detail?: string | undefined };
  job_dropped: { jobType?: JobType | undefined; reason: JobDrop };
  token_verified: { userId: string };
  token_refused: { reason: TokenRefusal; userId?: string | undefined };
  password_rejected: { userId: string; violations: readonly string[] };
  /** A rule could not ask its service. */
  password_check_unavailable: { userId?: string | undefined; reason: "allowed" | "refused" };
  password_reset: { userId: string; sessionsRevoked: boolean };
  /** After the commit: sessions may be alive. */
  session_revocation_failed: { userId: string };
  /** After the commit: the spent record is still there; it can do nothing. */
  token_cleanup_failed: { userId: string };
  tokens_revoked: { userId: string };
}

type JobType = "reset_requested" | "password_changed";

/** What an event's `type` can be. */
export type ResetEventType = keyof Details;

/**
 * What happened, for logs, metrics and alerts. Frozen. Never holds a token, a password or an address, nor an
 * error object, in which a driver may have put any of them.
 */
export type ResetEvent = {
  [Type in ResetEventType]: Readonly<{ type: Type; at: Date; tenant?: string | undefined } & Details[Type]>;
}[ResetEventType];

/** An event before it has its time. */
export type Happening = {
  [Type in ResetEventType]: Omit<Extract<ResetEvent, { type: Type }>, "at">;
}[ResetEventType];

/** Reports events to a listener whose failures, also asynchronous ones, change nothing. */
export function emitter(
  listener: ((event: ResetEvent) => unknown) | undefined,
  now: () => Date,
): (happening: Happening) => void {
  if (!listener) return () => {};
  return (happening) => {
    void (async () => listener(Object.freeze({ at: new Date(now()), ...happening }) as ResetEvent))().catch(
      () => {},
    );
  };
}

/** The short code that drivers put on their errors (`ECONNREFUSED`, `EAUTH`, `550`), and nothing longer. */
export function detailOf(error: unknown): string | undefined {
  const isCode = (part: unknown) =>
    typeof part === "number" || (typeof part === "string" && /^[A-Z0-9_]{1,32}$/.test(part));
  const codes = attempt(() => [(error as Codes).code, (error as Codes).responseCode]) ?? [];
  return codes.filter(isCode).join(" ") || undefined;
}

interface Codes {
  code?: unknown;
  responseCode?: unknown;
}
