// @ts-check
// better-auth as its documentation sets it up for passwords, with tokens hashed and sessions ended, which its
// defaults leave out. Called on the server, so without a request or a route.
import { randomBytes, randomUUID } from "node:crypto";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { resetMail } from "./mail.mjs";

/** @typedef {import("./subjects.mjs").Subject} Subject */

/**
 * @param {Pick<import("./backends.mjs").Backend, "betterAuth" | "given">} backend
 * @param {(password: string) => Promise<string>} hash
 * @param {import("kysely").Dialect} [slow] What it calls, if not the database itself.
 * @returns {Promise<Subject>}
 */
export async function betterAuthSubject({ betterAuth: { type, dialect, insert }, given }, hash, slow) {
  /** @type {Map<string, import("./mail.mjs").Mail>} */
  const mails = new Map();
  /** @type {import("better-auth").BetterAuthOptions} */
  const options = {
    database: { dialect: await dialect(), type },
    appName: "Acme",
    baseURL: "https://app.example.com",
    secret: randomBytes(32).toString("hex"),
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    verification: { storeIdentifier: "hashed" },
    emailAndPassword: {
      enabled: true,
      revokeSessionsOnPasswordReset: true,
      password: { hash, verify: async () => true },
      async sendResetPassword({ user, url }) {
        mails.set(user.email, resetMail(user.email, url));
      },
    },
  };
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  await seed(insert, given);
  const { api } = betterAuth(slow ? { ...options, database: { dialect: slow, type } } : options);

  return {
    async request(email) {
      await api.requestPasswordReset({ body: { email, redirectTo: "/reset-password" } });
    },
    tokenOf: (email) => mails.get(email)?.text.match(/reset-password\/(\w+)\?/)?.[1] ?? "no token",
    // No call only verifies. The route of the link looks the token up and redirects.
    async verify(token) {
      const response = await api.requestPasswordResetCallback({
        params: { token },
        query: { callbackURL: "/reset-password" },
        asResponse: true,
      });
      return response.headers.get("location")?.endsWith(`?token=${token}`) ?? false;
    },
    complete: async (token, newPassword) => (await api.resetPassword({ body: { token, newPassword } })).status,
    settle: async () => {},
  };
}

/**
 * @param {import("./backends.mjs").Insert} insert
 * @param {import("./backends.mjs").Person[]} given
 */
async function seed(insert, given) {
  const now = new Date().toISOString();
  const later = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
  await insert(
    "user",
    ["id", "name", "email", "emailVerified", "createdAt", "updatedAt"],
    given.map(({ id, email }) => [id, email, email, 1, now, now]),
  );
  await insert(
    "account",
    ["id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt"],
    given.map(({ id, passwordHash }) => [randomUUID(), id, "credential", id, passwordHash, now, now]),
  );
  await insert(
    "session",
    ["id", "token", "userId", "expiresAt", "createdAt", "updatedAt"],
    given.map(({ id }) => [randomUUID(), randomUUID(), id, later, now, now]),
  );
}
