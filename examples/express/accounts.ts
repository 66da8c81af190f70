import express, { type CookieOptions, type Request, type RequestHandler } from "express";
import type { ResetUser } from "relatch";
import { readSignInEmail } from "relatch/http";
import type { AppDatabase } from "../shared/database.ts";
import { assertOwnForm, MAX_FORM_BYTES, RefusedRequest, readReturnPath } from "../shared/form-guard.ts";
import { type LoginHasher, signIn } from "../shared/sign-in.ts";
import type { Views } from "../shared/views.ts";

interface AccountOptions {
  database: AppDatabase;
  hasher: LoginHasher;
  views: Views;
  /** The origin of the application, for example `https://app.example.com`. */
  origin: string;
  localeOf: (req: Request) => string;
}

/** Signing in and out, and the page behind it. */
export function accounts({ database, hasher, views, origin, localeOf }: AccountOptions) {
  const { users, sessions } = database;
  const secure = origin.startsWith("https:");
  const cookie = secure ? "__Host-session" : "session";
  const cookieOptions: CookieOptions = { httpOnly: true, secure, sameSite: "lax", path: "/" };
  const attempt = signIn({ users, hasher });

  const sessionOf = (req: Request): string | undefined => readCookie(req, cookie);
  const userOf = async (req: Request): Promise<ResetUser | undefined> => {
    const id = sessionOf(req);
    return id === undefined ? undefined : await sessions.userOf(id);
  };

  /** Reads a form that a page of this site has sent. */
  const readForm: RequestHandler[] = [
    (req, _res, next) => {
      assertOwnForm((name) => req.get(name), origin);
      next();
    },
    // With `extended: false` the values are strings, or arrays of strings for fields that occur twice.
    express.urlencoded({ extended: false, limit: MAX_FORM_BYTES }),
  ];

  const router = express.Router();
  router
    .route("/login")
    .get(async (req, res) => {
      if (await userOf(req)) return void res.redirect(303, "/");
      const notice = req.query["notice"] === "password_set" ? "password_set" : undefined;
      res.send(views.login({ locale: localeOf(req), notice, email: readSignInEmail(req.headers.cookie) }));
    })
    .post(...readForm, async (req, res) => {
      const { email, password } = req.body;
      const result = await attempt({ email, password, ip: req.ip });
      if (!result.ok && result.reason === "throttled") {
        throw new RefusedRequest("throttled", result.retryAfterSeconds);
      }
      if (!result.ok) {
        const typed = typeof email === "string" ? email.slice(0, 320) : "";
        return void res.status(400).send(views.login({ locale: localeOf(req), notice: "refused", email: typed }));
      }
      // Always a new session, because somebody else may have planted the previous one in this browser.
      const previous = sessionOf(req);
      if (previous !== undefined) await sessions.delete(previous);
      res.cookie(cookie, await sessions.create(result.user), cookieOptions).redirect(303, "/");
    })
    .all(allow("GET, HEAD, POST"));

  router
    .route("/logout")
    .post(...readForm, async (req, res) => {
      const id = sessionOf(req);
      if (id !== undefined) await sessions.delete(id);
      res.clearCookie(cookie, cookieOptions).redirect(303, readReturnPath(req.body["return_to"]));
    })
    .all(allow("POST"));

  router.get("/", async (req, res) => {
    const user = await userOf(req);
    if (!user) return void res.redirect(303, "/login");
    const { id, email, name } = user;
    res.send(views.home({ locale: localeOf(req), email, name: name || email, sessions: await sessions.count(id) }));
  });

  return { router, userOf };
}

const allow =
  (methods: string): RequestHandler =>
  (_req, res) => {
    res.set("Allow", methods);
    throw new RefusedRequest("method_not_allowed");
  };

function readCookie(req: Request, name: string): string | undefined {
  const cookies = (req.headers.cookie ?? "").split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
}
