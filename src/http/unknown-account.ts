import { canonicalEmail } from "../lib/email-address.ts";
import type { Exchange } from "./exchange.ts";

/** Reports whether to say that an address has no account, which the application has to ask for. */
export async function isUnknownAccount({ config, visitor }: Exchange, email: unknown): Promise<boolean> {
  const canonical = canonicalEmail(email);
  if (!config.revealUnknownAccounts || canonical === undefined) return false;
  return (await config.revealUnknownAccounts(canonical, visitor.tenant ?? undefined)) === false;
}
