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
  /** Default: counts in this process. */
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

// By client and account together, so that nobody can lock out somebody else. Then by client alone.
const ATTEMPTS_PER_ACCOUNT = { max: 10, window: new TimeSpan(15, "m") };
const ATTEMPTS_PER_CLIENT = { max: 50, window: new TimeSpan(15, "m") };
const MAX_PASSWORD_LENGTH = 4096;

/** Checks passwords. Guessing is slowed down, and an unknown address takes as long as a known one. */
export function signIn({ users, hasher, rateLimiter = memoryRateLimiter() }: SignInOptions) {
  // The hash that a password is compared with if the address is unknown.
  let nobodysHash: string | undefined;

  async function limit(client: string, account: string) {
    // The client first, because a refused one must not fill the limiter with accounts.
    const byClient = await rateLimiter.consume(keyOf(client), ATTEMPTS_PER_CLIENT);
    return byClient.allowed ? await rateLimiter.consume(keyOf(client, account), ATTEMPTS_PER_ACCOUNT) : byClient;
  }

  async function authenticate(email: string, password: unknown): Promise<ResetUser | undefined> {
    if (typeof password !== "string" || password.length > MAX_PASSWORD_LENGTH) return undefined;
    // Created with the first attempt, also for a known address. Workers have no randomness before a request.
    nobodysHash ??= await hasher.hash(crypto.randomUUID());
    const user = await users.findByEmail(email);
    const matches = await hasher.verify(user?.passwordHash ?? nobodysHash, password);
    return matches && user?.resetAllowed ? user : undefined;
  }

  return async ({ email, password, ip }: Attempt): Promise<SignInResult> => {
    const account = canonicalEmail(email) ?? "";
    const { allowed, retryAfterSeconds } = await limit(clientKey(ip) ?? "unknown", account);
    if (!allowed) return { ok: false, reason: "throttled", retryAfterSeconds };
    const user = await authenticate(account, password);
    return user ? { ok: true, user } : { ok: false, reason: "refused" };
  };
}

/** Hashes the address, because a limiter may keep its keys in a store. */
const keyOf = (...parts: string[]): string =>
  `sign-in ${encodeHexLowerCase(sha256(new TextEncoder().encode(parts.join("\0"))))}`;
