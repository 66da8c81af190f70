import type { Request, RequestHandler } from "express";
import "express-session";
import { type ResetUser, sessionStamp } from "relatch";
import { ports } from "../password-reset.ts";

declare module "express-session" {
  interface SessionData {
    userId: string;
    /** Of the password that the session was opened with. */
    stamp: string;
    csrf: string;
  }
}

/** Signs in. `user` is the row whose password was verified, not one that was read later. */
export function openSession(req: Request, user: ResetUser): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => (error ? reject(error) : resolve());
    req.session.regenerate((error) => {
      if (error) return settle(error);
      req.session.userId = user.id;
      req.session.stamp = sessionStamp(user);
      req.session.save(settle);
    });
  });
}

/** Makes a session anonymous if the account has another password by now, or may not sign in any more. */
export const compareStamp: RequestHandler = async (req, _res, next) => {
  const { userId, stamp } = req.session;
  if (userId === undefined) return next();
  const user = await ports.users.findById(userId);
  if (user && user.resetAllowed !== false && sessionStamp(user) === stamp) return next();
  req.session.regenerate(next);
};
