import type { TimeSpan } from "oslo";
import type { RelatchError } from "../lib/errors.ts";
import type { Tenants } from "../lib/tenants.ts";
import type { SignedTokens } from "../links/signed.ts";
import type { Language } from "../messages/language.ts";
import type { Messages } from "../messages/messages.ts";
import type { PasswordRule, PasswordViolation } from "../passwords/rules.ts";
import type {
  Dispatcher,
  DropReason,
  Job,
  LegacyTokens,
  Mailer,
  PasswordHasher,
  RateLimiter,
  RateRule,
  RevokeSessions,
  SecondFactor,
  Site,
  TokenStore,
  UserStore,
} from "../ports/contract.ts";
import type { ResetEvent } from "./events.ts";

// Options, calls and results.

/**
 * The optional features of a `PasswordReset`, which `createPasswordReset` infers from its options. Write them where you have
 * to name the type: `PasswordReset<{ tenant: "acme" | "globex" }>`. Plain `PasswordReset` has none.
 */
export interface Features {
  /** The names in the option `tenants`, or `string` if they are dynamic. */
  tenant?: string;
  /** With the option `codes`. */
  codes?: true;
  /** The names of the methods, with the option `secondFactor`. */
  secondFactor?: string;
}

type NoFeatures = Record<never, never>;

/** The tenants of these options. */
export type TenantOf<T> = T extends readonly (infer Name extends string)[]
  ? Name
  : T extends "dynamic"
    ? string
    : undefined;

/** The features of these options. */
export type FeaturesOf<T, Codes, Factor extends string> = Flat<
  (TenantOf<T> extends string ? { tenant: TenantOf<T> } : NoFeatures) &
    (Codes extends true | CodeOptions ? { codes: true } : NoFeatures) &
    ([Factor] extends [never] ? NoFeatures : { secondFactor: Factor })
>;

/** Shows the properties of a type and not how it was made. */
type Flat<T> = { [Name in keyof T]: T[Name] };

/** `tenant` is required in every call with the option `tenants`, and unknown without it. */
type WithTenant<F> = F extends { tenant: infer Name extends string }
  ? { /** One of the option `tenants`. */ tenant: Name }
  : { tenant?: null | undefined };

/** `secondFactor` is unknown without the option. */
type WithSecondFactor<F> = F extends { secondFactor: string }
  ? {
      /** `{ method, response }` as it arrived: one of the methods of the account, and what was typed. */
      secondFactor?: unknown;
    }
  : { secondFactor?: null | undefined };

/** How somebody proves that an address is theirs: with a link, or with a code that is typed (option `codes`). */
export type Method<F = { codes: true }> = F extends { codes: true } ? "link" | "code" : "link";

/** How often a reset may be requested. */
export interface Limits {
  /** Keeps the counts. Default: `memoryRateLimiter()`, which is right for one process. */
  rateLimiter?: RateLimiter | undefined;
  /**
   * Requests per client address; over the limit the result is `throttled`. IPv6 clients are counted by their /64, and with
   * ten times the units by their /48. Default: 30 in 15 minutes. `false` switches the limit off.
   */
  client?: RateRule | false | undefined;
  /**
   * Requests per email address, whether or not it has an account; over the limit nothing is sent and the result is the
   * same. Default: 1 per minute and 3 per hour. It bounds how many links are valid at once. A window is never longer than
   * the token lifetime, so that requests by other people cannot leave the owner without a valid link. `false` switches the
   * limit off, if the token lifetime is at most one hour.
   */
  address?: readonly RateRule[] | false | undefined;
  /**
   * The behavior while the limiter fails. Default: `"refuse"`, which throws `ERR_RATE_LIMITER`. `"allow"` lets requests
   * pass without a limit. Both are reported as an event.
   */
  onUnavailable?: "refuse" | "allow" | undefined;
}

