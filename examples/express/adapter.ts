// The reset pages for Express 5, in one file to copy into an application. What the pages look like is the
// application's: it hands in `views`. All URLs are made from `resetUrl`; nothing a request says about its own
// host, origin or protocol ever ends up in one.

import { createHash } from "node:crypto";
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import { verifyRequestOrigin } from "oslo/request";
import { type PasswordReset, RelatchError } from "relatch";

/** The pages, each a whole HTML document. `locale` is the visitor's Accept-Language header. */
export interface PasswordResetViews {
  /** What the Content-Security-Policy allows under `style-src`, e.g. `'self'` or the hash of an inline sheet. */
  styleSource: string;
  request(page: {
    locale: string | undefined;
    notice?: Notice | undefined;
    error?: EmailError;
    email?: string;
  }): string;
  sent(page: { locale: string | undefined }): string;
  form(page: FormPage): string;
  problem(page: { locale: string | undefined; status: ProblemStatus; retryAfterSeconds?: number }): string;
}

export interface FormPage {
  locale: string | undefined;
  /** Where the form is posted to: `password`, `password_confirmation` and `handle`. */
  action: string;
  /** Names the link the form belongs to, without giving it away. */
  handle: string;
  /** For the password manager. */
  email: string | undefined;
  /** What the rules say against the password, in the visitor's language. */
  violations: readonly string[];
  /** The second password is not the first. */
  mismatch: boolean;
}

export interface PasswordResetRoutesOptions {
  passwordReset: PasswordReset;
  /** The template given to `createPasswordReset`, with `/:token` at its end. */
  resetUrl: string;
  views: PasswordResetViews;
  /** The address of an account, to show whose password is being set. */
  emailOf(userId: string): Promise<string | undefined>;
  /** Who is signed in has no business here and is sent to `homePath`. */
  isSignedIn(req: Request): boolean | Promise<boolean>;
  homePath: string;
  /** After a reset the browser goes there, with `?notice=password_set`. */
  loginPath: string;
  /** The client's address, for the client limit. Default: `req.ip`, so mind Express's "trust proxy". */
  clientIp?: (req: Request) => string | undefined;
  /** Given, the page says that an address is unknown. Then anybody can find out who has an account. */
  isUnknown?: (email: unknown) => Promise<boolean>;
  /** Told of faults before the error page is sent. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

const NOTICES = ["invalid_or_expired_token", "open_link_again"] as const;
export type Notice = (typeof NOTICES)[number];
export type EmailError = "invalid_email" | "unknown_email";
export type ProblemStatus = 400 | 403 | 405 | 413 | 415 | 429 | 500 | 503;

const GRANT_MAX_AGE_MS = 15 * 60 * 1000;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** Mounts the reset pages at the path of `resetUrl`, and `/.well-known/change-password`. */
export function passwordResetRoutes(options: PasswordResetRoutesOptions): Router {
  const { passwordReset, views, emailOf, isSignedIn, homePath, loginPath, isUnknown } = options;
  const { clientIp = (req) => req.ip, onError = console.error } = options;
  const { origin, protocol, pathname } = new URL(options.resetUrl);
  if (!pathname.endsWith("/:token"))
    throw new TypeError("resetUrl has to end in /:token, as these routes do.");
  const resetPath = pathname.slice(0, -"/:token".length);
  const formPath = `${resetPath}/new_password`;

  // Lax, because a Strict cookie is not sent along the redirect when the link was opened from a webmail.
  const secure = protocol === "https:";
  const grant = secure ? "__Secure-password_reset" : "password_reset";
  const grantOptions = { httpOnly: true, secure, sameSite: "lax", path: resetPath } as const;

  const setGrant = (res: Response, token: string, expiresAt: Date) => {
    const maxAge = Math.max(0, Math.min(GRANT_MAX_AGE_MS, expiresAt.getTime() - Date.now()));
    res.cookie(grant, token, { ...grantOptions, maxAge });
  };

  const backToRequest = (res: Response, notice: Notice) => {
    res.clearCookie(grant, grantOptions).redirect(303, `${resetPath}?notice=${notice}`);
  };

  const renderForm = async (
    req: Request,
    res: Response,
    token: string,
    userId: string,
    errors?: FormErrors,
  ) => {
    const { violations = [], mismatch = false } = errors ?? {};
    const [locale, email, handle] = [localeOf(req), await emailOf(userId), handleOf(token)];
    res.send(views.form({ locale, action: formPath, handle, email, violations, mismatch }));
  };

  const showRequest: RequestHandler = (req, res) => {
    const notice = NOTICES.find((known) => known === req.query["notice"]);
    res.send(views.request({ locale: localeOf(req), notice }));
  };

  const submitRequest: RequestHandler = async (req, res) => {
    const { email } = fieldsOf(req);
    const locale = localeOf(req);
    const refuse = (error: EmailError) => {
      res
        .status(400)
        .send(views.request({ locale, error, email: typeof email === "string" ? email.slice(0, 320) : "" }));
    };

    const result = await passwordReset.requestReset({ email, ip: clientIp(req), locale });
    if (!result.ok && result.reason === "throttled")
      return throttled(res, views, locale, result.retryAfterSeconds);
    if (!result.ok) return refuse("invalid_email");
    if (await isUnknown?.(email)) return refuse("unknown_email");
    res.send(views.sent({ locale }));
  };

  // The link moves out of the address bar, the history and every later Referer, into a cookie. That may happen
  // any number of times: mail scanners open links, too.
  const openLink: RequestHandler = async (req, res) => {
    const token = req.params["token"];
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok || typeof token !== "string") return backToRequest(res, "invalid_or_expired_token");
    setGrant(res, token, verified.expiresAt);
    res.redirect(303, formPath);
  };

