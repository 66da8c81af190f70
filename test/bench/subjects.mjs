// @ts-check
import { sha256 } from "@oslojs/crypto/sha2";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding, encodeHexLowerCase } from "@oslojs/encoding";
import { nextPasswordHash } from "./backends.mjs";

/** @typedef {import("./backends.mjs").Backend} Backend */

/**
 * What is measured: three calls, each for one user. `request` answers where the token can be found afterwards, off
 * the clock.
 *
 * @typedef {object} Subject
 * @property {(email: string, serial: number) => Promise<() => string>} request
 * @property {(token: string) => Promise<boolean>} verify
 * @property {(token: string) => Promise<boolean>} complete
 * @property {() => Promise<unknown>} settle Runs what is left over, off the clock.
 */

const HOUR = 60 * 60 * 1000;
const PASSWORD = "correct horse battery staple";

/**
 * The least that a reset by one-time link can do: 256 random bits, their digest looked up, an expiry. No limits, no
 * mail, no rules for passwords, no binding to the account, nothing checked.
 *
 * @param {Backend} backend
 * @returns {Subject}
 */
export function floor({ floor: store }) {
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
    async complete(token) {
      const proof = prove(token);
      if (!proof) return false;
      store.setPassword(proof.user.id, nextPasswordHash());
      store.deleteToken(proof.tokenHash, proof.user.id);
      return true;
    },
    settle: async () => {},
  };
}

/**
 * The package as it is built: inline dispatcher, a mailer that does nothing but keep the message, no listener.
 * Follow-up jobs run off the clock, as they run after the answer in a server.
 *
 * @param {Backend} backend
 * @param {import("relatch").Limits} [limits]
 * @returns {Promise<Subject>}
 */
export async function relatch({ users, tokens }, limits) {
  const { createPasswordReset, inline } = await import("relatch");
  /** @type {string | undefined} */
  let lastMail;
  const passwordReset = createPasswordReset({
    users,
    tokens: await tokens(),
    mailer: {
      async send({ text }) {
        lastMail = text;
      },
    },
    hasher: { hash: async () => nextPasswordHash() },
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: async () => {},
    dispatcher: inline(),
    limits,
  });
  return {
    async request(email, serial) {
      // A visitor each, so that no limit is reached.
      const ip = `10.${serial >> 16}.${(serial >> 8) & 255}.${serial & 255}`;
      await passwordReset.requestReset({ email, ip });
      const text = lastMail;
      return () => text?.match(/password_reset\/(\S+)/)?.[1] ?? "no token";
    },
    verify: async (token) => (await passwordReset.verifyToken(token)).ok,
    complete: async (token) => (await passwordReset.completeReset({ token, newPassword: PASSWORD })).ok,
    settle: passwordReset.drain,
  };
}

/** @type {Record<string, (backend: Backend) => Subject | Promise<Subject>>} */
export const subjects = {
  floor,
  relatch: (backend) => relatch(backend, { client: false, address: false }),
  "relatch, default limits": (backend) => relatch(backend),
};