/** The option `codes`. */
export interface CodeOptions {
  /** How many digits a code has: 8 to 10. Default: 8. */
  digits?: number | undefined;
  /** How long a code is valid, from the request on: 1 to 15 minutes, at most `tokenLifetime`. Default: 10 minutes. */
  lifetime?: TimeSpan | undefined;
}

/** Options of `createPasswordReset`. Invalid ones throw `ERR_OPTIONS` at construction. */
export interface PasswordResetOptions<
  T extends Tenants = undefined,
  Codes extends CodeOptions | boolean | undefined = undefined,
  Factor extends string = never,
> {
  /** Functions over the application's own users table. */
  users: UserStore<TenantOf<T>>;
  /** A store for links, or `signedTokens()`, which needs none. */
  tokens: TokenStore | SignedTokens;
  /** Sends the emails. */
  mailer: Mailer;
  /** The hasher that the sign-in uses. */
  hasher: PasswordHasher;
  /**
   * The application's name, as shown in emails, at most 64 characters. A string is printed as it is. What a function returns
   * may come from data, so nothing in it becomes a link: its dots are printed as U+2024.
   */
  appName: string | ((site: Site<TenantOf<T>>) => string);
  /** The sender of all emails, for example `"Acme <noreply@example.com>"`. Optional if the mailer has its own. */
  from?: string | ((site: Site<TenantOf<T>>) => string) | undefined;
  /**
   * The page behind the link: an absolute https URL (http on loopback only) with `:token` once, after the host. It is never
   * built from a request (CVE-2017-8295 and its many relatives).
   */
  resetUrl: string | ((site: Site<TenantOf<T>>) => string);
  /**
   * Ends the user's sessions after a reset. `"in_transaction"`: `replacePasswordHash` already does that, in its own
   * transaction. `false`: old sessions survive a reset, which is what an intruder would want.
   */
  revokeSessions: RevokeSessions | "in_transaction" | false;

  /**
   * The tenants, if one server serves several: `appName`, `from` and `resetUrl` are judged now for each of them, and every
   * call takes `tenant`. `"dynamic"`: tenants come and go, so each is judged with its first email. Default: none.
   */
  tenants?: T;
  /**
   * 1 to 5 distinct keys of 32 random bytes, the same in all processes. The first one signs, all of them verify. Required
   * by `signedTokens()`, `queueDispatcher()` and `codes`. With keys, records in the token store are sealed as well, so
   * giving keys for the first time invalidates the links that are valid then. To rotate keys: append the new one
   * everywhere, then move it first, then drop the old one when the longest lifetime has passed. Default: none.
   */
  keys?: readonly Uint8Array[] | undefined;
  /**
   * `true`, or options: `requestReset({ method: "code" })` sends a code of digits besides the link, to be typed where the
   * reset was requested. Needs `keys`, a token store and `limits.address`. The price: people can be talked into telling a
   * code, and not into telling a link. Default: `false`.
   */
  codes?: Codes;
  /** The second factors of accounts that have one. Asked for on the way to a new password. Default: none. */
  secondFactor?: SecondFactor<Factor> | undefined;
  /** How long a link is valid: more than 0, at most 24 hours. Default: one hour. */
  tokenLifetime?: TimeSpan | undefined;
  /** How long an invitation of `sendLink` is valid: more than 0, at most 7 days. Default: 3 days. */
  invitationLifetime?: TimeSpan | undefined;
  /**
   * `true` deletes the account's earlier links before a new one is saved. Default: `false`, links are valid until they
   * expire or one is used. The price of `true`: anyone can invalidate the owner's link by typing their address
   * (CVE-2024-41890), also if the new email never arrives. It is best effort: two simultaneous deliveries leave two.
   */
  onlyNewestLink?: boolean | undefined;
  /** Rules for new passwords. Default: `defaultPasswordRules`. An empty array accepts every non-empty password. */
  passwordRules?: readonly PasswordRule[] | undefined;
  /** How often a reset may be requested. Default: as in {@link Limits}. `false` switches all limits off, for tests. */
  limits?: Limits | false | undefined;
  /** Runs the work after the response. Default: `background()`. */
  dispatcher?: Dispatcher | undefined;
  /**
   * How long one call of the application's functions (stores, limiter, hasher, `revokeSessions`, dispatcher) may take
   * before the response. After that it counts as failed. Default: 10 seconds, at most 24 hours.
   */
  callTimeout?: TimeSpan | undefined;
  /** How long one delivery may take before it counts as failed. Default: 30 seconds, at most 24 hours. */
  deliveryTimeout?: TimeSpan | undefined;
  /** The languages of emails and refusals; the first is the fallback. Default: English only. */
  languages?: readonly [Language, ...Language[]] | undefined;
  /**
   * Replaces single emails; the others keep their standard form. `noAccount` and `noPassword` have no standard form and are
   * sent only if they are given. `noAccount` tells the owner of an address that no account has it. It goes to any address
   * that a stranger typed, within the limits, so it must contain your own words only. No result changes. Default:
   * `standardMessages()`.
   */
  messages?: { [Kind in keyof Messages]?: Messages[Kind] | undefined } | undefined;
  /** `true` prints the time of the request and the client's public address in emails. Default: `false`. */
  mentionRequest?: boolean | undefined;
  /** Accepts the links of an older flow until they have expired, once each and by the rules of all others. Default: none. */
  legacyTokens?: LegacyTokens | undefined;
  /**
   * Hears every outcome, as plain data without secrets and addresses. Default: the four events that somebody has to act on
   * (`job_dropped`, `mail_refused`, `client_address_unusable`, `notice_skipped`) are printed on stderr. A listener that
   * throws or rejects changes nothing.
   */
  onEvent?: ((event: ResetEvent) => unknown) | undefined;
  /**
   * Hears every failure of the application's functions, whether or not a caller saw it. `error` may be logged as it is.
   * `cause` is what the function threw, and a driver may have put addresses, hashes or a whole email into it. Default: a
   * line on stderr. A listener that throws or rejects changes nothing.
   */
  onError?: ((error: RelatchError, cause: unknown) => unknown) | undefined;
  /** The clock, for tests. Default: the system's. */
  now?: (() => Date) | undefined;
}

