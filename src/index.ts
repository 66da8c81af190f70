export { TimeSpan } from "oslo";
export { sessionStamp } from "./account.ts";
export type * from "./api.ts";
export { type BreachedPasswordOptions, breachedPassword } from "./breached-password.ts";
export { type BackgroundOptions, background, inline, queueDispatcher } from "./dispatch.ts";
export { canonicalEmail } from "./email-address.ts";
export { RelatchError, type RelatchErrorCode } from "./errors.ts";
export type { JobDrop, ResetEvent, ResetEventType, SkipReason, TokenRefusal } from "./events.ts";
export type { Job, PasswordChangedJob, ResetRequestedJob } from "./jobs.ts";
export { clientKey } from "./limit-keys.ts";
export type { Language } from "./mail/language.ts";
export type {
  MessageContent,
  MessageInput,
  Messages,
  PasswordChangedInput,
  ResetLinkInput,
} from "./mail/messages.ts";
export { createPasswordReset } from "./password-reset.ts";
export {
  checkPassword,
  defaultPasswordRules,
  notCommon,
  notPersonal,
  type PasswordContext,
  type PasswordLengthOptions,
  type PasswordRule,
  type PasswordViolation,
  passwordLength,
  type RuleRefusal,
} from "./password-rules.ts";
export { memoryRateLimiter } from "./rate-limit.ts";
export { type SignedTokens, type SignedTokensOptions, signedTokens } from "./signed-tokens.ts";
export type * from "./types.ts";