  const showForm: RequestHandler = async (req, res) => {
    const token = readCookie(req, grant);
    if (token === undefined) return backToRequest(res, "open_link_again");
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok) return backToRequest(res, "invalid_or_expired_token");
    await renderForm(req, res, token, verified.userId);
  };

  const setPassword = async (req: Request, res: Response, token: string) => {
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok) return backToRequest(res, "invalid_or_expired_token");

    const { password, password_confirmation } = fieldsOf(req);
    const refuse = (errors: FormErrors) => {
      setGrant(res.status(400), token, verified.expiresAt);
      return renderForm(req, res, token, verified.userId, errors);
    };
    if (password !== password_confirmation) return refuse({ mismatch: true });

    const result = await passwordReset.completeReset({ token, newPassword: password, locale: localeOf(req) });
    if (result.ok)
      return res.clearCookie(grant, grantOptions).redirect(303, `${loginPath}?notice=password_set`);
    if (result.reason === "invalid_or_expired_token") return backToRequest(res, result.reason);
    return refuse({ violations: result.violations.map(({ message }) => message) });
  };

  const submitForm: RequestHandler = async (req, res) => {
    const token = readCookie(req, grant);
    // Two links open in two tabs share one cookie: a form must not set the password of the other link's account.
    if (token === undefined || fieldsOf(req)["handle"] !== handleOf(token))
      return backToRequest(res, "open_link_again");
    await setPassword(req, res, token);
  };

  // Both passwords posted straight to the link, for clients that are no browsers. The answer may be the form,
  // at a URL that holds the token: what is posted from there names the origin and no more in its Referer.
  const submitLink: RequestHandler = async (req, res) => {
    res.set("Referrer-Policy", "strict-origin");
    await setPassword(req, res, String(req.params["token"]));
  };

  const guarded = sameOriginForm(origin, views);
  const router = express.Router();
  router.get("/.well-known/change-password", (_req, res) => res.redirect(303, resetPath));
  router.use(resetPath, async (req, res, next) => {
    res.set(pageHeaders(views));
    if (await isSignedIn(req)) res.redirect(303, homePath);
    else next();
  });
  router.route(resetPath).get(showRequest).post(guarded, submitRequest).all(methodNotAllowed(views));
  router.route(formPath).get(showForm).post(guarded, submitForm).all(methodNotAllowed(views));
  router
    .route(`${resetPath}/:token`)
    .all((_req, res, next) => {
      res.set("Referrer-Policy", "no-referrer");
      next();
    })
    .get(openLink)
    .post(guarded, submitLink)
    .all(methodNotAllowed(views));
  router.use(resetPath, errorPage(views, onError));
  return router;
}

