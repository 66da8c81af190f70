import express, { type CookieOptions, type Request, type Router } from "express";
import type { ResetUser } from "relatch";
import type { AppDatabase } from "../shared/database.ts";
import { type LoginHasher, signIn } from "../shared/sign-in.ts";
import type { Views } from "../shared/views.ts";
import {
  fieldsOf,
  localeOf,
  methodNotAllowed,
  readCookie,
  sameOriginForm,
  throttled,
  typed,
} from "./adapter.ts";

interface AccountOptions {
  database: AppDatabase;
  hasher: LoginHasher;
  views: Views;
  /** Where the application lives, e.g. `https://app.example.com`. */
  origin: string;
}

/** Signing in and out, and the page behind it. */
export function accounts({ database, hasher, views, origin }: AccountOptions) {
  const { users, sessions } = database;
  const secure = origin.startsWith("https:");
  const cookie = secure ? "__Host-session" : "session";
  const cookieOptions: CookieOptions = { httpOnly: true, secure, sameSite: "lax", path: "/" };
  const attempt = signIn({ users, hasher });

  const userOf = async (req: Request): Promise<ResetUser | undefined> => {
    const id = readCookie(req, cookie);
    return id === undefined ? undefined : await sessions.userOf(id);
  };

  const router: Router = express.Router();
  router
    .route("/login")
    .get(async (req, res) => {
      if (await userOf(req)) return res.redirect(303, "/");
      const passwordSet = req.query["notice"] === "password_set";
      res.send(views.login({ locale: localeOf(req), passwordSet, refused: false }));
    })
    .post(...sameOriginForm(origin, views), async (req, res) => {
      const { email, password } = fieldsOf(req);
      const result = await attempt({ email, password, ip: req.ip });
      if (!result.ok && result.reason === "throttled") {
        return throttled(req, res, views, result.retryAfterSeconds);
      }
      if (!result.ok) {
        res.status(400);
        return res.send(
          views.login({ locale: localeOf(req), passwordSet: false, refused: true, email: typed(email) }),
        );
      }
      // Always a new session: one that somebody planted in this browser must not become this person's.
      const previous = readCookie(req, cookie);
      if (previous !== undefined) await sessions.delete(previous);
      res.cookie(cookie, await sessions.create(result.user), cookieOptions).redirect(303, "/");
    })
    .all(methodNotAllowed(views));

  router
    .route("/logout")
    .post(...sameOriginForm(origin, views), async (req, res) => {
      const id = readCookie(req, cookie);
      if (id !== undefined) await sessions.delete(id);
      res.clearCookie(cookie, cookieOptions).redirect(303, "/login");
    })
    .all(methodNotAllowed(views, "POST"));

  router.get("/", async (req, res) => {
    const user = await userOf(req);
    if (!user) return res.redirect(303, "/login");
    const { email, name } = user;
    res.send(
      views.home({
        locale: localeOf(req),
        email,
        name: name || email,
        sessions: await sessions.count(user.id),
      }),
    );
  });

  return { router, userOf };
}
