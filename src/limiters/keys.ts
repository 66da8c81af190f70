import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { encodeParts, utf8 } from "../lib/bytes.ts";
import { parseIpAddress } from "../lib/ip-address.ts";
import { encodeTenant } from "../lib/tenants.ts";

const LIMIT_PREFIX = utf8("relatch/v2/limit\0");

/**
 * Returns a key in lower case, because some stores ignore the case of their keys. It contains a digest, so that a
 * shared limiter's store learns neither addresses nor tenants.
 */
function createKey(kind: KeyKind, value: string, tenant?: string): string {
  return `${kind}:${encodeHexLowerCase(sha256(encodeParts(LIMIT_PREFIX, kind, value, encodeTenant(tenant))))}`;
}

type KeyKind =
  | "client"
  | "network"
  | "address"
  | "code_request"
  | "ticket"
  | "ticket_codes"
  | "factor_link"
  | "factor_account";

/** Returns the key of the address limit. */
export const addressKey = (email: string, tenant: string | undefined): string => createKey("address", email, tenant);

/** Returns the key under which the requests of an address for a code are counted. */
export const codeRequestKey = (email: string, tenant: string | undefined): string =>
  createKey("code_request", email, tenant);

/** Returns the keys of a ticket, under which the attempts at its code are counted, and the codes issued for it. */
export const ticketKeys = (ticketDigest: string, tenant: string | undefined): { attempts: string; codes: string } => ({
  attempts: createKey("ticket", ticketDigest, tenant),
  codes: createKey("ticket_codes", ticketDigest, tenant),
});

/** Returns the keys under which the attempts at a second factor are counted: of the link, and of the account. */
export const factorKeys = (linkId: string, userId: string): { link: string; account: string } => ({
  link: createKey("factor_link", linkId),
  account: createKey("factor_account", userId),
});

/**
 * Returns the key of the client limit: of an IPv4 address as it is, or of the /64 of an IPv6 address, which one
 * customer has. IPv4 inside IPv6 (mapped, RFC 4291 §2.5.5.2; NAT64, RFC 6052 §2.1) counts as IPv4. Returns `undefined`
 * if `ip` is not an IP literal, because a spoofed header with other text in it must not get its own count.
 *
 * @example
 * clientKey("192.0.2.7") === clientKey("::ffff:192.0.2.7"); // true
 * clientKey("unknown"); // undefined
 */
export const clientKey = (ip: unknown): string | undefined => clientKeys(ip)?.[0]?.key;

/**
 * Returns the keys of all client limits, and by which factor a limit is larger: an IPv6 client also counts by its /48,
 * because one host may have 65,536 networks of /64, with ten times the units.
 */
export function clientKeys(ip: unknown): { key: string; factor: number }[] | undefined {
  const client = parseClient(ip);
  if (!client) return undefined;
  const keys = [{ key: createKey("client", client.address), factor: 1 }];
  if (client.network) keys.push({ key: createKey("network", client.network), factor: 10 });
  return keys;
}

function parseClient(ip: unknown): { address: string; network?: string } | undefined {
  const address = parseIpAddress(ip);
  if (!address) return undefined;
  if (address.length === 4) return { address: address.join(".") };
  const prefix = (length: number) => `${address.slice(0, length / 16).join(":")}/${length}`;
  return { address: prefix(64), network: prefix(48) };
}
