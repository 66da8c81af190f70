import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { encodeParts, utf8 } from "../lib/bytes.ts";
import { describeType, optionError } from "../lib/shape.ts";

const SESSION_PREFIX = utf8("relatch/v1/session\0");

/**
 * Returns a short public name of "this account with this password", 43 characters. Put it into the session (or the JWT) at
 * sign-in and compare it on every request: then a sign-in that was in flight during a reset cannot outlive the reset. A
 * sign-in that rehashes the password must stamp the session anew. If hashes have no salt, guesses of the password can be tested against it; otherwise it reveals nothing.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `id` or `passwordHash` is missing.
 * @example
 * session.stamp = sessionStamp({ id: user.id, passwordHash: user.passwordHash }); // at sign-in
 * const owner = await users.findById(session.userId); // on every request
 * const isAlive = owner ? session.stamp === sessionStamp(owner) : false;
 */
export function sessionStamp(user: { id: string; passwordHash: string | null }): string {
  const { id, passwordHash } = user ?? {};
  if (typeof id !== "string" || (typeof passwordHash !== "string" && passwordHash !== null)) {
    throw optionError(
      `sessionStamp must be given an account with id (a string) and passwordHash (a string or null), received ${describeType(id)} and ${describeType(passwordHash)}. ` +
        "Example: sessionStamp({ id: String(row.id), passwordHash: row.password_hash }).",
    );
  }
  return encodeBase64urlNoPadding(sha256(encodeParts(SESSION_PREFIX, id, passwordHash ?? "")));
}
