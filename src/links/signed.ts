import { hmac } from "@oslojs/crypto/hmac";
import { SHA256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding } from "@oslojs/encoding";
import { bigEndian, concatBytes, encodeParts, readBigEndian, utf8 } from "../lib/bytes.ts";
import type { Keys } from "../lib/keys.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Account } from "../ports/account.ts";
import { encodeAccountState } from "./account-state.ts";
import type { LinkScheme } from "./scheme.ts";

/** Tokens without a table, for the `tokens` option. Made by {@link signedTokens}; opaque to the application. */
export interface SignedTokens {
  /** Tells signed tokens from a store. */
  readonly kind: "signed";
}

/**
 * Chooses links that carry their own proof, so that nothing is stored: expiry, a binding to the state of the account, and
 * the id of the account, under HMAC-SHA-256 with the option `keys`. They still work only once, because setting the
 * password changes the state that they are bound to. The price: `revokeTokens` is not possible, and users
 * cannot offer `setFirstPasswordHash`, because its link would work again if the password was removed.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, tokens: signedTokens(), keys: [key] });
 */
export const signedTokens = (): SignedTokens => Object.freeze({ kind: "signed" });

const BIND_PREFIX = utf8("relatch/v2/bind\0");
const SIGNED_PREFIX = utf8("relatch/v2/signed\0");
const VERSION = 2;
const BIND_BYTES = 16;
const MAC_BYTES = 32;
/** Version, expiry, binding, length of the id. */
const HEADER_BYTES = 1 + 6 + BIND_BYTES + 1;
const MIN_LENGTH = 78;
const MAX_LENGTH = 246;

/**
 * Links in the form body ‖ mac ‖ pad. The body is version, expiry, binding, the length of the id and the id. The pad is one
 * zero byte where base64url would otherwise end on any of its characters: so a token always ends in a letter or a digit,
 * and no email program leaves its last character out of the link. The mac is checked before any query.
 */
export function signedLinks(keys: Keys): LinkScheme {
  const [signingKey] = keys;
  return {
    couldBeToken: (text) => text.length >= MIN_LENGTH && text.length <= MAX_LENGTH && /^[\w-]+$/.test(text),

    async issue(account, expiresAt, origin) {
      const id = utf8(account.id); // 1 to 128 bytes, as for every account
      const body = concatBytes(
        Uint8Array.of(VERSION),
        bigEndian(expiresAt, 6),
        bind(signingKey, origin, account),
        Uint8Array.of(id.length),
        id,
      );
      return encode(body, sign(signingKey, origin, body));
    },

    async find(token, origin) {
      const parts = decode(token);
      const key = parts && keys.find((each) => constantTimeEqual(sign(each, origin, parts.body), parts.mac));
      if (!key || parts.body[0] !== VERSION) return undefined;
      const { body } = parts;
      return {
        id: encodeBase64urlNoPadding(parts.mac),
        userId: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body.subarray(HEADER_BYTES)),
        expiresAt: readBigEndian(body.subarray(1, 7)),
        isBoundTo: (account) => constantTimeEqual(bind(key, origin, account), body.subarray(7, 7 + BIND_BYTES)),
        isRevoked: async () => false,
      };
    },
  };
}

const encode = (body: Uint8Array, mac: Uint8Array): string => {
  const pad = new Uint8Array((body.length + mac.length) % 3 === 0 ? 1 : 0);
  return encodeBase64urlNoPadding(concatBytes(body, mac, pad));
};

/** Takes a token apart. Returns `undefined` unless the parts, put together again, give exactly the same token. */
function decode(token: string): { body: Uint8Array; mac: Uint8Array } | undefined {
  const bytes = readSafely(() => decodeBase64urlIgnorePadding(token));
  if (!bytes || bytes.length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + (bytes[HEADER_BYTES - 1] ?? 0);
  const body = bytes.subarray(0, end);
  const mac = bytes.subarray(end, end + MAC_BYTES);
  return mac.length === MAC_BYTES && encode(body, mac) === token ? { body, mac } : undefined;
}

const bind = (key: Uint8Array, origin: string, account: Account): Uint8Array =>
  hmac(SHA256, key, concatBytes(BIND_PREFIX, encodeParts(origin), encodeAccountState(account))).subarray(0, BIND_BYTES);

const sign = (key: Uint8Array, origin: string, body: Uint8Array): Uint8Array =>
  hmac(SHA256, key, concatBytes(SIGNED_PREFIX, encodeParts(origin), body));
