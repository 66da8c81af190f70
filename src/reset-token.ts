import { hmac } from "@oslojs/crypto/hmac";
import { SHA256, sha256 } from "@oslojs/crypto/sha2";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { type Account, boundState } from "./account.ts";
import { encoded, randomBytes, sameDigest, utf8 } from "./bytes.ts";
import type { CheckedTokenStore } from "./ports.ts";
import type { Tokens } from "./tokens.ts";

/** 32 bytes in base64url without padding; the last character carries two bits that must be zero. */
const TOKEN = /^[\w-]+[AEIMQUYcgkosw048]$/;

const TOKEN_PREFIX = utf8("relatch/v1/token\0");
const FINGERPRINT_PREFIX = utf8("relatch/v1/fingerprint\0");

/** What is stored of a token: it finds the record, and cannot be turned back. 49 bytes in, one SHA-256 block. */
export const tokenHash = (raw: Uint8Array): string => encodeHexLowerCase(sha256(encoded(TOKEN_PREFIX, raw)));

/**
 * Binds a token to the state of an account. Keyed by the token itself: without the token nobody can compute
 * it for another account, nor test guesses about this one.
 */
export const fingerprint = (raw: Uint8Array, account: Account): string =>
  encodeHexLowerCase(hmac(SHA256, raw, boundState(FINGERPRINT_PREFIX, account)));

/** Opaque tokens: 256 random bits in the link, their digest and the account's fingerprint in the store. */
export function storedTokens(store: CheckedTokenStore): Tokens {
  return {
    // The length first: no pattern is to be led through a megabyte.
    couldBeToken: (token) => token.length === 43 && TOKEN.test(token),

    async issue(account, expiresAt) {
      const raw = randomBytes(32);
      await store.save({
        tokenHash: tokenHash(raw),
        userId: account.id,
        fingerprint: fingerprint(raw, account),
        expiresAt: new Date(expiresAt),
      });
      return encodeBase64urlNoPadding(raw);
    },

    async find(token) {
      const raw = decodeBase64urlIgnorePadding(token);
      const hash = tokenHash(raw);
      const record = await store.find(hash);
      // Compared again: a store may match loosely (case, collation, prefix).
      if (!record || !sameDigest(record.tokenHash, hash)) return undefined;
      return {
        userId: record.userId,
        expiresAt: record.expiresAt.getTime(),
        boundTo: (account) => sameDigest(record.fingerprint, fingerprint(raw, account)),
      };
    },

    forget: (userId) => store.deleteByUser(userId),
  };
}
