import { Hono } from "hono";
import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import type { createReset } from "./reset.ts";
import { brandNames, brands } from "./tables.ts";

/** A web process: the host decides which brand it is. */
export function createWeb({ passwordReset }: Pick<ReturnType<typeof createReset>, "passwordReset">) {
  const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });
  const app = new Hono();
  app.use((c, next) => {
    // Your proxy lets no other hosts through, and sets the address of the client.
    const host = c.req.header("Host");
    const tenant = brandNames.find((name) => brands[name].host === host);
    if (tenant === undefined || !routes.matches(c.req.path)) return next();
    return routes.handle(c.req.raw, {
      ip: c.req.header("X-Real-IP"),
      tenant,
      correlationId: c.req.header("traceparent"),
    });
  });
  return app;
}
