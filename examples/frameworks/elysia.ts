import { Elysia } from "elysia";
import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "./password-reset.ts";

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

/** `app.use(passwordResetPlugin)` */
export const passwordResetPlugin = new Elysia().onRequest(({ request, server }) => {
  // Before Elysia reads the body. On Bun, `requestIP` is the other end of the connection.
  if (!routes.matches(new URL(request.url).pathname)) return undefined;
  return routes.handle(request, { ip: server?.requestIP(request)?.address });
});
