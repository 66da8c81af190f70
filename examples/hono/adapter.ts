import type { Context, Env, MiddlewareHandler } from "hono";
import type { Features } from "relatch";
import { type PasswordResetRoutesOptions, passwordResetRoutes, type Visitor } from "relatch/http";

/** The options of `passwordResetRoutes`, and how to learn the rest from a context of Hono. */
export interface PasswordResetMiddlewareOptions<F extends Features, E extends Env>
  extends PasswordResetRoutesOptions<F> {
  /**
   * Facts that only the server knows: `(c) => ({ ip: getConnInfo(c).remote.address })`. Each runtime has its own way to
   * learn the client's address. With tenants, also the tenant.
   */
  visitorOf: (c: Context<E>) => Visitor<F> | Promise<Visitor<F>>;
}

/**
 * The pages of the password reset and its JSON API, for Hono on any runtime.
 *
 * @example
 * app.use(passwordResetMiddleware({ passwordReset, pages: defaultPages(), visitorOf: (c) => ({ ip: ipOf(c) }) }));
 */
export function passwordResetMiddleware<F extends Features, E extends Env>(
  options: PasswordResetMiddlewareOptions<F, E>,
): MiddlewareHandler<E> {
  const { visitorOf, ...routesOptions } = options;
  const routes = passwordResetRoutes(routesOptions);
  return async (c, next) => {
    if (!routes.matches(c.req.path)) return next();
    const response = await routes.handle(c.req.raw, await visitorOf(c));
    // Hono would merge the headers of the response with those that were set before, and the policy of the pages has to win.
    c.res = undefined;
    c.res = response;
  };
}
