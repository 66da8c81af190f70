// The reset pages for Express 5, in one file to copy into an application. How the pages look is the
// application's affair: it hands in `views`. Every URL is made from `resetUrl`: nothing that a request says
// about its host, origin or protocol ever ends up in one.

import { createHash } from "node:crypto";
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { verifyRequestOrigin } from "oslo/request";
import { type PasswordReset, RelatchError } from "relatch";

/** The pages, each a whole HTML document. `locale` is the visitor's Accept-Language header. */
export interface PasswordResetViews extends ProblemView {
  /** What the Content-Security-Policy admits under `style-src`: `'self'`, or the hash of an inline sheet. */
  styleSource: string;
  request(page: Page & { notice?: Notice | undefined; error?: EmailError; email?: string }): string;
  sent(page: Page): string;
  form(page: Page & FormContent): string;
}

export interface ProblemView {
  problem(page: Page & { status: ProblemStatus; retryAfterSeconds?: number }): string;
}

export interface FormContent {
  /** Where the form is posted to, with `password`, `password_confirmation` and `handle`. */
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
  /** Told of faults. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

type Page = { locale: string | undefined };
export type Notice = (typeof NOTICES)[number];
export type EmailError = "invalid_email" | "unknown_email";
export type ProblemStatus = 400 | 403 | 405 | 413 | 415 | 429 | 500 | 503;

const NOTICES = ["invalid_or_expired_token", "open_link_again"] as const;
const GRANT_MAX_AGE_MS = 15 * 60 * 1000;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** Mounts the reset pages at the path of `resetUrl`, and `/.well-known/change-password`. */
export function passwordResetRoutes(options: PasswordResetRoutesOptions): express.Router {
  const { passwordReset, views, emailOf, isSignedIn, homePath, loginPath, isUnknown } = options;
  const { clientIp = (req) => req.ip, onError = console.error } = options;
  const { origin, protocol, pathname } = new URL(options.resetUrl);
  if (!/^\/.+\/:token$/.test(pathname)) {
    throw new TypeError(
      "For these routes resetUrl needs a path and /:token at its end, as /password_reset/:token.",
    );
  }
  const resetPath = pathname.slice(0, -"/:token".length);
  const formPath = `${resetPath}/new_password`;

  // Lax, because a Strict cookie is not sent along the redirect when the link was opened from a webmail.
  const secure = protocol === "https:";
  const grant = secure ? "__Secure-password_reset" : "password_reset";
  const grantOptions = { httpOnly: true, secure, sameSite: "lax", path: resetPath } as const;

  const setGrant = (res: Response, token: string, expiresAt: Date) => {
    const maxAge = Math.max(0, Math.min(GRANT_MAX_AGE_MS, expiresAt.getTime() - Date.now()));
    return res.cookie(grant, token, { ...grantOptions, maxAge });
  };
  const dropGrant = (res: Response) => res.clearCookie(grant, grantOptions);
  const backToRequest = (res: Response, notice: Notice) => res.redirect(303, `${resetPath}?notice=${notice}`);

  const showRequest: RequestHandler = (req, res) => {
    const notice = NOTICES.find((known) => known === req.query["notice"]);
    res.send(views.request({ locale: localeOf(req), notice }));
  };

  const submitRequest: RequestHandler = async (req, res) => {
    const { email } = fieldsOf(req);
    const locale = localeOf(req);
    const refuse = (error: EmailError) =>
      res.status(400).send(views.request({ locale, error, email: typed(email) }));

    const result = await passwordReset.requestReset({ email, ip: clientIp(req), locale });
    if (result.ok && (await isUnknown?.(email))) refuse("unknown_email");
    else if (result.ok) res.send(views.sent({ locale }));
    else if (result.reason === "throttled") throttled(req, res, views, result.retryAfterSeconds);
    else refuse(result.reason);
  };

  // The token moves out of the address bar, the history and every later Referer, into a cookie. That may happen
  // any number of times: mail scanners open links, too.
  const openLink: RequestHandler = async (req, res) => {
    const token = String(req.params["token"]);
    const verified = await passwordReset.verifyToken(token);
    if (verified.ok) setGrant(res, token, verified.expiresAt).redirect(303, formPath);
    else backToRequest(res, verified.reason);
  };

  const showForm: RequestHandler = async (req, res) => {
    const token = readCookie(req, grant);
    if (token === undefined) backToRequest(res, "open_link_again");
    else await renderForm(req, res, token);
  };

  const renderForm = async (req: Request, res: Response, token: string, errors: FormErrors = {}) => {
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok) return backToRequest(dropGrant(res), verified.reason);
    const { violations = [], mismatch = false } = errors;
    const email = await emailOf(verified.userId);
    const content = { action: formPath, handle: handleOf(token), email, violations, mismatch };
    if (readCookie(req, grant) !== token) setGrant(res, token, verified.expiresAt);
    res.send(views.form({ locale: localeOf(req), ...content }));
  };

  const submitForm: RequestHandler = async (req, res) => {
    const token = readCookie(req, grant);
    // Two links in two tabs share the cookie: a form must not set the password of the other link's account.
    const sameLink = token !== undefined && fieldsOf(req)["handle"] === handleOf(token);
    if (sameLink) await setPassword(req, res, token);
    else backToRequest(res, "open_link_again");
  };

