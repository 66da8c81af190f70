// @ts-check
import { sha256 } from "@oslojs/crypto/sha2";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { handWritten, statements } from "./hand-written.mjs";

/** @typedef {import("./backends.mjs").Backend} Backend */
/** @typedef {(password: string) => Promise<string>} Hash */

/**
 * Three calls to measure, each for one user. `request` returns a function that finds the token, off
 * the clock.
 *
 * @typedef {object} Subject
 * @property {(email: string, serial: number) => Promise<() => string>} request
 * @property {(token: string) => Promise<boolean>} verify
 * @property {(token: string, password: string) => Promise<boolean>} complete
 * @property {() => Promise<unknown>} settle Runs what is left over, off the clock.
 */

const HOUR = 60 * 60 * 1000;
export const PASSWORD = "correct horse battery staple";

/**
 * The least that a reset by one-time link can do: 256 random bits, their digest looked up, an expiry. No limits, no
 * email, no rules for passwords, no binding to the account, nothing checked.
 *
 * @param {Backend} backend
 * @param {Hash} hash
 * @returns {Subject}
 */
function floor({ floor: store }, hash) {
  const digest = (/** @type {Uint8Array} */ raw) => encodeHexLowerCase(sha256(raw));
  const prove = (/** @type {string} */ token) => {
    const tokenHash = digest(decodeBase64urlIgnorePadding(token));
    const record = store.findToken(tokenHash);
    if (!record || record.expiresAt <= Date.now()) return undefined;
    const user = store.userById(record.userId);
    return user && { user, tokenHash };
  };
  return {
    async request(email) {
      const user = store.userByEmail(email);
      if (!user) throw new Error("no such user");
      const raw = crypto.getRandomValues(new Uint8Array(32));
      store.saveToken(digest(raw), user.id, Date.now() + HOUR);
      const token = encodeBase64urlNoPadding(raw);
      return () => token;
    },
    verify: async (token) => prove(token) !== undefined,
    async complete(token, password) {
      const proof = prove(token);
      if (!proof) return false;
      store.setPassword(proof.user.id, await hash(password));
      store.deleteToken(proof.tokenHash, proof.user.id);
      return true;
    },
    settle: async () => {},
  };
}

/**
 * The package as it is built: a mailer that does nothing but keep the message, no listener. Follow-up jobs run off
 * the clock, as they run after the response in a server.
 *
 * @param {Backend} backend
 * @param {Hash} hash
 * @param {Partial<import("../../dist/index.js").PasswordResetOptions>} options
 * @returns {Promise<Subject>}
 */
export async function relatch({ users, tokens, revokeSessions = async () => {} }, hash, options) {
  const { createPasswordReset } = await import("../../dist/index.js");
  let mail = { text: "" };
  const passwordReset = createPasswordReset({
    users,
    tokens: await tokens(),
    mailer: {
      async send({ text }) {
        mail.text = text;
      },
    },
    hasher: { hash },
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions,
    ...options,
  });
  return {
    async request(email, serial) {
      // A visitor each, so that no limit is reached.
      const ip = `10.${serial >> 16}.${(serial >> 8) & 255}.${serial & 255}`;
      const own = { text: "" };
      mail = own;
      await passwordReset.requestReset({ email, ip });
      return () => own.text.match(/password_reset\/(\S+)/)?.[1] ?? "no token";
    },
    verify: async (token) => (await passwordReset.verifyToken({ token })).ok,
    complete: async (token, newPassword) => (await passwordReset.completeReset({ token, newPassword })).ok,
    settle: passwordReset.drain,
  };
}

export const NO_LIMITS = { limits: /** @type {const} */ (false) };

/** Requests are delivered before the response, so that `requestReset` is the whole of it. @type {typeof relatch} */
async function relatchInline(backend, hash, options) {
  /** @type {(() => Promise<void>)[]} */
  const held = [];
  /** @type {import("../../dist/index.js").Dispatcher} */
  const dispatcher = {
    async dispatch(job, deliver) {
      if (job.type === "reset_requested") await deliver(job);
      else held.push(() => deliver(job));
    },
    async drain() {
      for (const deliver of held.splice(0)) await deliver();
    },
  };
  return relatch(backend, hash, { dispatcher, ...options });
}

/** @param {Backend} backend */
function databaseOf({ db }) {
  if (!db) throw new Error("this subject needs SQLite");
  return db;
}

/** @type {Record<string, (backend: Backend, hash: Hash) => Subject | Promise<Subject>>} */
export const subjects = {
  floor,
  relatch: (backend, hash) => relatchInline(backend, hash, { ...NO_LIMITS, revokeSessions: async () => {} }),
  "relatch, limits and sessions": (backend, hash) => relatchInline(backend, hash, {}),
  "hand-written": (backend, hash) => handWritten(statements(databaseOf(backend)), hash),
  "better-auth": async (backend, hash) => {
    // Only there once it is installed.
    const { betterAuthSubject } = await import("./better-auth.mjs");
    return betterAuthSubject({ db: databaseOf(backend), given: backend.given }, hash);
  },
};