/** Arguments of `requestReset`. */
export type RequestResetInput<F = NoFeatures, M extends Method<F> = Method<F>> = {
  /** The address as it arrived. Everything that is not a string with one plain address is `invalid_email`. */
  email: unknown;
  /**
   * The client's address, as your server trusts it (behind a proxy: see the guide on limits). `null`, `undefined` and
   * everything else that is not an address counts in one bucket for everybody. `false` says that there is no client, and
   * switches the client limit off for this call; nothing in a header can become `false`.
   */
  ip: string | false | null | undefined;
  /** A BCP 47 tag or a whole Accept-Language header. The locale of the account takes precedence. */
  locale?: string | null | undefined;
  /** `"code"`: the email contains a code besides the link. Default: `"link"`. */
  method?: M | null | undefined;
  /**
   * 1 to 256 printable ASCII characters that travel to events and to the mailer: a request id, a `traceparent`. Everything
   * else counts as left out.
   */
  correlationId?: string | null | undefined;
} & WithTenant<F>;

/** Result of `requestReset`: the same for every valid address, whether or not it has an account. */
export type RequestResetResult<M extends string = "link"> =
  | (M extends "code"
      ? {
          ok: true;
          /** For `redeemCode`. It belongs to the client that made the request and nowhere else. 95 characters. */
          ticket: string;
        }
      : { ok: true })
  | { ok: false; reason: "invalid_email" }
  | { ok: false; reason: "throttled"; retryAfterSeconds: number };

