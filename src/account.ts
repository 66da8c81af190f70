import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { encoded, utf8 } from "./bytes.ts";
import { wrong } from "./checks.ts";
import { attempt } from "./fields.ts";

/** A `ResetUser` that was checked: what a user store answered, with nothing left to doubt. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly name: string | undefined;
  readonly locale: string | undefined;
  readonly tenant: string | undefined;
  readonly resetAllowed: boolean;
}

/**
 * What a token is bound to, as bytes after a prefix: id, address on file, password hash, tenant. A change of any of
 * them kills every link. Two different accounts never give the same bytes.
 */
export function boundState(
  prefix: Uint8Array,
  { id, email, passwordHash, tenant }: Pick<Account, "id" | "email" | "passwordHash" | "tenant">,
): Uint8Array {
  return encoded(prefix, id, email, passwordHash === null ? NONE : SOME, passwordHash, tenant);
}

const NONE = Uint8Array.of(0);
const SOME = Uint8Array.of(1);

/**
 * A short public name of "this account with this password". Put it into the session (or the JWT) at sign-in and
 * compare it on every request: then a login that was in flight during a reset cannot outlive it. A login that
 * rehashes the password must stamp the session anew. Reveals nothing about the password or its hash.
 *
 * @throws RelatchError `ERR_OPTIONS` when `id` or `passwordHash` is missing.
 */
export function sessionStamp(user: { id: string; passwordHash: string | null }): string {
  const [id, passwordHash] = attempt(() => [user.id, user.passwordHash] as const) ?? [];
  if (typeof id !== "string" || (typeof passwordHash !== "string" && passwordHash !== null)) {
    throw wrong("sessionStamp needs { id: string, passwordHash: string | null }");
  }
  return encodeBase64urlNoPadding(sha256(encoded(SESSION_PREFIX, id, passwordHash ?? "")));
}

const SESSION_PREFIX = utf8("relatch/v1/session\0");
