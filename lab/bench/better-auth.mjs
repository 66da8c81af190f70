// @ts-check
// better-auth as its documentation sets it up for passwords, with tokens hashed and sessions ended, which its
// defaults leave out. Called on the server, so without a request or a route.
import { randomBytes, randomUUID } from "node:crypto";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { SqliteDialect } from "kysely";
import { resetMail } from "./mail.mjs";

/** @typedef {import("./backends.mjs").Backend} Backend */
/** @typedef {import("./subjects.mjs").Subject} Subject */

/**
 * @param {{ db: import("libsql").Database, given: Backend["given"] }} backend
 * @param {(password: string) => Promise<string>} hash
 * @param {import("kysely").Dialect} [dialect] What it calls, if not the database itself.
 * @returns {Promise<Subject>}
 */
export async function betterAuthSubject({ db, given }, hash, dialect) {
  /** @type {import("./mail.mjs").Mail | undefined} */
  let lastMail;
  /** @type {import("better-auth").BetterAuthOptions} */
  const options = {
    database: { dialect: new SqliteDialect({ database: db }), type: "sqlite" },
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
        lastMail = resetMail(user.email, url);
      },
    },
  };
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  seed(db, given);
  const { api } = betterAuth(dialect ? { ...options, database: { dialect, type: "sqlite" } } : options);

  return {
    async request(email) {
      await api.requestPasswordReset({ body: { email, redirectTo: "/reset-password" } });
      const mail = lastMail;
      return () => mail?.text.match(/reset-password\/(\w+)\?/)?.[1] ?? "no token";
    },
    // No call only verifies. The route of the link looks the token up and redirects.
    async verify(token) {
      const answer = await api.requestPasswordResetCallback({
        params: { token },
        query: { callbackURL: "/reset-password" },
        asResponse: true,
      });
      return answer.headers.get("location")?.endsWith(`?token=${token}`) ?? false;
    },
    complete: async (token, newPassword) => (await api.resetPassword({ body: { token, newPassword } })).status,
    settle: async () => {},
  };
}

/**
 * @param {import("libsql").Database} db
 * @param {Backend["given"]} given
 */
function seed(db, given) {
  const now = new Date().toISOString();
  const later = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
  const user = db.prepare(
    'INSERT INTO "user" (id, name, email, emailVerified, createdAt, updatedAt) VALUES (?, ?, ?, 1, ?, ?)',
  );
  const account = db.prepare(
    `INSERT INTO account (id, accountId, providerId, userId, password, createdAt, updatedAt)
     VALUES (?, ?, 'credential', ?, ?, ?, ?)`,
  );
  const session = db.prepare(
    "INSERT INTO session (id, token, userId, expiresAt, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?)",
  );
  db.transaction(() => {
    for (const { id, email, passwordHash } of given) {
      user.run(id, email, email, now, now);
      account.run(randomUUID(), id, id, passwordHash, now, now);
      session.run(randomUUID(), randomUUID(), id, later, now, now);
    }
  })();
}
