/**
 * What failed:
 * `ERR_OPTIONS`: wrong options, or a wrong argument of the application's own;
 * `ERR_USER_STORE`, `ERR_TOKEN_STORE`, `ERR_RATE_LIMITER`, `ERR_HASHER`, `ERR_SESSIONS`, `ERR_DISPATCHER`,
 * `ERR_MAILER`: that port threw, or answered what it must not.
 */
export type RelatchErrorCode =
  | "ERR_OPTIONS"
  | "ERR_USER_STORE"
  | "ERR_TOKEN_STORE"
  | "ERR_RATE_LIMITER"
  | "ERR_HASHER"
  | "ERR_SESSIONS"
  | "ERR_DISPATCHER"
  | "ERR_MAILER";

/** The only error relatch throws. Branch on `code`; `cause` is the original, and is left out of its JSON. */
export class RelatchError extends Error {
  override readonly name = "RelatchError";
  readonly code: RelatchErrorCode;

  constructor(code: RelatchErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  toJSON(): { name: string; code: RelatchErrorCode; message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}