/** Arguments of `verifyToken`. */
export type VerifyTokenInput<F = NoFeatures> = {
  /** The token as it arrived. */
  token: unknown;
  /** See `requestReset`. */
  correlationId?: string | null | undefined;
} & WithTenant<F>;

/** Arguments of `redeemCode`. */
export type RedeemCodeInput<F = NoFeatures> = {
  /** The ticket of `requestReset`, as the client sent it. */
  ticket: unknown;
  /** The code as it was typed: digits of any script; spaces and dashes do not matter. */
  code: unknown;
  /** See `requestReset`. */
  correlationId?: string | null | undefined;
} & WithTenant<F>;

/** Result of `redeemCode`. The token is that of a link, for `verifyToken` and `completeReset`. */
export type RedeemCodeResult = { ok: true; token: string } | { ok: false; reason: "invalid_or_expired_token" };

/** Result of `verifyToken`: whose link it is and how long it is valid, or one reason for every other case. */
export type VerifyTokenResult<F = NoFeatures> =
  | ({
      ok: true;
      userId: string;
      /** The address that the link was sent to, for the page and the password manager. */
      email: string;
      /** Whether the account has no password yet. */
      isInvitation: boolean;
      expiresAt: Date;
    } & (F extends { secondFactor: infer Factor extends string }
      ? {
          /** The methods of the account, of which `completeReset` needs one. Empty: none is needed. */
          secondFactors: readonly Factor[];
        }
      : unknown))
  | { ok: false; reason: "invalid_or_expired_token" };

/** Arguments of `completeReset`. */
export type CompleteResetInput<F = NoFeatures> = {
  /** The token as it arrived. */
  token: unknown;
  /** The new password as it arrived. */
  newPassword: unknown;
  /** The client's address, for the owner's notice with `mentionRequest`. Nothing is limited by it. */
  ip?: string | false | null | undefined;
  /** The language of `violations[].message`: a BCP 47 tag or a whole Accept-Language header. */
  locale?: string | null | undefined;
  /** See `requestReset`. */
  correlationId?: string | null | undefined;
} & WithTenant<F> &
  WithSecondFactor<F>;

/** Result of `completeReset`. It never contains a session or the account. */
export type CompleteResetResult<F = NoFeatures> =
  | {
      ok: true;
      userId: string;
      /** `false` if sessions may have survived: switched off by option, or the revocation failed (see events). */
      sessionsRevoked: boolean;
    }
  | { ok: false; reason: "invalid_or_expired_token" }
  | { ok: false; reason: "password_rejected"; violations: PasswordViolation[] }
  | (F extends { secondFactor: infer Factor extends string }
      ? {
          ok: false;
          /**
           * `second_factor_required`: none was given. `second_factor_rejected`: it was wrong, and the link still works. After
           * five responses the link is refused as `invalid_or_expired_token`.
           */
          reason: "second_factor_required" | "second_factor_rejected";
          secondFactors: readonly Factor[];
        }
      : never);

/** Arguments of `sendLink`. */
export interface SendLinkInput {
  /** The id of the account. */
  userId: string;
  /** The language of the email, if that of the account is not known. */
  locale?: string | null | undefined;
  /** See `requestReset`. */
  correlationId?: string | null | undefined;
}

/** Result of `sendLink`. It tells the truth, so it is for trusted callers only. */
export type SendLinkResult =
  | {
      ok: true;
      /** Whether the account has no password, so that the email invites to set the first one. */
      isInvitation: boolean;
    }
  | {
      ok: false;
      /**
       * `unknown_account`: there is none with this id, or its tenant is not declared. `not_allowed`: it may not reset.
       * `unusable_address`: no email can be sent to the address on file. `no_password`: the account has none, and the
       * store has no `setFirstPasswordHash`.
       */
      reason: "unknown_account" | "not_allowed" | "unusable_address" | "no_password";
    };

