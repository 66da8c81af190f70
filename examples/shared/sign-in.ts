import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import {
  canonicalEmail,
  clientKey,
  memoryRateLimiter,
  type PasswordHasher,
  type RateLimiter,
  type ResetUser,
  TimeSpan,
} from "relatch";
import type { AppDatabase } from "./database.ts";

export interface LoginHasher extends PasswordHasher {
  verify(hash: string, password: string): Promise<boolean>;
}

interface SignInOptions {
  users: AppDatabase["users"];
  hasher: LoginHasher;
  /** Default: counts in this process, apart from those of the reset. */
  rateLimiter?: RateLimiter | undefined;
}

/** The fields as they were typed, and the client's address. */
interface Attempt {
  email: unknown;
  password: unknown;
  ip: string | undefined;
}

type SignInResult =
  | { ok: true; user: ResetUser }
  | { ok: false; reason: "refused" }
  | { ok: false; reason: "throttled"; retryAfterSeconds: number };

// By client and account together, so that nobody can lock out somebody else. Then by client alone, and by its /48.
const ATTEMPTS_PER_ACCOUNT = { max: 10, window: new TimeSpan(15, "m") };
const ATTEMPTS_PER_CLIENT = { max: 50, window: new TimeSpan(15, "m") };
const ATTEMPTS_PER_NETWORK = { max: 500, window: new TimeSpan(15, "m") };
const MAX_PASSWORD_LENGTH = 4096;

/** Checks passwords. Guessing is slowed down, and an unknown address takes as long as a known one. */
export function signIn({ users, hasher, rateLimiter = memoryRateLimiter() }: SignInOptions) {
  // The hash that a password is compared with if the address is unknown.
  let nobodysHash: string | undefined;

  async function limit(ip: string | undefined, account: string) {
    // The widest count first, because a refused attempt must not fill the limiter with narrower ones.
    const network = networkOf(ip);
    if (network !== undefined) {
      const byNetwork = await rateLimiter.consume(keyOf("network", network), ATTEMPTS_PER_NETWORK);
      if (!byNetwork.allowed) return byNetwork;
    }
    const client = clientKey(ip) ?? "unknown";
    const byClient = await rateLimiter.consume(keyOf("client", client), ATTEMPTS_PER_CLIENT);
    if (byClient.allowed) return await rateLimiter.consume(keyOf("client", client, account), ATTEMPTS_PER_ACCOUNT);
    // A client that goes on must not use up the attempts of its neighbors.
    if (network !== undefined) await rateLimiter.refund?.(keyOf("network", network), ATTEMPTS_PER_NETWORK);
    return byClient;
  }

  async function authenticate(email: string, password: string): Promise<ResetUser | undefined> {
    // Created with the first attempt, also for a known address. Workers have no randomness before a request.
    nobodysHash ??= await hasher.hash(crypto.randomUUID());
    const user = await users.findByEmail(email);
    const matches = await hasher.verify(user?.passwordHash ?? nobodysHash, password);
    return matches && user?.resetAllowed ? user : undefined;
  }

  return async ({ email, password, ip }: Attempt): Promise<SignInResult> => {
    // Before anything is counted, because no hash is computed for it: such attempts would fill the limiter for free.
    if (typeof password !== "string" || password.length > MAX_PASSWORD_LENGTH) return { ok: false, reason: "refused" };
    const account = canonicalEmail(email) ?? "";
    const { allowed, retryAfterSeconds } = await limit(ip, account);
    if (!allowed) return { ok: false, reason: "throttled", retryAfterSeconds };
    const user = await authenticate(account, password);
    return user ? { ok: true, user } : { ok: false, reason: "refused" };
  };
}

/**
 * Returns what the first 48 bits of a public IPv6 address are counted by, because one host may have 65,536 networks of /64.
 * `clientKey` accepts every spelling of an address.
 */
function networkOf(ip: string | undefined): string | undefined {
  const start = /^[23][0-9a-f]{3}:(?:[0-9a-f]{1,4}:){0,2}/i.exec(ip ?? "")?.[0];
  return start && clientKey(ip) && clientKey(`${start}:`);
}

/**
 * Hashes the address, because a limiter may keep its keys in a store. `client:` and `network:` at the start let a full
 * limiter forget the oldest counts. Otherwise it would make everybody share some.
 */
const keyOf = (kind: "client" | "network", ...parts: string[]): string =>
  `${kind}:${encodeHexLowerCase(sha256(new TextEncoder().encode(["sign-in", ...parts].join("\0"))))}`;
