import { scrypt } from "node:crypto";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64IgnorePadding, encodeBase64NoPadding } from "@oslojs/encoding";
import type { LoginHasher } from "../shared/sign-in.ts";

interface Cost {
  /** Base-2 logarithm of the CPU and memory cost. */
  ln: number;
  /** Block size: memory is 128 · 2^ln · r bytes. */
  r: number;
  /** How many times, one after the other, in the same memory. */
  p: number;
}

// OWASP's "Password Storage" names several settings of equal strength. This one takes 16 MiB of the 128 MB that a Worker has
// for all its requests, and 0.15 s. The free plan allows 10 ms, which no setting of OWASP fits into.
const COST: Cost = { ln: 14, r: 8, p: 5 };
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const HASH = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z\d+/]+)\$([A-Za-z\d+/]+)$/;

/**
 * Hashes with scrypt (RFC 7914), computed by the runtime itself: on Workers with `nodejs_compat`, on Node, Bun and Deno. A hash
 * names its own cost (`$scrypt$ln=14,r=8,p=5$salt$key`), so the cost can be raised later.
 */
export const scryptHasher = (cost: Cost = COST): LoginHasher => ({
  async hash(password) {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const key = await derive(password, salt, cost, KEY_BYTES);
    const { ln, r, p } = cost;
    return `$scrypt$ln=${ln},r=${r},p=${p}$${encodeBase64NoPadding(salt)}$${encodeBase64NoPadding(key)}`;
  },

  async verify(hash, password) {
    const [, ln, r, p, salt, key] = HASH.exec(hash) ?? [];
    if (!salt || !key) return false;
    const expected = decodeBase64IgnorePadding(key);
    const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
    const derived = await derive(password, decodeBase64IgnorePadding(salt), cost, expected.length);
    return constantTimeEqual(derived, expected);
  },
});

const derive = (password: string, salt: Uint8Array, { ln, r, p }: Cost, length: number) =>
  new Promise<Uint8Array>((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: MAX_MEMORY_BYTES };
    // NFKC, so that a password is the same however a keyboard composes it (NIST SP 800-63B-4, section 3.1.1.2).
    scrypt(password.normalize("NFKC"), salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
