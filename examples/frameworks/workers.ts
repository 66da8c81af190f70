import { env, waitUntil } from "cloudflare:workers";
import { background, createPasswordReset, type ResetUser } from "relatch";
import { fetchMailer, resend } from "relatch/fetch";
import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { sqliteTokens } from "relatch/sqlite";
import { hasher } from "./workers-hasher.ts";

// Cloudflare Workers with D1, and emails through Resend. examples/hono/worker.ts also keeps the limits in D1.

const COLUMNS = `id, email, name, password_hash AS "passwordHash"`;
/** On the primary, because a replica may not have heard of a new password yet. */
const prepare = (statement: string) => env.DB.withSession("first-primary").prepare(statement);
const find = async (column: "id" | "email", value: string) =>
  (await prepare(`SELECT ${COLUMNS} FROM users WHERE ${column} = ?`).bind(value).first()) as ResetUser | null;

const tokens = sqliteTokens(env.DB);

const passwordReset = createPasswordReset({
  users: {
    findByEmail: (email) => find("email", email),
    findById: (id) => find("id", id),
    async replacePasswordHash({ userId, email, expected, next }) {
      const statement = "UPDATE users SET password_hash = ? WHERE id = ? AND email = ? AND password_hash = ?";
      return (await prepare(statement).bind(next, userId, email, expected).run()).meta.changes === 1;
    },
  },
  tokens,
  hasher,
  mailer: fetchMailer(resend({ apiKey: env.RESEND_KEY })),
  from: "Acme <noreply@example.com>",
  appName: "Acme",
  resetUrl: `${env.ORIGIN}/password_reset/:token`,
  revokeSessions: (userId, { except }) =>
    prepare("DELETE FROM sessions WHERE user_id = ? AND stamp IS NOT ?").bind(userId, except).run(),
  dispatcher: background({ waitUntil }), // the email is sent after the response
});

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

export default {
  async fetch(request: Request): Promise<Response> {
    // Cloudflare sets the header itself, whatever the client sends.
    const ip = request.headers.get("CF-Connecting-IP");
    if (routes.matches(new URL(request.url).pathname)) return routes.handle(request, { ip });
    return new Response("Not found", { status: 404 });
  },
  scheduled: () => tokens.deleteExpired(new Date()),
};
