// @ts-check
// A reset as people write it themselves, after the chapter "Password reset" of the Copenhagen Book: tokens stored by
// their SHA-256, one valid token per user, single use because the handler deletes it, all sessions ended.
import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { resetMail } from "./mail.mjs";

/** @typedef {import("./subjects.mjs").Subject} Subject */
/** @typedef {ReturnType<typeof statements>} Statements */

const HOUR = 60 * 60 * 1000;

/**
 * On the tables that relatch has here, prepared once.
 *
 * @param {import("libsql").Database} db
 */
export function statements(db) {
  const userByEmail = db.prepare("SELECT id, email FROM users WHERE email = ?");
  const deleteTokens = db.prepare("DELETE FROM tokens WHERE user_id = ?");
  const insertToken = db.prepare(
    "INSERT INTO tokens (user_id, token_hash, fingerprint, expires_at) VALUES (?, ?, '', ?)",
  );
  const findToken = db.prepare("SELECT user_id AS userId, expires_at AS expiresAt FROM tokens WHERE token_hash = ?");
  const deleteToken = db.prepare("DELETE FROM tokens WHERE token_hash = ?");
  const deleteSessions = db.prepare("DELETE FROM sessions WHERE user_id = ?");
  const setPassword = db.prepare("UPDATE users SET password_hash = ? WHERE id = ?");
  return {
    userByEmail: (/** @type {string} */ email) =>
      /** @type {{ id: string, email: string } | undefined} */ (userByEmail.get(email)),
    deleteTokens: (/** @type {string} */ userId) => void deleteTokens.run(userId),
    insertToken: (/** @type {string} */ userId, /** @type {string} */ tokenHash, /** @type {number} */ expiresAt) =>
      void insertToken.run(userId, tokenHash, expiresAt),
    findToken: (/** @type {string} */ tokenHash) =>
      /** @type {{ userId: string, expiresAt: number } | undefined} */ (findToken.get(tokenHash)),
    deleteToken: (/** @type {string} */ tokenHash) => deleteToken.run(tokenHash).changes === 1,
    deleteSessions: (/** @type {string} */ userId) => void deleteSessions.run(userId),
    setPassword: (/** @type {string} */ userId, /** @type {string} */ passwordHash) =>
      void setPassword.run(passwordHash, userId),
  };
}

/**
 * @param {{ [Name in keyof Statements]: (...given: Parameters<Statements[Name]>) =>
 *   ReturnType<Statements[Name]> | Promise<ReturnType<Statements[Name]>> }} db
 * @param {(password: string) => Promise<string>} hash
 * @returns {Subject}
 */
export function handWritten(db, hash) {
  const digest = (/** @type {string} */ token) => encodeHexLowerCase(sha256(new TextEncoder().encode(token)));
  /** @type {import("./mail.mjs").Mail | undefined} */
  let lastMail;

  /** @param {string} token */
  async function find(token) {
    const tokenHash = digest(token);
    const record = await db.findToken(tokenHash);
    return record && record.expiresAt > Date.now() ? { tokenHash, userId: record.userId } : undefined;
  }

  return {
    async request(email) {
      const user = await db.userByEmail(email);
      if (user) {
        await db.deleteTokens(user.id);
        const token = encodeBase64urlNoPadding(crypto.getRandomValues(new Uint8Array(32)));
        await db.insertToken(user.id, digest(token), Date.now() + HOUR);
        lastMail = resetMail(user.email, `https://app.example.com/reset-password/${token}`);
      }
      const mail = lastMail;
      return () => mail?.text.match(/reset-password\/(\S+)/)?.[1] ?? "no token";
    },
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
