import { concatBytes, encodeParts } from "../lib/bytes.ts";
import type { Account } from "../ports/account.ts";

/**
 * Encodes the state of an account that a link is bound to: id, address on file, password hash, tenant. If any of them
 * changes, every link is invalid. Two different accounts never give the same bytes.
 */
export function encodeAccountState({ id, email, passwordHash, tenant }: Account): Uint8Array {
  const password = passwordHash === null ? NO_PASSWORD : concatBytes(PASSWORD, encodeParts(passwordHash));
  return encodeParts(id, email, password, tenant);
}

const NO_PASSWORD = Uint8Array.of(0);
const PASSWORD = Uint8Array.of(1);
