import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { RateLimiter, ResetUser } from "relatch";
import type { AppDatabase } from "../shared/database.ts";
import { type LoginHasher, signIn } from "../shared/sign-in.ts";
import type { Views } from "../shared/views.ts";
import { fieldsOf, localeOf, methodNotAllowed, sameOriginForm, throttled, typed } from "./adapter.ts";

interface AccountOptions {
  database: AppDatabase;
  hasher: LoginHasher;
  views: Views;
  /** Where the application lives, e.g. `https://app.example.com`. */
  origin: string;
  clientIp: (c: Context) => string | undefined;
  rateLimiter: RateLimiter | undefined;
}

/** Signing in and out, and the page behind it. */
export function accounts({ database, hasher, views, origin, clientIp, rateLimiter }: AccountOptions) {
  const { users, sessions } = database;
  const secure = origin.startsWith("https:");
  const cookie = secure ? "__Host-session" : "session";
  const cookieOptions = { httpOnly: true, secure, sameSite: "Lax", path: "/" } as const;
  const attempt = signIn({ users, hasher, rateLimiter });

  const userOf = async (c: Context): Promise<ResetUser | undefined> => {
    const id = getCookie(c, cookie);
    return id === undefined ? undefined : await sessions.userOf(id);
  };

  const routes = new Hono();
  routes
    .get("/login", async (c) => {
      if (await userOf(c)) return c.redirect("/", 303);
      const passwordSet = c.req.query("notice") === "password_set";
      return c.html(views.login({ locale: localeOf(c), passwordSet, refused: false }));
    })
    .post(sameOriginForm(origin, views), async (c) => {
      const { email, password } = fieldsOf(c);
      const result = await attempt({ email, password, ip: clientIp(c) });
      if (!result.ok && result.reason === "throttled") {
        return throttled(c, views, result.retryAfterSeconds);
      }
      if (!result.ok) {
        const refusal = { locale: localeOf(c), passwordSet: false, refused: true, email: typed(email) };
        return c.html(views.login(refusal), 400);
      }
      // Always a new session: one that somebody planted in this browser must not become this person's.
      const previous = getCookie(c, cookie);
      if (previous !== undefined) await sessions.delete(previous);
      setCookie(c, cookie, await sessions.create(result.user), cookieOptions);
      return c.redirect("/", 303);
    })
    .all(methodNotAllowed(views));

  routes
    .post("/logout", sameOriginForm(origin, views), async (c) => {
      const id = getCookie(c, cookie);
      if (id !== undefined) await sessions.delete(id);
      deleteCookie(c, cookie, cookieOptions);
      return c.redirect("/login", 303);
    })
    .all(methodNotAllowed(views, "POST"));

  routes.get("/", async (c) => {
    const user = await userOf(c);
    if (!user) return c.redirect("/login", 303);
    const { id, email, name } = user;
    return c.html(
      views.home({ locale: localeOf(c), email, name: name || email, sessions: await sessions.count(id) }),
    );
  });

  return { routes, userOf };
}
