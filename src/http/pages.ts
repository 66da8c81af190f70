import type { TimeSpan } from "oslo";
import type { PasswordViolation } from "../passwords/rules.ts";

// The pages as the handler asks for them: plain functions from data to HTML, each a whole document. They know no framework,
// and whatever they do not know (headers, cookies, redirects, checks) is the handler's.

/** Facts that every page is given. */
export interface PageInput {
  readonly appName: string;
  /** In characters; absent if no rule asks for a length. */
  readonly minPasswordLength: number | undefined;
  /** How long a link is valid. */
  readonly tokenLifetime: TimeSpan;
  /** The language of the page, which is also that of emails and refusals: a BCP 47 tag. */
  readonly locale: string;
  readonly tenant: string | undefined;
  /** Paths of other pages, as the browser sees them. */
  readonly paths: PagePaths;
  /** For facts that only your own pages want to know, such as a theme in a cookie. */
  readonly request: Request;
}

/** Paths of pages, as the browser sees them. */
export interface PagePaths {
  /** The page that asks for a link. */
  readonly request: string;
  readonly login: string;
  readonly home: string;
}

/** The page that asks for an address. Its form posts `email` to `paths.request`. */
export interface RequestPageInput extends PageInput {
  /** Whether a code is sent besides the link. */
  readonly method: "link" | "code";
  /** Why the visitor is back here. */
  readonly notice: RequestNotice | undefined;
  readonly error: "invalid_email" | "unknown_email" | undefined;
  /** The address as it was typed, shown again with an error. */
  readonly email: string;
}

/**
 * Why somebody who opened a link is back at the page that asks for one. `malformed_link`: it cannot be one of our links, most
 * likely because a part is missing. `invalid_or_expired_token`: it was used, expired or revoked. `open_link_again`: this
 * browser no longer knows the link. `cookies_needed`: the link was opened just now, and the browser keeps no cookies.
 */
export type RequestNotice = "malformed_link" | "invalid_or_expired_token" | "open_link_again" | "cookies_needed";

export const REQUEST_NOTICES: readonly RequestNotice[] = [
  "malformed_link",
  "invalid_or_expired_token",
  "open_link_again",
  "cookies_needed",
];

/** The page after a request. It must be the same for every address. */
export interface SentPageInput extends PageInput {
  /** The address as it was typed. Empty if it is not known any more. */
  readonly email: string;
  /** The form for the code, if one was sent. */
  readonly code: CodeForm | undefined;
}

/** The form for a code. It posts `code`, and `email` in order to show the address again. */
export interface CodeForm {
  /** The path that the form is posted to. */
  readonly action: string;
  readonly digits: number;
  /** How long a code is valid. */
  readonly lifetime: TimeSpan;
  /** Whether a code was refused: it was wrong, or no code can be redeemed any more. */
  readonly isRefused: boolean;
}

/** The page with the form for a new password. Its form posts `password`, `password_confirmation` and `handle`. */
export interface NewPasswordPageInput extends PageInput {
  /** The path that the form is posted to. */
  readonly action: string;
  /** The value of the field `handle`, which ties the form to its link without giving the link away. */
  readonly handle: string;
  /** The address of the account: for the person, and for the password manager. */
  readonly email: string;
  /** Whether the account has no password yet. */
  readonly isInvitation: boolean;
  /** The reasons why the password was refused. */
  readonly violations: readonly PasswordViolation[];
  /** Whether the second password was another one. */
  readonly isMismatch: boolean;
  /** The second factor, if the account has one. */
  readonly secondFactor: SecondFactorForm | undefined;
}

/** The fields for a second factor. They post `second_factor_method` and `second_factor`. */
export interface SecondFactorForm {
  /** The methods to choose from. At least one. */
  readonly methods: readonly [string, ...string[]];
  /** The method that was chosen before, or the first one. */
  readonly method: string;
  readonly error: "second_factor_required" | "second_factor_rejected" | undefined;
}

/** The page for somebody who opens a link while they are signed in. */
export interface SignedInPageInput extends PageInput {
  /** The target of a link for going on without signing out. */
  readonly continuePath: string;
  /** The value of the field `return_to` in the form that signs out: the way back. */
  readonly returnPath: string;
  /** The path that this form is posted to. Absent without the option `signOutPath`. */
  readonly signOutPath: string | undefined;
}

/** The page for every refusal that no other page is for. */
export interface ProblemPageInput extends PageInput {
  readonly status: number;
  readonly reason: ProblemReason;
  readonly retryAfterSeconds: number | undefined;
}

/**
 * The pages. Spread `defaultPages()` of `relatch/pages` and replace some. Each function returns a whole document and must
 * escape what it inserts, because addresses are printed as they were typed. If one throws, the response has status 500.
 *
 * @example
 * const pages: Pages = { ...defaultPages(), sent: async ({ email }) => renderSent(email) };
 */
export interface Pages {
  /** The form for an address. */
  request(input: RequestPageInput): string | Promise<string>;
  /** The page after a request, with the form for a code if one was sent. */
  sent(input: SentPageInput): string | Promise<string>;
  /** The form for a new password. */
  newPassword(input: NewPasswordPageInput): string | Promise<string>;
  /** The page for somebody who opens a link while signed in. */
  signedIn(input: SignedInPageInput): string | Promise<string>;
  /** The page for every other refusal. */
  problem(input: ProblemPageInput): string | Promise<string>;
  /**
   * Directives of the Content-Security-Policy, such as `{ "style-src": "'self'" }`. Without them the policy allows images
   * of this origin and nothing else, no scripts either.
   */
  readonly contentSecurityPolicy?: Readonly<Record<string, string>> | undefined;
}

/** Why a request was refused: the `reason` in problem details. */
export type ProblemReason =
  | "invalid_request"
  | "invalid_json"
  | "invalid_email"
  | "unknown_email"
  | "invalid_or_expired_token"
  | "cross_site"
  | "not_found"
  | "method_not_allowed"
  | "signed_in"
  | "too_large"
  | "unsupported_media_type"
  | "password_rejected"
  | "second_factor_required"
  | "second_factor_rejected"
  | "throttled"
  | "fault"
  | "unavailable";

/** The status of each reason, and its title in RFC 9110 §15. */
export const PROBLEMS: Readonly<Record<ProblemReason, readonly [status: number, title: string]>> = {
  invalid_request: [400, "Bad Request"],
  invalid_json: [400, "Bad Request"],
  invalid_email: [400, "Bad Request"],
  unknown_email: [400, "Bad Request"],
  invalid_or_expired_token: [400, "Bad Request"],
  cross_site: [403, "Forbidden"],
  not_found: [404, "Not Found"],
  method_not_allowed: [405, "Method Not Allowed"],
  signed_in: [409, "Conflict"],
  too_large: [413, "Content Too Large"],
  unsupported_media_type: [415, "Unsupported Media Type"],
  password_rejected: [422, "Unprocessable Content"],
  second_factor_required: [422, "Unprocessable Content"],
  second_factor_rejected: [422, "Unprocessable Content"],
  throttled: [429, "Too Many Requests"],
  fault: [500, "Internal Server Error"],
  unavailable: [503, "Service Unavailable"],
};