  // Both passwords posted straight to the link, for clients that are no browsers. The answer may be a form at a
  // URL that holds the token: what is posted from there names the origin, and no path, in its Referer.
  const submitLink: RequestHandler = async (req, res) => {
    res.set("Referrer-Policy", "strict-origin");
    await setPassword(req, res, String(req.params["token"]));
  };

  const setPassword = async (req: Request, res: Response, token: string) => {
    const { password, password_confirmation } = fieldsOf(req);
    const refuse = (errors: FormErrors) => renderForm(req, res.status(400), token, errors);
    if (password !== password_confirmation) return refuse({ mismatch: true });

    const result = await passwordReset.completeReset({ token, newPassword: password, locale: localeOf(req) });
    if (result.ok) dropGrant(res).redirect(303, `${loginPath}?notice=password_set`);
    else if (result.reason === "invalid_or_expired_token") backToRequest(dropGrant(res), result.reason);
    else await refuse({ violations: result.violations.map(({ message }) => message) });
  };

  const guarded = sameOriginForm(origin, views);
  const router = express.Router();
  router.get("/.well-known/change-password", (_req, res) => res.redirect(303, resetPath));
  router.use(resetPath, async (req, res, next) => {
    res.set(pageHeaders(views));
    // Any other path below may hold a token, whatever the answer is.
    if (req.path !== "/" && req.baseUrl + req.path !== formPath) res.set("Referrer-Policy", "no-referrer");
    if (await isSignedIn(req)) res.redirect(303, homePath);
    else next();
  });
  router.route(resetPath).get(showRequest).post(guarded, submitRequest).all(methodNotAllowed(views));
  router.route(formPath).get(showForm).post(guarded, submitForm).all(methodNotAllowed(views));
  const link = router.route(`${resetPath}/:token`);
  link.get(openLink).post(guarded, submitLink).all(methodNotAllowed(views));
  router.use(resetPath, errorPage(views, onError));
  return router;
}

interface FormErrors {
  violations?: readonly string[];
  mismatch?: boolean;
}

/** The headers of pages that carry forms, here and in the rest of the application. */
export const pageHeaders = ({ styleSource }: { styleSource: string }) => ({
  "Cache-Control": "no-store",
  "Content-Security-Policy": `default-src 'none'; style-src ${styleSource}; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  "Cross-Origin-Opener-Policy": "same-origin",
  // Not no-referrer: from such a page browsers post with "Origin: null".
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
});

/** Lets a POST pass when it is a form of at most 16 KiB from a page of `origin`, and reads it. */
export const sameOriginForm = (origin: string, views: ProblemView): RequestHandler[] => [
  (req, res, next) => {
    if (!isSameOrigin(req, origin)) problem(req, res, views, 403);
    else if (!FORM_TYPE.test(req.get("Content-Type") ?? "")) problem(req, res, views, 415);
    else next();
  },
  // `extended: false` knows strings and, for fields that come twice, arrays of strings: nothing nested.
  express.urlencoded({ extended: false, limit: "16kb", inflate: false }),
];

// Today's browsers send Sec-Fetch-Site to https and to localhost. Without it the Origin decides; oslo compares
// the hosts alone, so the scheme is compared here.
function isSameOrigin(req: Request, origin: string): boolean {
  const site = req.get("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin";
  const sender = req.get("Origin") ?? "";
  return sender.startsWith(new URL(origin).protocol) && verifyRequestOrigin(sender, [origin]);
}

const problem = (req: Request, res: Response, views: ProblemView, status: ProblemStatus) =>
  res.status(status).send(views.problem({ locale: localeOf(req), status }));

export const methodNotAllowed =
  (views: ProblemView, allow = "GET, HEAD, POST"): RequestHandler =>
  (req, res) => {
    problem(req, res.set("Allow", allow), views, 405);
  };

export function throttled(req: Request, res: Response, views: ProblemView, retryAfterSeconds: number): void {
  res.status(429).set("Retry-After", String(retryAfterSeconds));
  res.send(views.problem({ locale: localeOf(req), status: 429, retryAfterSeconds }));
}

/** Answers faults with a page of fixed text; what went wrong is for `onError` and not for the visitor. */
export const errorPage =
  (views: ProblemView, onError: (error: unknown) => void): ErrorRequestHandler =>
  (error, req, res, next) => {
    // Paths and bodies that Express cannot read are the client's fault.
    const isTheirs = error?.expose === true || error instanceof URIError;
    const clientFault = isTheirs
      ? ([400, 413, 415] as const).find((status) => status === error.status)
      : undefined;
    if (clientFault === undefined) onError(error);
    if (res.headersSent) return next(error);
    // It may have happened at a link, and the page there must not pass its own URL on.
    res.set("Referrer-Policy", "no-referrer");
    problem(req, res, views, clientFault ?? (error instanceof RelatchError ? 503 : 500));
  };

export function readCookie(req: Request, name: string): string | undefined {
  const cookies = (req.get("Cookie") ?? "").split(/;\s*/);
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
}

export const localeOf = (req: Request): string | undefined => req.get("Accept-Language");

/** What was posted. Anything may be in there: strings, arrays, nothing. */
export const fieldsOf = (req: Request): Record<string, unknown> => req.body ?? {};

/** What to put back into the field of an e-mail address that was refused. */
export const typed = (email: unknown): string => (typeof email === "string" ? email.slice(0, 320) : "");

const handleOf = (token: string): string =>
  createHash("sha256").update(`relatch/v1/handle\0${token}`).digest("hex").slice(0, 16);
