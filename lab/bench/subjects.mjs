// @ts-check
import { handWritten } from "./hand-written.mjs";

/** @typedef {import("./backends.mjs").Backend} Backend */
/** @typedef {import("../../dist/index.js").PasswordResetOptions} Options */
/** @typedef {(password: string) => Promise<string>} Hash */

/**
 * Three calls to measure, each for one user.
 *
 * @typedef {object} Subject
 * @property {(email: string, serial: number) => Promise<void>} request
 * @property {(email: string) => string} tokenOf The token of the last email to this address.
 * @property {(token: string) => Promise<boolean>} verify
 * @property {(token: string, password: string) => Promise<boolean>} complete
 * @property {() => Promise<unknown>} settle Runs the jobs that are left.
 */

export const PASSWORD = "correct horse battery staple";

/**
 * The built package with its default options: limits in memory, password rules, both parts of the email. The mailer keeps
 * the message and nobody listens.
 *
 * @param {Backend} backend
 * @param {Hash} hash
 * @param {Partial<Options>} [options]
 * @returns {Promise<Subject>}
 */
export async function relatch({ users, tokens, revokeSessions }, hash, options = {}) {
  const { createPasswordReset } = await import("../../dist/index.js");
  /** @type {Map<string, string>} */
  const mails = new Map();
  const passwordReset = createPasswordReset({
    users,
    tokens: await tokens(),
    mailer: {
      async send({ to, text }) {
        mails.set(to, text);
      },
    },
    hasher: { hash },
    appName: "Acme",
    from: "Acme <noreply@example.com>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions,
    onEvent: () => {},
    ...options,
  });
  return {
    async request(email, serial) {
      // Another client each time, so that no limit is reached.
      const ip = `10.${serial >> 16}.${(serial >> 8) & 255}.${serial & 255}`;
      const result = await passwordReset.requestReset({ email, ip });
      if (!result.ok) throw new Error(result.reason);
    },
    tokenOf: (email) => mails.get(email)?.match(/password_reset\/(\S+)/)?.[1] ?? "no token",
    verify: async (token) => (await passwordReset.verifyToken({ token })).ok,
    complete: async (token, newPassword) => (await passwordReset.completeReset({ token, newPassword })).ok,
    settle: passwordReset.drain,
  };
}

/**
 * A dispatcher whose jobs wait for `settle`, so that they are measured apart from the response.
 *
 * @returns {import("../../dist/index.js").Dispatcher}
 */
export function holdJobs() {
  /** @type {(() => Promise<void>)[]} */
  const held = [];
  return {
    dispatch: async (job, deliver) => void held.push(() => deliver(job)),
    async drain() {
      for (const deliver of held.splice(0)) await deliver();
    },
  };
}

/**
 * `options` go to relatch.
 *
 * @type {Record<string, (backend: Backend, hash: Hash, options?: Partial<Options>) => Subject | Promise<Subject>>}
 */
export const subjects = {
  relatch,
  "hand-written": ({ statements }, hash) => handWritten(statements, hash),
  // Only there once it is installed.
  "better-auth": async (backend, hash) => (await import("./better-auth.mjs")).betterAuthSubject(backend, hash),
};

export const SUBJECTS = /** @type {const} */ (["relatch", "hand-written", "better-auth"]);