/** A job that ended without its email. Contains no address and no secret, so it may be logged. */
export interface Undelivered {
  readonly jobId: string;
  /** The kind of the job. */
  readonly type: Job["type"];
  /** `gave_up`: no attempt succeeded. `queue_full`: never attempted. `refused`: the mail server refused for good. */
  readonly reason: DropReason | "refused";
  readonly tenant?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** Result of `drain`. */
export interface DrainReport {
  /** Jobs that ended without their email since the last drain, the oldest first. */
  readonly undelivered: readonly Undelivered[];
}

/** The password reset of an application. Its functions can be destructured. */
export interface PasswordReset<F extends Features = NoFeatures> {
  /**
   * Requests a link. Neither the result nor the response time depends on whether the account exists, because a job looks
   * it up later. Nothing about the account changes.
   *
   * @throws {RelatchError} `ERR_RATE_LIMITER` or `ERR_DISPATCHER` if these fail; `ERR_OPTIONS` if `tenant` is not declared.
   * @example
   * const result = await passwordReset.requestReset({ email: form.email, ip: request.ip });
   * if (!result.ok && result.reason === "throttled") return respond(429, result.retryAfterSeconds);
   */
  requestReset<const M extends Method<F> = "link">(input: RequestResetInput<F, M>): Promise<RequestResetResult<M>>;

  /**
   * Reports whether a link can still be used, and whose account it is for. Never consumes the link, because email scanners
   * open links.
   *
   * @throws {RelatchError} `ERR_USER_STORE`, `ERR_TOKEN_STORE` or `ERR_SECOND_FACTOR` if these fail; `ERR_OPTIONS` if
   * `tenant` is not declared.
   * @example
   * const link = await passwordReset.verifyToken({ token });
   * if (!link.ok) return renderExpired(); // link.reason === "invalid_or_expired_token"
   */
  verifyToken(input: VerifyTokenInput<F>): Promise<VerifyTokenResult<F>>;

  /**
   * Exchanges a code for a token, with the option `codes`. At most five codes are compared for one ticket; after that, and
   * for everything else that is wrong, the result is the same. A code can be redeemed again until it expires.
   *
   * @throws {RelatchError} `ERR_RATE_LIMITER` or `ERR_TOKEN_STORE` if these fail, whatever `limits.onUnavailable` says;
   * `ERR_OPTIONS` without the option `codes`, or if `tenant` is not declared.
   * @example
   * const redeemed = await passwordReset.redeemCode({ ticket: cookies.ticket, code: form.code });
   * if (redeemed.ok) return startReset(redeemed.token); // as if a link had been opened
   */
  redeemCode(input: RedeemCodeInput<F>): Promise<RedeemCodeResult>;

  /**
   * Sets the new password, once. A refused password does not consume the link. Signs nobody in.
   *
   * If it throws, the password was not changed and the link still works, but sessions may have ended already, and the
   * links of an account without a password may be revoked. One error leaves open whether the password was changed: if the
   * commit did not respond (`ERR_USER_STORE`), it may still happen, and the follow-up job does the rest.
   *
   * @throws {RelatchError} `ERR_USER_STORE`, `ERR_TOKEN_STORE`, `ERR_HASHER`, `ERR_SESSIONS`, `ERR_SECOND_FACTOR`,
   * `ERR_RATE_LIMITER` (for a second factor) or `ERR_DISPATCHER` if these fail; `ERR_OPTIONS` if `tenant` is not
   * declared, or if a password rule or `appName` throws.
   * @example
   * const result = await passwordReset.completeReset({ token, newPassword: form.password });
   * if (!result.ok && result.reason === "password_rejected") return renderForm(result.violations);
   */
  completeReset(input: CompleteResetInput<F>): Promise<CompleteResetResult<F>>;

