import type { Request } from "express";
import { passwordResetRoutes } from "relatch/http";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "../password-reset.ts";

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

/** Pages and JSON API of the password reset, in an application that exists. */
export const passwordResetPages = nodeMiddleware(routes, (req: Request) => ({
  ip: req.ip,
  isSignedIn: req.session.userId !== undefined,
}));
