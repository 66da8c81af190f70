// @ts-check
// A reset as people write it themselves, after the chapter "Password reset" of the Copenhagen Book: tokens stored by
// their SHA-256, one valid token per user, single use because the handler deletes it, all sessions ended.
import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { resetMail } from "./mail.mjs";

/** @typedef {import("./subjects.mjs").Subject} Subject */

/**
 * @typedef {object} Statements
 * @property {(email: string) => Promise<{ id: string, email: string } | undefined>} userByEmail
 * @property {(userId: string) => Promise<void>} deleteTokens
 * @property {(userId: string, tokenHash: string, expiresAt: number) => Promise<void>} insertToken
 * @property {(tokenHash: string) => Promise<{ userId: string, expiresAt: number } | undefined>} findToken
 * @property {(tokenHash: string) => Promise<boolean>} deleteToken
 * @property {(userId: string) => Promise<void>} deleteSessions
 * @property {(userId: string, passwordHash: string) => Promise<void>} setPassword
 */

const HOUR = 60 * 60 * 1000;

/**
 * @param {Statements} db
 * @param {(password: string) => Promise<string>} hash
 * @returns {Subject}
 */
export function handWritten(db, hash) {
  const digest = (/** @type {string} */ token) => encodeHexLowerCase(sha256(new TextEncoder().encode(token)));
  /** @type {Map<string, import("./mail.mjs").Mail>} */
  const mails = new Map();

  /** @param {string} token */
  async function find(token) {
    const tokenHash = digest(token);
    const record = await db.findToken(tokenHash);
    return record && record.expiresAt > Date.now() ? { tokenHash, userId: record.userId } : undefined;
  }

  return {
    async request(email) {
      const user = await db.userByEmail(email);
      if (!user) return;
      await db.deleteTokens(user.id);
      const token = encodeBase64urlNoPadding(crypto.getRandomValues(new Uint8Array(32)));
      await db.insertToken(user.id, digest(token), Date.now() + HOUR);
      mails.set(email, resetMail(user.email, `https://app.example.com/reset-password/${token}`));
    },
    tokenOf: (email) => mails.get(email)?.text.match(/reset-password\/(\S+)/)?.[1] ?? "no token",
    verify: async (token) => (await find(token)) !== undefined,
    async complete(token, password) {
      if (password.length < 8) return false;
      const record = await find(token);
      if (!record) return false;
      const passwordHash = await hash(password);
      // Of two with the same token, one deletes it.
      if (!(await db.deleteToken(record.tokenHash))) return false;
      await db.deleteSessions(record.userId);
      await db.setPassword(record.userId, passwordHash);
      return true;
    },
    settle: async () => {},
  };
}