  /**
   * Sends a link to an account, for a back office and for invitations: past the limits, and with the truth as its result.
   * Only trusted callers may reach it. An account without a password gets an invitation to set its first one, if the store
   * has `setFirstPasswordHash`. No call ever returns the link itself (ASVS 5.0 V6.4.6).
   *
   * @throws {RelatchError} `ERR_USER_STORE` or `ERR_DISPATCHER` if these fail; `ERR_OPTIONS` if `userId` is not a
   * non-empty string.
   * @example
   * const result = await passwordReset.sendLink({ userId: user.id });
   * if (!result.ok) return respond(409, result.reason); // "not_allowed", for example
   */
  sendLink(input: SendLinkInput): Promise<SendLinkResult>;

  /**
   * Runs one job, for a worker of your own queue. Resolves if nothing is left to do (also for a job that is malformed, too
   * old, or already done by this process) and rejects if another attempt could help, as for a follow-up job whose commit
   * has not happened yet. The error then has `isWaiting` and `retryAfterSeconds`; attempts must span at least 15 minutes.
   *
   * @throws {RelatchError} The code of the dependency that failed, `ERR_DISPATCHER` if the delivery took too long, or
   * `ERR_OPTIONS` if there are no `keys`: a job that was not signed with one of them is dropped.
   * @example
   * const worker = new Worker("reset", (job) => passwordReset.deliver(job.data));
   */
  deliver(job: unknown): Promise<void>;

  /**
   * Revokes the user's links, for "this wasn't me" or a closed account. A completion that is hashing meanwhile is refused.
   *
   * @throws {RelatchError} `ERR_TOKEN_STORE` if the store fails, and always with signed tokens: these are invalidated only
   * by their expiry or by a change of password or address. Links of `legacyTokens` are revoked all the same.
   * @example
   * await passwordReset.revokeTokens(user.id);
   */
  revokeTokens(userId: string): Promise<void>;

  /**
   * Resolves when nothing is in flight, listeners included, for tests and for a graceful shutdown. A job that waits for its
   * next attempt is attempted at once. Returns the jobs that ended without their email since the last drain, at most the
   * newest 1000. The password reset can be used afterwards.
   *
   * @throws {RelatchError} `ERR_DISPATCHER` if the dispatcher fails.
   * @example
   * const { undelivered } = await passwordReset.drain();
   * for (const { jobId, type, reason } of undelivered) console.error("email not sent", jobId, type, reason);
   */
  drain(): Promise<DrainReport>;

  /** The option `tenants`. */
  readonly tenants: Tenants;

  /**
   * Returns the settings that pages need.
   *
   * @throws {RelatchError} `ERR_OPTIONS` if `tenant` is not declared, or if a function among the options throws.
   * @example
   * const { appName, minPasswordLength } = passwordReset.settings({ locale: request.headers["accept-language"] });
   */
  settings(...input: F extends { tenant: string } ? [SettingsInput<F>] : [SettingsInput<F>?]): Settings;
}

/** Arguments of `settings`. */
export type SettingsInput<F = NoFeatures> = {
  /** A BCP 47 tag or a whole Accept-Language header. */
  locale?: string | null | undefined;
} & WithTenant<F>;

/** Settings that pages need. */
export interface Settings {
  /** The name of the application, for this tenant and language. */
  readonly appName: string;
  /** The template of links, with `:token` in it. */
  readonly resetUrl: string;
  /** How long a link is valid. */
  readonly tokenLifetime: TimeSpan;
  /** The option `codes` with its defaults, or `undefined` without it. */
  readonly codes: { readonly digits: number; readonly lifetime: TimeSpan } | undefined;
  /** Whether links of an older flow may arrive, which can have any length: the option `legacyTokens` is given. */
  readonly hasLegacyTokens: boolean;
  /** In characters; absent if no rule asks for a length. */
  readonly minPasswordLength: number | undefined;
  /** The language of emails and refusals for this locale: a BCP 47 tag. */
  readonly locale: string;
  /** The tags of all languages, the fallback first. */
  readonly languages: readonly string[];
}
