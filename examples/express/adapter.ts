// The reset pages for Express 5, and the same for programs as JSON, in one file to copy into an application. How
// the pages look is the application's affair: it hands in `views`. Every URL is made from `resetUrl`: nothing that
// a request says about its host, origin or protocol ever ends up in one.

import { createHash } from "node:crypto";
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { verifyRequestOrigin } from "oslo/request";
import { type PasswordReset, type PasswordViolation, RelatchError } from "relatch";

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
  /** The same for programs: a sentence, without markup. */
  problemDetail(page: Page & { status: ProblemStatus; reason: Refusal }): string;
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
  /** Who is signed in has no business here and is sent to `homePath`; programs get 409 `signed_in`. */
  isSignedIn(req: Request): boolean | Promise<boolean>;
  homePath: string;
  /** After a reset the browser goes there, with `?notice=password_set`. */
  loginPath: string;
  /** The client's address, for the client limit. Default: `req.ip`, so mind Express's "trust proxy". */
  clientIp?: (req: Request) => string | undefined;
  /** Given, the answer says that an address is unknown. Then anybody can find out who has an account. */
  isUnknown?: (email: unknown) => Promise<boolean>;
  /** Told of faults. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

type Page = { locale: string | undefined };
export type Notice = (typeof NOTICES)[number];
export type EmailError = "invalid_email" | "unknown_email";
export type Refusal = keyof typeof REFUSALS;
export type ProblemStatus = (typeof REFUSALS)[Refusal][0];

const NOTICES = ["invalid_or_expired_token", "open_link_again"] as const;
const GRANT_MAX_AGE_MS = 15 * 60 * 1000;
const MAX_BODY_BYTES = 16 * 1024;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i;
const JSON_TYPE = /^application\/json\s*(;|$)/i;
const PROBLEM_TYPE = "application/problem+json";
const OTHER_CHARSET = /;\s*charset=(?!"?utf-?8"?\s*(;|$))/i;

/** The `reason` in problem details, its status, and what RFC 9110, section 15, calls that. */
const REFUSALS = {
  invalid_request: [400, "Bad Request"],
  invalid_json: [400, "Bad Request"],
  invalid_email: [400, "Bad Request"],
  unknown_email: [400, "Bad Request"],
  invalid_or_expired_token: [400, "Bad Request"],
  cross_site: [403, "Forbidden"],
  method_not_allowed: [405, "Method Not Allowed"],
  signed_in: [409, "Conflict"],
  too_large: [413, "Content Too Large"],
  unsupported_media_type: [415, "Unsupported Media Type"],
  password_rejected: [422, "Unprocessable Content"],
  throttled: [429, "Too Many Requests"],
  fault: [500, "Internal Server Error"],
  unavailable: [503, "Service Unavailable"],
} as const;

/**
 * Mounts the reset pages at the path of `resetUrl`, and `/.well-known/change-password`. Programs post JSON to the
 * same path, and to `/verify` and `/complete` below it. They read bodies themselves: use them before any body parser
 * of the application's own.
 */
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
  const [verifyPath, completePath] = [`${resetPath}/verify`, `${resetPath}/complete`];

  // ── The pages ─────────────────────────────────────────────────────────────────────────────────────────

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

  // ── The same as JSON. The token comes in the body, and no cookie is read or set. ──────────────────────

  const requestAsJson: RequestHandler = async (req, res) => {
    const { email } = fieldsOf(req);
    const result = await passwordReset.requestReset({ email, ip: clientIp(req), locale: localeOf(req) });
    if (result.ok && (await isUnknown?.(email))) problem(req, res, views, "unknown_email");
    else if (result.ok) res.json({ ok: true });
    else if (result.reason === "throttled") throttled(req, res, views, result.retryAfterSeconds);
    else problem(req, res, views, result.reason);
  };

  const verifyAsJson: RequestHandler = async (req, res) => {
    const verified = await passwordReset.verifyToken(fieldsOf(req)["token"]);
    if (!verified.ok) return problem(req, res, views, verified.reason);
    const email = (await emailOf(verified.userId)) ?? null;
    res.json({ ok: true, email, expiresAt: verified.expiresAt });
  };

  const completeAsJson: RequestHandler = async (req, res) => {
    const { token, password } = fieldsOf(req);
    const result = await passwordReset.completeReset({ token, newPassword: password, locale: localeOf(req) });
    if (result.ok) res.json({ ok: true, sessionsRevoked: result.sessionsRevoked });
    else if (result.reason === "invalid_or_expired_token") problem(req, res, views, result.reason);
    else problem(req, res, views, result.reason, { violations: result.violations });
  };

  // ── Where it all is ───────────────────────────────────────────────────────────────────────────────────

  const router = express.Router();
  router.get("/.well-known/change-password", (_req, res) => res.redirect(303, resetPath));
  router.use([verifyPath, completePath], (_req, res, next) => {
    res.locals["isForPrograms"] = true;
    next();
  });
  router.use(resetPath, async (req, res, next) => {
    res.set(pageHeaders(views));
    // Any other path below may hold a token, whatever the answer is.
    if (req.path !== "/" && req.baseUrl + req.path !== formPath) res.set("Referrer-Policy", "no-referrer");
    if (!(await isSignedIn(req))) next();
    else if (asksForJson(req, res)) problem(req, res, views, "signed_in");
    else res.redirect(303, homePath);
  });

  const json = sameOriginJson(origin, views);
  const onlyJson: RequestHandler = (req, _res, next) => next(isJson(req) ? undefined : "route");
  router.post(resetPath, onlyJson, json, requestAsJson);
  router.route(verifyPath).post(json, verifyAsJson).all(methodNotAllowed(views, "POST"));
  router.route(completePath).post(json, completeAsJson).all(methodNotAllowed(views, "POST"));

  const form = sameOriginForm(origin, views);
  router.route(resetPath).get(showRequest).post(form, submitRequest).all(methodNotAllowed(views));
  router.route(formPath).get(showForm).post(form, submitForm).all(methodNotAllowed(views));
  const link = router.route(`${resetPath}/:token`);
  link.get(openLink).post(form, submitLink).all(methodNotAllowed(views));
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