interface FormErrors {
  violations?: readonly string[];
  mismatch?: boolean;
}

/** The headers of every page that has a form on it or handles a link. */
export const pageHeaders = ({ styleSource }: { styleSource: string }) => ({
  "Cache-Control": "no-store",
  "Content-Security-Policy": `default-src 'none'; style-src ${styleSource}; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  "Cross-Origin-Opener-Policy": "same-origin",
  // Not no-referrer: from such a page browsers post with "Origin: null".
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
});

/** Lets a POST through when it is a small form from a page of `origin`, and reads it. */
export function sameOriginForm(origin: string, views: Pick<PasswordResetViews, "problem">): RequestHandler[] {
  const refuse = (req: Request, res: Response, status: ProblemStatus) =>
    res.status(status).send(views.problem({ locale: localeOf(req), status }));
  return [
    (req, res, next) => {
      if (!isSameOrigin(req, origin)) refuse(req, res, 403);
      else if (!FORM_TYPE.test(req.get("Content-Type") ?? "")) refuse(req, res, 415);
      else next();
    },
    // `extended: false` knows strings and arrays of strings only, no nested objects.
    express.urlencoded({ extended: false, limit: "16kb", inflate: false }),
  ];
}

// Browsers of today send Sec-Fetch-Site on https and localhost. Where it is absent the Origin decides; oslo
// compares hosts alone, so the scheme is compared here.
function isSameOrigin(req: Request, origin: string): boolean {
  const site = req.get("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin";
  const sender = req.get("Origin") ?? "";
  return sender.startsWith(new URL(origin).protocol) && verifyRequestOrigin(sender, [origin]);
}

export const methodNotAllowed =
  (views: Pick<PasswordResetViews, "problem">, allow = "GET, HEAD, POST"): RequestHandler =>
  (req, res) => {
    res.status(405).set("Allow", allow);
    res.send(views.problem({ locale: localeOf(req), status: 405 }));
  };

/** "Wait a little", said in the same way by every page. */
export function throttled(
  res: Response,
  views: Pick<PasswordResetViews, "problem">,
  locale: string | undefined,
  retryAfterSeconds: number,
): void {
  res.status(429).set("Retry-After", String(retryAfterSeconds));
  res.send(views.problem({ locale, status: 429, retryAfterSeconds }));
}

/** Answers faults with a page of fixed text: what went wrong is for `onError` and not for the visitor. */
export function errorPage(
  views: Pick<PasswordResetViews, "problem">,
  onError: (error: unknown) => void,
): ErrorRequestHandler {
  return (error, req, res, next) => {
    // Unreadable bodies and paths: http-errors of Express itself.
    const known = ([400, 413, 415] as const).find((status) => status === error?.status);
    const status = error instanceof RelatchError ? 503 : (known ?? 500);
    if (known === undefined) onError(error);
    if (res.headersSent) return next(error);
    // The fault may have struck at a link, whose page must not name itself.
    res
      .status(status)
      .set("Referrer-Policy", "no-referrer")
      .send(views.problem({ locale: localeOf(req), status }));
  };
}

/** The cookie of this name, or nothing. */
export function readCookie(req: Request, name: string): string | undefined {
  const pairs = (req.get("Cookie") ?? "").split(/;\s*/);
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

export const localeOf = (req: Request): string | undefined => req.get("Accept-Language");

/** What was posted: each value a string, an array where a field came twice, or undefined. */
export const fieldsOf = (req: Request): Record<string, unknown> => req.body ?? {};

const handleOf = (token: string): string =>
  createHash("sha256").update(`relatch/v1/handle\0${token}`).digest("hex").slice(0, 16);
