import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "../password-reset.ts";

// src/middleware.ts, with `output: "server"` or an adapter

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

/** The part of Astro's APIContext that is used. In an application: `export const onRequest: MiddlewareHandler`, of `astro`. */
interface Context {
  request: Request;
  url: URL;
  readonly clientAddress: string;
}

export const onRequest = (context: Context, next: () => Promise<Response>) =>
  routes.matches(context.url.pathname) ? routes.handle(context.request, { ip: context.clientAddress }) : next();
