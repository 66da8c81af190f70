import { randomUUID } from "node:crypto";
import express, { type CookieOptions, type Request, type Router } from "express";
import { canonicalEmail, clientKey, memoryRateLimiter, type PasswordHasher, type ResetUser } from "relatch";
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
import type { AppDatabase } from "./database.ts";

export interface LoginHasher extends PasswordHasher {
  verify(hash: string, password: string): Promise<boolean>;
}

interface AccountOptions {
  database: AppDatabase;
  hasher: LoginHasher;
  views: Views;
  /** Where the application lives, e.g. `https://app.example.com`. */
  origin: string;
}

// By client and account together, so that nobody can lock out somebody else; then by client alone.
const ATTEMPTS_PER_ACCOUNT = { max: 10, windowSeconds: 15 * 60 };
const ATTEMPTS_PER_CLIENT = { max: 50, windowSeconds: 15 * 60 };
const MAX_PASSWORD_LENGTH = 4096;

/** Signing in and out, and the page behind it. */
export function accounts({ database, hasher, views, origin }: AccountOptions) {
  const { users, sessions } = database;
  const secure = origin.startsWith("https:");
  const cookie = secure ? "__Host-session" : "session";
  const cookieOptions: CookieOptions = { httpOnly: true, secure, sameSite: "lax", path: "/" };
  const limiter = memoryRateLimiter();
  // What an unknown address is checked against, so that it takes as long as a known one.
  const nobodysHash = hasher.hash(randomUUID());

  const userOf = async (req: Request): Promise<ResetUser | undefined> => {
    const id = readCookie(req, cookie);
    return id === undefined ? undefined : await sessions.userOf(id);
  };

  const attempt = async (client: string, account: string) => {
    // The client first: a refused one must not fill the limiter with accounts until its own count is forgotten.
    const byClient = await limiter.consume(`sign-in ${client}`, ATTEMPTS_PER_CLIENT);
    return byClient.allowed
      ? await limiter.consume(`sign-in ${client} ${account}`, ATTEMPTS_PER_ACCOUNT)
      : byClient;
  };

  const authenticate = async (email: string, password: unknown): Promise<ResetUser | undefined> => {
    if (typeof password !== "string" || password.length > MAX_PASSWORD_LENGTH) return undefined;
    const user = await users.findByEmail(email);
    const matches = await hasher.verify(user?.passwordHash ?? (await nobodysHash), password);
    return matches && user?.resetAllowed ? user : undefined;
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
      const canonical = canonicalEmail(email) ?? "";
      const { allowed, retryAfterSeconds } = await attempt(clientKey(req.ip) ?? "unknown", canonical);
      if (!allowed) return throttled(req, res, views, retryAfterSeconds);

      const user = await authenticate(canonical, password);
      if (!user) {
        res.status(400);
        return res.send(
          views.login({ locale: localeOf(req), passwordSet: false, refused: true, email: typed(email) }),
        );
      }
      // Always a new session: one that somebody planted in this browser must not become this person's.
      const previous = readCookie(req, cookie);
      if (previous !== undefined) await sessions.delete(previous);
      res.cookie(cookie, await sessions.create(user), cookieOptions).redirect(303, "/");
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
