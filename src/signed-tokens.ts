import { hmac } from "@oslojs/crypto/hmac";
import { SHA256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding } from "@oslojs/encoding";
import { type Account, boundState } from "./account.ts";
import { encoded, utf8 } from "./bytes.ts";
import { wrong } from "./checks.ts";
import { attempt, ownFields } from "./fields.ts";
import type { Tokens } from "./tokens.ts";

/** Tokens without a table, for the `tokens` option. Made by {@link signedTokens}; opaque to the application. */
export interface SignedTokens {
  readonly kind: "signed";
  /** @internal */
  readonly tokens: Tokens;
}

/** Options of {@link signedTokens}. */
export interface SignedTokensOptions {
  /**
   * 1 to 5 distinct keys of at least 32 random bytes. The first one signs, all of them verify. To rotate in a
   * rolling deployment: append the new key everywhere, then move it first, then drop the old one when the
   * longest token lifetime has passed.
   *
   * Who holds a key cannot make a link for an account that has a password: its hash is bound in. Where
   * `setFirstPasswordHash` is offered, they can for the others: there is nothing secret in their state.
   */
  keys: readonly Uint8Array[];
}

const BIND_PREFIX = /* @__PURE__ */ utf8("relatch/v1/bind\0");
const SIGNED_PREFIX = /* @__PURE__ */ utf8("relatch/v1/signed\0");
const VERSION = 1;
const BIND_BYTES = 16;
const MAC_BYTES = 32;
const HEADER_BYTES = 1 + 6 + BIND_BYTES;
const MAX_ID_BYTES = 128;
const MIN_TEXT = Math.ceil(((HEADER_BYTES + 1 + MAC_BYTES) * 4) / 3);
const MAX_TEXT = Math.ceil(((HEADER_BYTES + MAX_ID_BYTES + MAC_BYTES) * 4) / 3);

/** base64url without padding, the unused bits of the last character zero: one spelling for the same bytes. */
const CANONICAL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$/;

/**
 * Tokens that carry their own proof, so that nothing is stored: expiry, a binding to the account's state and
 * the account's id, under HMAC-SHA-256. Still single-use, because setting the password changes the state they
 * are bound to. What is given up: several links of one user are live at once, until one of them is used or
 * each expires, and `revokeTokens` is not possible.
 *
 * Two stages: the signature is checked before any look-up, so that a forged token costs no query.
 *
 * @throws RelatchError `ERR_OPTIONS` for no key, too many, short or repeated ones.
 */
export function signedTokens(options: SignedTokensOptions): SignedTokens {
  const keys = checkedKeys(ownFields(options)["keys"]);
  const [signingKey] = keys;
  const tokens: Tokens = {
    couldBeToken: (token) => token.length >= MIN_TEXT && token.length <= MAX_TEXT && CANONICAL.test(token),

    async issue(account, expiresAt) {
      const body = encoded(
        Uint8Array.of(VERSION),
        u48be(expiresAt),
        bind(signingKey, account),
        utf8(account.id), // 1 to 128 bytes, as every account's id
      );
      return encodeBase64urlNoPadding(encoded(body, mac(signingKey, body)));
    },

    async find(token) {
      const bytes = decodeBase64urlIgnorePadding(token);
      const body = bytes.subarray(0, -MAC_BYTES);
      const signature = bytes.subarray(-MAC_BYTES);
      const key = keys.find((candidate) => constantTimeEqual(mac(candidate, body), signature));
      if (!key || body[0] !== VERSION) return undefined;
      const view = new DataView(body.buffer, body.byteOffset);
      const bound = body.subarray(7, HEADER_BYTES);
      return {
        userId: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body.subarray(HEADER_BYTES)),
        expiresAt: view.getUint16(1) * 2 ** 32 + view.getUint32(3),
        boundTo: (account) => constantTimeEqual(bind(key, account), bound),
      };
    },
  };
  return Object.freeze({ kind: "signed", tokens });
}

const bind = (key: Uint8Array, account: Account): Uint8Array =>
  hmac(SHA256, key, boundState(BIND_PREFIX, account)).subarray(0, BIND_BYTES);

const mac = (key: Uint8Array, body: Uint8Array): Uint8Array =>
  hmac(SHA256, key, encoded(SIGNED_PREFIX, body));

function u48be(value: number): Uint8Array {
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(value / 2 ** 32));
  view.setUint32(2, value % 2 ** 32);
  return bytes;
}

function checkedKeys(keys: unknown): [Uint8Array, ...Uint8Array[]] {
  const refuse = (message: string): never => {
    throw wrong(`signedTokens: ${message}`);
  };
  const given = attempt(() => (Array.isArray(keys) && keys.length <= 5 ? [...keys] : [])) ?? [];
  if (given.length === 0) return refuse("give keys: [key], 1 to 5 of them, the signing one first");
  const copies = given.map((key: unknown) => {
    const isKey = () => key instanceof Uint8Array && key.length >= 32 && key.some((byte) => byte !== 0);
    const copy = attempt(() => (isKey() ? Uint8Array.from(key as Uint8Array) : undefined));
    return (
      copy ??
      refuse("a key is a Uint8Array of at least 32 random bytes: crypto.getRandomValues(new Uint8Array(32))")
    );
  });
  const distinct = new Set(copies.map((key) => encodeBase64urlNoPadding(key)));
  if (distinct.size < copies.length) refuse("the same key stands in keys twice");
  return copies as [Uint8Array, ...Uint8Array[]];
}
