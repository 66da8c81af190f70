import { canonicalStoredEmail } from "../lib/email-address.ts";
import type { Account } from "../ports/account.ts";
import type { LinkRequestedJob, ResetRequestedJob } from "../ports/contract.ts";
import type { SkipReason } from "./events.ts";

/** Returns the address on file in canonical form, if email can be sent to it exactly as it is stored. */
export const usableAddress = ({ email }: Account): string | undefined => canonicalStoredEmail(email);

/** Returns why the account that a store found for a job gets no link, or `undefined` if it gets one. */
export function findObstacle(
  account: Account,
  job: ResetRequestedJob | LinkRequestedJob,
  canSetFirstPassword: boolean,
): SkipReason | undefined {
  const address = usableAddress(account);
  // A store that matches loosely found another account (GHSA-qw9g-7549-7wg5).
  if (address && job.type === "reset_requested" && address !== job.email) return "other_address";
  if (address && account.tenant !== job.tenant) return "other_tenant";
  return findRefusal(account, canSetFirstPassword);
}

/** Returns why this account gets no link, also if the back office asks for one. */
export function findRefusal(
  account: Account,
  canSetFirstPassword: boolean,
): "unusable_address" | "not_allowed" | "no_password" | undefined {
  if (usableAddress(account) === undefined) return "unusable_address";
  if (!account.resetAllowed) return "not_allowed";
  return account.passwordHash === null && !canSetFirstPassword ? "no_password" : undefined;
}
