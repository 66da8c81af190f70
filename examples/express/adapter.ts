import type { Request, RequestHandler } from "express";
import type { Features } from "relatch";
import { type PasswordResetRoutesOptions, passwordResetRoutes } from "relatch/http";
import { nodeMiddleware, type VisitorOf } from "relatch/node";

/** The options of `passwordResetRoutes`, and how to learn the rest from a request of Express. */
export interface PasswordResetMiddlewareOptions<F extends Features> extends PasswordResetRoutesOptions<F> {
  /**
   * Facts that only the server knows: `(req) => ({ ip: req.ip })`. Set "trust proxy" so that `req.ip` is the client. With
   * tenants, also the tenant.
   */
  visitorOf: VisitorOf<F, Request>;
}

/**
 * The pages of the password reset and its JSON API, for Express 4 and 5. Use it before your own CSRF check, which does not
 * know these forms. Body parsers and sessions may come before it or after it.
 *
 * @example
 * app.use(passwordResetMiddleware({ passwordReset, pages: defaultPages(), visitorOf: (req) => ({ ip: req.ip }) }));
 */
export function passwordResetMiddleware<F extends Features>(
  options: PasswordResetMiddlewareOptions<F>,
): RequestHandler {
  const { visitorOf, ...routesOptions } = options;
  return nodeMiddleware<Features, Request>(passwordResetRoutes(routesOptions), visitorOf);
}
