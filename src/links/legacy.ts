import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { byteLength, encodeParts, utf8 } from "../lib/bytes.ts";
import { canonicalEmail } from "../lib/email-address.ts";
import { describeType } from "../lib/shape.ts";
import { CLOCK_SKEW } from "../lib/time.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import { type Calls, callPort, isWrongReturn, mustReturn, type Port } from "../ports/calls.ts";
import type { LegacyTokens } from "../ports/contract.ts";
import type { Claim, LinkScheme } from "./scheme.ts";
import { MAX_LIFETIME } from "./stored.ts";

/** Longest token of an older flow, in characters. */
const MAX_LENGTH = 512;
const ID_PREFIX = utf8("relatch/v2/legacy\0");

// Without `input`: these are told the token, so the text of what they throw must not be printed.
const FIND: Port = { code: "ERR_TOKEN_STORE", name: "legacyTokens.find" };
const SPEND: Port = { code: "ERR_TOKEN_STORE", name: "legacyTokens.spend" };

/**
 * Adds the links of an older flow to a scheme, until the last of them has expired. Such links are bound to nothing, so the
 * user's old links are revoked before every commit, also before that of a new link.
 */
export function withLegacyTokens(
  calls: Calls,
  scheme: LinkScheme,
  legacy: LegacyTokens,
  { now, onlyNewest }: { now: () => Date; onlyNewest: boolean },
): LinkScheme {
  const until = legacy.until.getTime();
  const isOver = () => now().getTime() >= until;

  async function findToken(token: string): Promise<FoundToken | undefined> {
    if (isOver()) return undefined;
    const find = () => legacy.find(token);
    return refuseWrongReturn(callPort(calls, FIND, find, (returned) => readToken(returned, now().getTime())));
  }

  const spendToken = (token: string): Promise<boolean | undefined> =>
    refuseWrongReturn(callPort(calls, SPEND, () => legacy.spend(token), readSpent));

  async function revoke(userId: string): Promise<void> {
    // The clock of another process, which still accepts old links, may be slow.
    if (now().getTime() >= until + CLOCK_SKEW) return;
    const port: Port = { code: "ERR_TOKEN_STORE", name: "legacyTokens.revoke", input: [userId] };
    await callPort(calls, port, () => legacy.revoke(userId));
  }

  const toClaim = (token: string, { userId, email, expiresAt }: FoundToken): Claim => ({
    // Without the token, because a database that ignores its case would count each spelling apart.
    id: encodeHexLowerCase(sha256(encodeParts(ID_PREFIX, userId, String(expiresAt)))),
    userId,
    expiresAt: Math.min(expiresAt, until),
    isBoundTo: (account) => email === undefined || isSameAddress(email, account.email),
    // `spend` comes first and finds out.
    isRevoked: async () => false,
    async spend() {
      // Found again now that the account is known: so a revocation wins, and an old token that signs the password hash
      // signs the hash that the commit expects.
      const found = await findToken(token);
      return found?.userId === userId && (await spendToken(token)) === true;
    },
  });

  const revokingOldLinks = (claim: Claim): Claim => ({
    ...claim,
    async spend() {
      if (claim.spend && !(await claim.spend())) return false;
      await revoke(claim.userId);
      return true;
    },
  });

  return {
    ...scheme,
    couldBeToken: (text) => scheme.couldBeToken(text) || (!isOver() && couldBeOldToken(text)),

    async issue(account, expiresAt, origin) {
      if (onlyNewest) await revoke(account.id);
      return scheme.issue(account, expiresAt, origin);
    },

    async find(token, origin) {
      const claim = scheme.couldBeToken(token) ? await scheme.find(token, origin) : undefined;
      if (claim) return revokingOldLinks(claim);
      const found = await findToken(token);
      return found && revokingOldLinks(toClaim(token, found));
    },

    revokeLegacy: revoke,
  };
}

/** Reports whether a text could be an old token. Databases refuse some control characters with an error. */
const couldBeOldToken = (text: string): boolean =>
  text !== "" && text.length <= MAX_LENGTH && text.isWellFormed() && !/\p{Cc}/u.test(text);

const isSameAddress = (one: string, other: string): boolean => {
  const canonical = canonicalEmail(one);
  return canonical !== undefined && canonical === canonicalEmail(other);
};

/** A wrong return value was reported, and opens nothing: the link is refused like any other. */
async function refuseWrongReturn<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isWrongReturn(error)) return undefined;
    throw error;
  }
}

/** A `LegacyToken` whose every field was checked. */
interface FoundToken {
  userId: string;
  email: string | undefined;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Reads what `find` returned, each field once: it may be a proxy. */
function readToken(returned: unknown, now: number): FoundToken | undefined {
  if (returned === null || returned === undefined) return undefined;
  const refuse = (expected: string, value: unknown, fix: string): never => {
    throw mustReturn(FIND, expected, describe(value), fix);
  };
  if (typeof returned !== "object" || Array.isArray(returned)) {
    return refuse("one token or null", returned, "Return one row, for example rows[0].");
  }
  const read = (field: string): unknown => readSafely(() => (returned as Record<string, unknown>)[field]);
  const [userId, email, expiresAt] = [read("userId"), read("email"), read("expiresAt")];
  if (typeof userId !== "string" || userId === "" || byteLength(userId) > 128 || !userId.isWellFormed()) {
    return refuse("a token whose userId is the id of an account", userId, "Use String(row.user_id).");
  }
  if (email !== undefined && typeof email !== "string") {
    return refuse("a token whose email is a string, or left out", email, "Leave it out if the token has none.");
  }
  const time = readSafely(() => Date.prototype.getTime.call(expiresAt));
  if (time === undefined || Number.isNaN(time)) {
    return refuse("a token whose expiresAt is a valid Date", expiresAt, "Use new Date(row.expires_at).");
  }
  if (time > now + MAX_LIFETIME) {
    throw mustReturn(FIND, "a token that expires within 7 days", "one that expires later");
  }
  return { userId, email, expiresAt: time };
}

function readSpent(returned: unknown): boolean {
  if (typeof returned === "boolean") return returned;
  const fix = "Return whether a row was deleted, for example result.rowCount === 1.";
  throw mustReturn(SPEND, "true or false", describe(returned), fix);
}

/** Describes a value without showing numbers: a function that was told a token may have returned it. */
const describe = (value: unknown): string => (typeof value === "number" ? "a number" : describeType(value));
