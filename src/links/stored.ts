import { hmac } from "@oslojs/crypto/hmac";
import { SHA256, sha256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { bigEndian, concatBytes, decodeDigest, isSameDigest, randomBytes, utf8 } from "../lib/bytes.ts";
import type { Account } from "../ports/account.ts";
import type { GuardedTokenStore } from "../ports/guarded.ts";
import { encodeAccountState } from "./account-state.ts";
import type { Claim, LinkScheme } from "./scheme.ts";

/** 32 bytes in base64url without padding. The last character carries two bits that must be zero. */
const TOKEN = /^[\w-]+[AEIMQUYcgkosw048]$/;

const TOKEN_PREFIX = utf8("relatch/v2/token\0");
const FINGERPRINT_PREFIX = utf8("relatch/v2/fingerprint\0");
const SEAL_PREFIX = utf8("relatch/v2/sealed\0");

/** No link is issued for longer than 7 days; two clocks of one deployment may differ by 5 minutes. */
export const MAX_LIFETIME = 7 * 24 * 60 * 60 * 1000 + 5 * 60 * 1000;

/** Hashes a token for the store. The hash finds the record and cannot be turned back into the token. */
export const hashToken = (raw: Uint8Array): string => encodeHexLowerCase(sha256(concatBytes(TOKEN_PREFIX, raw)));

/**
 * Binds a token to its expiry and to the state of an account. The key is the token itself, so without the token nobody can
 * compute the fingerprint for another account or another expiry, or test guesses about this account.
 */
export const computeFingerprint = (raw: Uint8Array, expiresAt: number, account: Account): Uint8Array =>
  hmac(SHA256, raw, concatBytes(FINGERPRINT_PREFIX, bigEndian(expiresAt, 6), encodeAccountState(account)));

/** Seals a fingerprint with a key of the application, so that writing the store is not enough to forge a record. */
export const sealFingerprint = (key: Uint8Array, fingerprint: Uint8Array): Uint8Array =>
  hmac(SHA256, key, concatBytes(SEAL_PREFIX, fingerprint));

/** Links with 256 random bits, of which a digest and the fingerprint of the account are stored. */
export function storedLinks(
  store: GuardedTokenStore,
  { keys, onlyNewest, now }: { keys: readonly Uint8Array[]; onlyNewest: boolean; now: () => Date },
): LinkScheme {
  const [signingKey] = keys;

  async function save(raw: Uint8Array, account: Account, expiresAt: number): Promise<void> {
    const fingerprint = computeFingerprint(raw, expiresAt, account);
    await store.save({
      tokenHash: hashToken(raw),
      userId: account.id,
      fingerprint: encodeHexLowerCase(signingKey ? sealFingerprint(signingKey, fingerprint) : fingerprint),
      expiresAt: new Date(expiresAt),
    });
  }

  async function find(raw: Uint8Array): Promise<Claim | undefined> {
    const tokenHash = hashToken(raw);
    // Compared again, because a store may match loosely (case, collation, prefix).
    const findRecord = async () => {
      const record = await store.find(tokenHash);
      return record && isSameDigest(record.tokenHash, tokenHash) ? record : undefined;
    };
    const record = await findRecord();
    const expiresAt = record?.expiresAt.getTime() ?? Number.NaN;
    if (!record || !(expiresAt <= now().getTime() + MAX_LIFETIME)) return undefined;
    const stored = decodeDigest(record.fingerprint);
    return {
      id: tokenHash,
      userId: record.userId,
      expiresAt,
      isBoundTo(account) {
        const fingerprint = computeFingerprint(raw, expiresAt, account);
        const candidates = keys.length === 0 ? [fingerprint] : keys.map((key) => sealFingerprint(key, fingerprint));
        return candidates.some((candidate) => constantTimeEqual(candidate, stored));
      },
      isRevoked: async () => (await findRecord()) === undefined,
    };
  }

  return {
    // The length first, so that no pattern runs over a megabyte.
    couldBeToken: (text) => text.length === 43 && TOKEN.test(text),

    async issue(account, expiresAt) {
      const raw = randomBytes(32);
      if (onlyNewest) await store.deleteByUser(account.id);
      await save(raw, account, expiresAt);
      return encodeBase64urlNoPadding(raw);
    },

    find: (token) => find(decodeBase64urlIgnorePadding(token)),
    codes: { issue: save, find },
    revoke: (userId) => store.deleteByUser(userId),
  };
}
