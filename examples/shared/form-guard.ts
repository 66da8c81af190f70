/** Reasons to refuse a request outside of the reset's routes, and the status of each. */
export const REFUSALS = {
  cross_site: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_media_type: 415,
  throttled: 429,
  fault: 500,
} as const;

export type Refusal = keyof typeof REFUSALS;

/** Thrown to refuse a request with a page. */
export class RefusedRequest extends Error {
  readonly reason: Refusal;
  readonly retryAfterSeconds: number | undefined;

  constructor(reason: Refusal, retryAfterSeconds?: number) {
    super(reason);
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The longest form that is read, in bytes. */
export const MAX_FORM_BYTES = 16 * 1024;

/** Refuses a POST before it is read, if another site has sent it, or if it is not a form. */
export function assertOwnForm(header: (name: string) => string | undefined, origin: string): void {
  const sender = header("origin");
  const isOwn = sender === undefined ? header("sec-fetch-site") === "same-origin" : sender === origin;
  if (!isOwn) throw new RefusedRequest("cross_site");
  const isForm = /^application\/x-www-form-urlencoded(?: *; *charset=utf-8)?$/i.test(header("content-type") ?? "");
  if (!isForm || header("content-encoding") !== undefined) throw new RefusedRequest("unsupported_media_type");
}

/** Returns the path to go to after signing out: `return_to` if it is a path of this site. */
export const readReturnPath = (value: unknown): string =>
  // Two slashes at the start, or a slash and a backslash, lead to another host.
  typeof value === "string" && /^\/(?![/\\])[!-~]{0,200}$/.test(value) ? value : "/login";
