import { type Context, Hono } from "hono";
import { frameworkSuite } from "./suite.ts";

type AppEnv = { Bindings: { ip: string } };

frameworkSuite("The adapter for Hono", async () => {
  const { passwordResetMiddleware } = await import("../../hono/adapter.ts");
  const { defaultPages } = await import("relatch/pages");
  const { passwordReset } = await import("../password-reset.ts");
  const visitorOf = (c: Context<AppEnv>) => ({ ip: c.env.ip });
  const app = new Hono<AppEnv>();
  // The policy of the pages wins over that of the application.
  app.use((c, next) => {
    c.header("Content-Security-Policy", "default-src *");
    return next();
  });
  app.use(passwordResetMiddleware({ passwordReset, pages: defaultPages(), visitorOf }));
  app.post("/other", async (c) => c.json({ length: (await c.req.json()).text.length }));
  return { send: async (request, ip) => app.fetch(request, { ip }) };
});