// ── At the door ─────────────────────────────────────────────────────────────────────────────────────────

/** Lets a POST pass when it is a form of at most 16 KiB from a page of `origin`, and reads it. */
export const sameOriginForm = (origin: string, views: ProblemView): RequestHandler[] => [
  (req, res, next) => {
    if (!isSameOrigin(req, origin)) problem(req, res, views, "cross_site");
    else if (!FORM_TYPE.test(req.get("Content-Type") ?? ""))
      problem(req, res, views, "unsupported_media_type");
    else next();
  },
  // `extended: false` knows strings and, for fields that come twice, arrays of strings: nothing nested.
  express.urlencoded({ extended: false, limit: MAX_BODY_BYTES, inflate: false }),
];

/**
 * Lets a POST pass when it is a JSON object of at most 16 KiB, and reads it. What says where it comes from has to come
 * from a page of `origin`. What does not say so passes: no browser sends JSON like that, and nothing here acts on
 * a cookie. Scripts of other sites cannot send JSON at all: there are no CORS headers.
 */
const sameOriginJson = (origin: string, views: ProblemView): RequestHandler[] => [
  (req, res, next) => {
    if (isSameOrigin(req, origin) === false) problem(req, res, views, "cross_site");
    else if (!isJson(req)) problem(req, res, views, "unsupported_media_type");
    else next();
  },
  express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false }),
  (req, res, next) => {
    req.body = OTHER_CHARSET.test(req.get("Content-Type") ?? "") ? undefined : readJson(req.body);
    if (req.body) next();
    else problem(req, res, views, "invalid_json");
  },
];

// Today's browsers send Sec-Fetch-Site to https and to localhost. Without it the Origin decides; oslo compares
// the hosts alone, so the scheme is compared here. Nothing where the request has neither.
function isSameOrigin(req: Request, origin: string): boolean | undefined {
  const [site, sender] = [req.get("Sec-Fetch-Site"), req.get("Origin")];
  if (site !== undefined) return site === "same-origin";
  if (sender === undefined) return undefined;
  return sender.startsWith(new URL(origin).protocol) && verifyRequestOrigin(sender, [origin]);
}

const isJson = (req: Request): boolean => JSON_TYPE.test(req.get("Content-Type") ?? "");

/** The object in a body: UTF-8 (RFC 8259, section 8.1), and no name in it twice (RFC 7493, section 2.3). */
function readJson(body: Uint8Array | undefined): Record<string, unknown> | undefined {
  let names = 0;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text, function (this: unknown, _name, member) {
      if (!Array.isArray(this)) names += 1;
      return member;
    });
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    // The reviver saw each name once, and the whole as "".
    const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon);
    return written.length === names - 1 ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

// ── Refusals ────────────────────────────────────────────────────────────────────────────────────────────

/** Refuses with a page, or with problem details (RFC 9457) where JSON is what the client speaks. */
function problem(req: Request, res: Response, views: ProblemView, reason: Refusal, more: Details = {}): void {
  const [status, title] = REFUSALS[reason];
  const locale = localeOf(req);
  res.status(status);
  if (!asksForJson(req, res)) return void res.send(views.problem({ locale, status, ...more }));
  const detail = views.problemDetail({ locale, status, reason });
  res.type(PROBLEM_TYPE).send(JSON.stringify({ title, status, detail, reason, ...more }));
}

interface Details {
  retryAfterSeconds?: number;
  violations?: readonly PasswordViolation[];
}

const asksForJson = (req: Request, res: Response): boolean =>
  res.locals["isForPrograms"] === true || isJson(req) || prefersJson(req);

/** Whether `Accept` puts JSON before HTML. */
export const prefersJson = (req: Request): boolean =>
  ["json", PROBLEM_TYPE].includes(String(req.accepts(["html", "json", PROBLEM_TYPE])));

export const methodNotAllowed =
  (views: ProblemView, allow = "GET, HEAD, POST"): RequestHandler =>
  (req, res) =>
    problem(req, res.set("Allow", allow), views, "method_not_allowed");

export function throttled(req: Request, res: Response, views: ProblemView, retryAfterSeconds: number): void {
  problem(req, res.set("Retry-After", String(retryAfterSeconds)), views, "throttled", { retryAfterSeconds });
}

/** Answers faults with fixed words; what went wrong is for `onError` and not for the visitor. */
export const errorPage =
  (views: ProblemView, onError: (error: unknown) => void): ErrorRequestHandler =>
  (error, req, res, next) => {
    // Paths and bodies that Express cannot read are the client's fault.
    const isTheirs = error?.expose === true || error instanceof URIError;
    const clientFault = isTheirs ? CLIENT_FAULTS.get(error.status) : undefined;
    if (clientFault === undefined) onError(error);
    if (res.headersSent) return next(error);
    // It may have happened at a link, and the page there must not pass its own URL on.
    res.set("Referrer-Policy", "no-referrer");
    problem(req, res, views, clientFault ?? (error instanceof RelatchError ? "unavailable" : "fault"));
  };

const CLIENT_FAULTS: ReadonlyMap<unknown, Refusal> = new Map([
  [400, "invalid_request"],
  [413, "too_large"],
  [415, "unsupported_media_type"],
]);

// ── What a request says ─────────────────────────────────────────────────────────────────────────────────

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
