import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { RateLimiter, ResetUser } from "relatch";
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
  localeOf: (c: Context) => string;
  clientIp: (c: Context) => string | undefined;
  rateLimiter: RateLimiter | undefined;
}

/** Signing in and out, and the page behind it. */
export function accounts({ database, hasher, views, origin, localeOf, clientIp, rateLimiter }: AccountOptions) {
  const { users, sessions } = database;
  const secure = origin.startsWith("https:");
  const cookie = secure ? "__Host-session" : "session";
  const cookieOptions = { httpOnly: true, secure, sameSite: "Lax", path: "/" } as const;
  const attempt = signIn({ users, hasher, rateLimiter });

  const userOf = async (c: Context): Promise<ResetUser | undefined> => {
    const id = getCookie(c, cookie);
    return id === undefined ? undefined : await sessions.userOf(id);
  };

  /** Lets forms pass that a page of this site has sent. */
  const ownForm: MiddlewareHandler = (c, next) => {
    assertOwnForm((name) => c.req.header(name), origin);
    return limitBody(c, next);
  };

  const routes = new Hono();
  routes
    .get("/login", async (c) => {
      if (await userOf(c)) return c.redirect("/", 303);
      const notice = c.req.query("notice") === "password_set" ? "password_set" : undefined;
      return c.html(views.login({ locale: localeOf(c), notice, email: readSignInEmail(c.req.header("Cookie")) }));
    })
    .post(ownForm, async (c) => {
      const { email, password } = await c.req.parseBody();
      const result = await attempt({ email, password, ip: clientIp(c) });
      if (!result.ok && result.reason === "throttled") throw new RefusedRequest("throttled", result.retryAfterSeconds);
      if (!result.ok) {
        const typed = typeof email === "string" ? email.slice(0, 320) : "";
        return c.html(views.login({ locale: localeOf(c), notice: "refused", email: typed }), 400);
      }
      // Always a new session, because somebody else may have planted the previous one in this browser.
      const previous = getCookie(c, cookie);
      if (previous !== undefined) await sessions.delete(previous);
      setCookie(c, cookie, await sessions.create(result.user), cookieOptions);
      return c.redirect("/", 303);
    })
    .all(allow("GET, HEAD, POST"));

  routes
    .post("/logout", ownForm, async (c) => {
      const id = getCookie(c, cookie);
      if (id !== undefined) await sessions.delete(id);
      deleteCookie(c, cookie, cookieOptions);
      return c.redirect(readReturnPath((await c.req.parseBody())["return_to"]), 303);
    })
    .all(allow("POST"));

  routes.get("/", async (c) => {
    const user = await userOf(c);
    if (!user) return c.redirect("/login", 303);
    const { id, email, name } = user;
    return c.html(views.home({ locale: localeOf(c), email, name: name || email, sessions: await sessions.count(id) }));
  });

  return { routes, userOf };
}

const limitBody = bodyLimit({
  maxSize: MAX_FORM_BYTES,
  onError: () => {
    throw new RefusedRequest("too_large");
  },
});

const allow =
  (methods: string): Handler =>
  (c) => {
    c.header("Allow", methods);
    throw new RefusedRequest("method_not_allowed");
  };
