import type { Account } from "./account.ts";
import { canonicalEmail } from "./email-address.ts";
import type { SkipReason } from "./events.ts";
import type { ResetRequestedJob } from "./jobs.ts";
import { inertName } from "./mail/inert.ts";
import type { Language } from "./mail/language.ts";
import type { Recipient } from "./types.ts";

/** As much of an account as a mail needs to know, or of an address that has none. */
export interface Addressee {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly locale?: string | undefined;
  readonly tenant?: string | undefined;
}

/** What the application's functions and the mailer are told of an account, or of none: no address, no hash. */
export const recipientOf = ({ id, name, tenant }: Addressee, language: Language): Recipient =>
  Object.freeze({ userId: id, name: inertName(name), locale: language.tag, tenant });

/** The address on file in canonical form, if mail can go to it exactly as it is stored. */
export const usableAddress = ({ email }: Account): string | undefined =>
  email === email.trim() ? canonicalEmail(email) : undefined;

/** Why the account that a store found for a request gets no link. */
export function obstacleTo(
  account: Account,
  job: ResetRequestedJob,
  canSetFirstPassword: boolean,
): SkipReason | undefined {
  const onFile = account.email === job.email ? job.email : usableAddress(account);
  if (onFile === undefined) return "unusable_address";
  // A store that matches loosely found somebody else (GHSA-qw9g-7549-7wg5).
  if (onFile !== job.email) return "other_address";
  if (account.tenant !== job.tenant) return "other_tenant";
  if (!account.resetAllowed) return "not_allowed";
  return account.passwordHash === null && !canSetFirstPassword ? "no_password" : undefined;
}
