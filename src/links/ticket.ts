import { hmac } from "@oslojs/crypto/hmac";
import { SHA256, sha256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { bigEndian, concatBytes, randomBytes, readBigEndian, utf8 } from "../lib/bytes.ts";
import { encodeTenant } from "../lib/tenants.ts";
import { readSafely } from "../lib/untrusted-input.ts";

/** The client's half of a code: anyone who has only the code, or only the ticket, can open nothing. */
export interface Ticket {
  /** Names the ticket without giving it away: 64 lower-case hexadecimal digits. */
  digest: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** The key that the ticket was signed with. The code depends on it. */
  key: Uint8Array;
}

const TICKET_PREFIX = utf8("relatch/v2/ticket\0");
const DIGEST_PREFIX = utf8("relatch/v2/ticket-digest\0");
const VERSION = 1;
const RANDOM_BYTES = 32;
/** Version, random bytes, expiry. */
const BODY_BYTES = 1 + RANDOM_BYTES + 6;
/** Body and MAC, in base64url without padding. */
const LENGTH = 95;
/** No ticket is issued for longer than 15 minutes; two clocks of one deployment may differ by 5 minutes. */
export const MAX_TICKET_LIFETIME = 20 * 60 * 1000;

/** Creates a ticket that is valid until `expiresAt`, a whole second in milliseconds since the epoch. */
export function createTicket(
  key: Uint8Array,
  expiresAt: number,
  tenant: string | undefined,
): { ticket: string; digest: string } {
  const random = randomBytes(RANDOM_BYTES);
  const body = concatBytes(Uint8Array.of(VERSION), random, bigEndian(expiresAt, 6));
  return {
    ticket: encodeBase64urlNoPadding(concatBytes(body, sign(key, body, tenant))),
    digest: computeDigest(random),
  };
}

/** Reads a ticket as it arrived, whether or not it has expired. Junk costs no query. */
export function readTicket(
  keys: readonly Uint8Array[],
  text: unknown,
  tenant: string | undefined,
  now: number,
): Ticket | undefined {
  if (typeof text !== "string" || text.length !== LENGTH) return undefined;
  const bytes = readSafely(() => decodeBase64urlIgnorePadding(text));
  // Encoded again, so that no ticket has a second spelling.
  if (!bytes || encodeBase64urlNoPadding(bytes) !== text || bytes[0] !== VERSION) return undefined;
  const [body, mac] = [bytes.subarray(0, BODY_BYTES), bytes.subarray(BODY_BYTES)];
  const key = keys.find((each) => constantTimeEqual(sign(each, body, tenant), mac));
  const expiresAt = readBigEndian(body.subarray(1 + RANDOM_BYTES));
  if (!key || expiresAt > now + MAX_TICKET_LIFETIME) return undefined;
  return { digest: computeDigest(body.subarray(1, 1 + RANDOM_BYTES)), expiresAt, key };
}

const computeDigest = (random: Uint8Array): string => encodeHexLowerCase(sha256(concatBytes(DIGEST_PREFIX, random)));

/** A ticket of one tenant is not valid for another. */
const sign = (key: Uint8Array, body: Uint8Array, tenant: string | undefined): Uint8Array =>
  hmac(SHA256, key, concatBytes(TICKET_PREFIX, body, encodeTenant(tenant)));
