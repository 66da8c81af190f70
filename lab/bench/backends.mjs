// @ts-check
import { randomUUID } from "node:crypto";
import Database from "libsql";

/** @typedef {import("../../dist/index.js").ResetUser} User */
/** @typedef {import("../../dist/index.js").UserStore} UserStore */
/** @typedef {import("../../dist/index.js").TokenStore} TokenStore */

/**
 * The tables of users and tokens. `floor` has the same reads and writes and nothing else.
 *
 * @typedef {object} Backend
 * @property {ReturnType<typeof makeUsers>} given
 * @property {UserStore} users
 * @property {() => TokenStore | Promise<TokenStore>} tokens
 * @property {FloorStore} floor
 * @property {import("libsql").Database} [db] Each user has one session.
 * @property {import("../../dist/index.js").RevokeSessions} [revokeSessions]
 *
 * @typedef {object} FloorStore
 * @property {(email: string) => { id: string } | undefined} userByEmail
 * @property {(id: string) => { id: string } | undefined} userById
 * @property {(id: string, passwordHash: string) => void} setPassword
 * @property {(tokenHash: string, userId: string, expiresAt: number) => void} saveToken
 * @property {(tokenHash: string) => { userId: string, expiresAt: number } | undefined} findToken
 * @property {(tokenHash: string, userId: string) => void} deleteToken
 */

let serial = 0;

/** Instant, unique, and as long as an Argon2id hash is: its length decides how much there is to digest. */
export const nextPasswordHash = () =>
  `$argon2id$v=19$m=19456,t=2,p=1$${String(serial++).padStart(22, "0")}$${"x".repeat(43)}`;

/**
 * @param {number} count
 * @returns {(User & { passwordHash: string })[]}
 */
export const makeUsers = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: Buffer.from(randomUUID()).toString("latin1"),
    email: `user.${index}@example.org`,
    passwordHash: nextPasswordHash(),
  }));

/**
 * Maps by id and by address. (`memoryUsers` of the package looks through all its users, which is right for a unit
 * test with three of them, and would measure nothing but itself here.)
 *
 * @param {ReturnType<typeof makeUsers>} given
 * @returns {Backend}
 */
export function memory(given) {
  const byId = new Map(given.map((user) => [user.id, { ...user }]));
  const byEmail = new Map([...byId.values()].map((user) => [user.email, user]));
  /** @type {Map<string, { userId: string, expiresAt: number }>} */
  const tokens = new Map();
  return {
    given,
    users: {
      findByEmail: async (email) => byEmail.get(email),
      findById: async (id) => byId.get(id),
      async replacePasswordHash({ userId, email, expected, next }) {
        const user = byId.get(userId);
        if (!user || user.email !== email || user.passwordHash !== expected) return false;
        user.passwordHash = next;
        return true;
      },
    },
    tokens: async () => (await import("../../dist/testing/memory.js")).memoryTokens(),
    floor: {
      userByEmail: (email) => byEmail.get(email),
      userById: (id) => byId.get(id),
      setPassword(id, passwordHash) {
        const user = byId.get(id);
        if (user) user.passwordHash = passwordHash;
      },
      saveToken: (tokenHash, userId, expiresAt) => void tokens.set(tokenHash, { userId, expiresAt }),
      findToken: (tokenHash) => tokens.get(tokenHash),
      deleteToken: (tokenHash) => void tokens.delete(tokenHash),
    },
  };
}

/**
 * All tables in one SQLite database in memory: relatch with the store that it ships, the floor with the same
 * statements, prepared once.
 *
 * @param {ReturnType<typeof makeUsers>} given
 * @returns {Promise<Backend>}
 */
export async function sqlite(given) {
  const { sqliteTokens, sqliteTokensSql } = await import("../../dist/stores/sqlite.js");
  const db = new Database(":memory:");
  db.exec("CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE NOT NULL, password_hash TEXT)");
  db.exec(sqliteTokensSql({ table: "tokens" }));
  db.exec("CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, stamp TEXT)");
  db.exec("CREATE INDEX sessions_user_id ON sessions (user_id)");
  const insert = db.prepare("INSERT INTO users VALUES (?, ?, ?)");
  const logIn = db.prepare("INSERT INTO sessions VALUES (?, ?, 'stamp')");
  db.transaction(() => {
    for (const { id, email, passwordHash } of given) {
      insert.run(id, email, passwordHash);
      logIn.run(randomUUID(), id);
    }
  })();

  const columns = "id, email, password_hash AS passwordHash";
  const byEmail = db.prepare(`SELECT ${columns} FROM users WHERE email = ?`);
  const byId = db.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const replace = db.prepare("UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ?");
  const setPassword = db.prepare("UPDATE users SET password_hash = ? WHERE id = ?");
  const save = db.prepare("INSERT INTO tokens (user_id, token_hash, fingerprint, expires_at) VALUES (?, ?, '', ?)");
  const find = db.prepare("SELECT user_id AS userId, expires_at AS expiresAt FROM tokens WHERE token_hash = ?");
  const deleteByUser = db.prepare("DELETE FROM tokens WHERE user_id = ?");
  const deleteSessions = db.prepare("DELETE FROM sessions WHERE user_id = ? AND stamp IS NOT ?");

  const user = (/** @type {unknown} */ row) => /** @type {User | undefined} */ (row);
  return {
    given,
    db,
    revokeSessions: async (userId, { except }) => void deleteSessions.run(userId, except),
    users: {
      findByEmail: async (email) => user(byEmail.get(email)),
      findById: async (id) => user(byId.get(id)),
      replacePasswordHash: async ({ userId, email, expected, next }) =>
        replace.run(next, userId, email, expected).changes === 1,
    },
    tokens: () => sqliteTokens(db, { table: "tokens" }),
    floor: {
      userByEmail: (email) => user(byEmail.get(email)),
      userById: (id) => user(byId.get(id)),
      setPassword: (id, passwordHash) => void setPassword.run(passwordHash, id),
      saveToken: (tokenHash, userId, expiresAt) => void save.run(userId, tokenHash, expiresAt),
      findToken: (tokenHash) => /** @type {{ userId: string, expiresAt: number } | undefined} */ (find.get(tokenHash)),
      deleteToken: (_tokenHash, userId) => void deleteByUser.run(userId),
    },
  };
}

/** @type {Record<string, (given: ReturnType<typeof makeUsers>) => Backend | Promise<Backend>>} */
export const backends = { memory, sqlite };
