// @ts-check
// The statements of the hand-written flow, on the tables that relatch has here.

/** @typedef {import("./hand-written.mjs").Statements} Statements */
/** @typedef {{ id: string, email: string }} User */
/** @typedef {{ userId: string, expiresAt: number }} Token */

/**
 * @param {import("libsql").Database} db
 * @returns {Statements}
 */
export function sqliteStatements(db) {
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
    userByEmail: async (email) => /** @type {User | undefined} */ (userByEmail.get(email)),
    deleteTokens: async (userId) => void deleteTokens.run(userId),
    insertToken: async (userId, tokenHash, expiresAt) => void insertToken.run(userId, tokenHash, expiresAt),
    findToken: async (tokenHash) => /** @type {Token | undefined} */ (findToken.get(tokenHash)),
    deleteToken: async (tokenHash) => deleteToken.run(tokenHash).changes === 1,
    deleteSessions: async (userId) => void deleteSessions.run(userId),
    setPassword: async (userId, passwordHash) => void setPassword.run(passwordHash, userId),
  };
}

/**
 * @param {(name: string, text: string, ...values: unknown[]) => Promise<import("pg").QueryResult>} query
 * @returns {Statements}
 */
export function postgresStatements(query) {
  return {
    userByEmail: async (email) => (await query("h1", "SELECT id, email FROM users WHERE email = $1", email)).rows[0],
    async deleteTokens(userId) {
      await query("h2", "DELETE FROM tokens WHERE user_id = $1", userId);
    },
    async insertToken(userId, tokenHash, expiresAt) {
      const text = "INSERT INTO tokens (user_id, token_hash, fingerprint, expires_at) VALUES ($1, $2, '', $3)";
      await query("h3", text, userId, tokenHash, expiresAt);
    },
    async findToken(tokenHash) {
      const text = `SELECT user_id AS "userId", expires_at AS "expiresAt" FROM tokens WHERE token_hash = $1`;
      const { rows } = await query("h4", text, tokenHash);
      // A bigint arrives as a string.
      return rows[0] && { userId: rows[0].userId, expiresAt: Number(rows[0].expiresAt) };
    },
    deleteToken: async (tokenHash) =>
      (await query("h5", "DELETE FROM tokens WHERE token_hash = $1", tokenHash)).rowCount === 1,
    async deleteSessions(userId) {
      await query("h6", "DELETE FROM sessions WHERE user_id = $1", userId);
    },
    async setPassword(userId, passwordHash) {
      await query("h7", "UPDATE users SET password_hash = $1 WHERE id = $2", passwordHash, userId);
    },
  };
}
