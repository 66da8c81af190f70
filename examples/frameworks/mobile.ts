import { Hono, type MiddlewareHandler } from "hono";
import { createPasswordReset } from "relatch";
import { passwordResetRoutes } from "relatch/http";
import { memoryPorts } from "relatch/memory";

// The server of a mobile application, and its back office. `resetUrl` is also an app link (Android) or a universal link (iOS),
// so the application itself opens it.

export const ports = memoryPorts(
  [
    { id: "42", email: "mike@example.org", passwordHash: "old-hash" },
    { id: "43", email: "jane@example.org", passwordHash: null },
  ],
  { firstPasswords: true },
);
export const refreshTokens = new Set(["42"]);

export const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  from: "Acme <noreply@example.com>",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (userId) => refreshTokens.delete(userId), // a real one keeps those stamped `except`
});

const routes = passwordResetRoutes({ passwordReset, pages: false });

export const app = new Hono();

// The application posts JSON to /password_reset, /password_reset/verify and /password_reset/complete.
app.all("/password_reset/*", (c) => routes.handle(c.req.raw, { ip: c.req.header("Fly-Client-IP") }));

/** Your own check of who works here. */
const requireStaff: MiddlewareHandler = async (c, next) => {
  if (c.req.header("Authorization") !== "Bearer staff") return c.json({ error: "forbidden" }, 403);
  return next();
};

// The back office never sees a link. It only causes an email.
app.post("/staff/users/:id/invite", requireStaff, async (c) => {
  const result = await passwordReset.sendLink({ userId: c.req.param("id") });
  return result.ok ? c.json({ isInvitation: result.isInvitation }) : c.json({ error: result.reason }, 409);
});
