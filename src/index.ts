export { TimeSpan } from "oslo";
export type * from "./core/api.ts";
export type { JobDrop, ResetEvent, ResetEventType, SkipReason, TokenRefusal } from "./core/events.ts";
export { sessionStamp } from "./core/session-stamp.ts";
export { type BackgroundOptions, background } from "./dispatchers/background.ts";
export { queueDispatcher } from "./dispatchers/queue.ts";
export { canonicalEmail } from "./lib/email-address.ts";
export { RelatchError, type RelatchErrorCode } from "./lib/errors.ts";
export type { Tenants } from "./lib/tenants.ts";
export { clientKey } from "./limiters/keys.ts";
export { memoryRateLimiter } from "./limiters/memory.ts";
export { type SignedTokens, signedTokens } from "./links/signed.ts";
export type { EmailSentences, Language, LinkSentences } from "./messages/language.ts";
export type { MessageContent, MessageInput, Messages } from "./messages/messages.ts";
export { createPasswordReset } from "./password-reset.ts";
export { type BreachedPasswordOptions, breachedPassword } from "./passwords/breached-password.ts";
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
} from "./passwords/rules.ts";
export type * from "./ports/contract.ts";
