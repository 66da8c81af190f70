import { RelatchError } from "../lib/errors.ts";
import { mustBe } from "../lib/shape.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import type { Claim } from "../links/scheme.ts";
import type { Account } from "../ports/account.ts";
import type { VerifyTokenResult } from "./api.ts";
import type { Core } from "./core.ts";
import type { TokenRefusal } from "./events.ts";
import { type Origin, readOrigin } from "./origin.ts";

/** A link that can be used now, and the account it is for. */
export interface ProvenLink {
  account: Account;
  claim: Claim;
}

export const refusedToken = () => ({ ok: false, reason: "invalid_or_expired_token" }) as const;

/** Reports whether a link can still be used, and whose it is. */
export async function verifyToken(core: Core, input: unknown): Promise<VerifyTokenResult> {
  const origin = readOrigin(core, input);
  const token = readToken(core, readOwnField(input, "token"), origin);
  const link = token === undefined ? undefined : await proveLink(core, token, origin);
  if (!link) return refusedToken();
  const { id: userId, email, passwordHash } = link.account;
  const secondFactors = await core.config.secondFactor?.methods(userId);
  core.config.emit({ type: "token_verified", userId, ...origin });
  return {
    ok: true,
    userId,
    email,
    isInvitation: passwordHash === null,
    expiresAt: new Date(link.claim.expiresAt),
    ...(secondFactors && { secondFactors }),
  };
}

/** Finds the link, loads its account, and compares the fingerprints. Only an event tells why a link is refused. */
export async function proveLink(core: Core, token: string, origin: Origin): Promise<ProvenLink | undefined> {
  const { links, users, originOf, now } = core.config;
  const { tenant } = origin;
  const refuse = (reason: TokenRefusal, userId?: string): undefined => {
    reportRefusal(core, reason, origin, userId);
    return undefined;
  };
  const claim = await links.find(token, originOf(tenant));
  if (!claim) return refuse("unknown");

  const { userId } = claim;
  if (claim.expiresAt <= now().getTime()) return refuse("expired", userId);
  const account = await users.findById(userId);
  if (!account) return refuse("account_gone", userId);
  if (account.tenant !== tenant) return refuse("other_tenant", userId);
  if (!account.resetAllowed) return refuse("not_allowed", userId);
  if (account.passwordHash === null && !users.setFirstPasswordHash) return refuse("no_password", userId);
  if (!claim.isBoundTo(account)) return refuse("account_changed", userId);
  return { account, claim };
}

/** Returns the token if it could be one, so that junk never reaches a store. */
export function readToken(core: Core, token: unknown, origin: Origin): string | undefined {
  if (typeof token === "string" && core.config.links.couldBeToken(token)) return token;
  reportRefusal(core, "malformed", origin);
  return undefined;
}

export const reportRefusal = ({ config }: Core, reason: TokenRefusal, origin: Origin, userId?: string): void =>
  config.emit({ type: "token_refused", reason, userId, ...origin });

/** Revokes all links of a user. */
export async function revokeTokens({ config }: Core, userId: string): Promise<void> {
  if (typeof userId !== "string" || userId === "") {
    throw mustBe("The id given to revokeTokens", "a non-empty string", userId, "revokeTokens(String(user.id))");
  }
  const { links } = config;
  await Promise.all([links.revoke?.(userId), links.revokeLegacy?.(userId)]);
  if (!links.revoke) {
    throw new RelatchError(
      "ERR_TOKEN_STORE",
      "revokeTokens must have a token store, because signed tokens cannot be revoked. Example: tokens: postgresTokens(pool).",
    );
  }
  config.emit({ type: "tokens_revoked", userId });
}
