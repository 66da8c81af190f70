import type { MailFailure } from "../ports/contract.ts";

/** Facts about a failure, copied to the error that the mailer rejects with. */
type Facts = MailFailure & { code?: unknown; responseCode?: unknown };

export const createFailure = (message: string, facts: Facts, cause?: { cause: unknown }): Error & Facts =>
  Object.assign(new Error(message, cause), facts);
