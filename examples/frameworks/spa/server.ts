import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono } from "hono";
import { createPasswordReset } from "relatch";
import { passwordResetRoutes } from "relatch/http";
import { ports, sessions } from "../password-reset.ts";

// The API is at api.example.com, and the single-page application at app.example.com.

export const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  from: "Acme <noreply@example.com>",
  // No server and no access log sees the part behind "#".
  resetUrl: "https://app.example.com/reset#token=:token",
  revokeSessions: async (userId) => sessions.delete(userId),
});

/** The origin of `resetUrl` may use the API. Others are listed in `allowedOrigins`. */
const routes = passwordResetRoutes({ passwordReset, pages: false, basePath: "/password_reset" });

export const app = new Hono();
app.use((c, next) => {
  if (!routes.matches(c.req.path)) return next();
  return routes.handle(c.req.raw, { ip: getConnInfo(c).remote.address });
});
