// The reset pages for Hono 4, and the same for programs as JSON, in one file to copy into an application. It needs
// nothing but what Node, Bun, Deno and Workers all have. How the pages look is the application's affair: it hands in
// `views`. Every URL is made from `resetUrl`: nothing that a request says about its host, origin or protocol ever
// ends up in one.

import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono";
import { accepts } from "hono/accepts";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
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
  isSignedIn(c: Context): boolean | Promise<boolean>;
  homePath: string;
  /** After a reset the browser goes there, with `?notice=password_set`. */
  loginPath: string;
  /** The client's address, for the client limit. Each runtime has its own way to tell it. */
  clientIp: (c: Context) => string | undefined;
  /** Given, the answer says that an address is unknown. Then anybody can find out who has an account. */
  isUnknown?: (email: unknown) => Promise<boolean>;
  /** Told of faults. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/** What the routes keep with a request. */
export interface PasswordResetEnv {
  Variables: { fields?: Record<string, unknown>; isForPrograms?: boolean };
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
 * The reset pages at the path of `resetUrl`, and `/.well-known/change-password`: `app.route("/", …)`. Programs post
 * JSON to the same path, and to `/verify` and `/complete` below it.
 */
export function passwordResetRoutes(options: PasswordResetRoutesOptions): Hono<PasswordResetEnv> {
  const { passwordReset, views, emailOf, isSignedIn, homePath, loginPath, isUnknown } = options;
  const { clientIp, onError = console.error } = options;
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
  const grantOptions = { httpOnly: true, secure, sameSite: "Lax", path: resetPath } as const;

  const setGrant = (c: Context, token: string, expiresAt: Date) => {
    const life = Math.max(0, Math.min(GRANT_MAX_AGE_MS, expiresAt.getTime() - Date.now()));
    setCookie(c, grant, token, { ...grantOptions, maxAge: Math.floor(life / 1000) });
  };
  const dropGrant = (c: Context) => deleteCookie(c, grant, grantOptions);
  const backToRequest = (c: Context, notice: Notice) => c.redirect(`${resetPath}?notice=${notice}`, 303);

  const showRequest: Handler = (c) => {
    const notice = NOTICES.find((known) => known === c.req.query("notice"));
    return c.html(views.request({ locale: localeOf(c), notice }));
  };

  const submitRequest: Handler = async (c) => {
    const { email } = fieldsOf(c);
    const locale = localeOf(c);
    const refuse = (error: EmailError) => c.html(views.request({ locale, error, email: typed(email) }), 400);

    const result = await passwordReset.requestReset({ email, ip: clientIp(c), locale });
    if (result.ok && (await isUnknown?.(email))) return refuse("unknown_email");
    if (result.ok) return c.html(views.sent({ locale }));
    return result.reason === "throttled"
      ? throttled(c, views, result.retryAfterSeconds)
      : refuse(result.reason);
  };

  // The token moves out of the address bar, the history and every later Referer, into a cookie. That may happen
  // any number of times: mail scanners open links, too.
  const openLink: Handler = async (c) => {
    const token = c.req.param("token") ?? "";
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok) return backToRequest(c, verified.reason);
    setGrant(c, token, verified.expiresAt);
    return c.redirect(formPath, 303);
  };

  const showForm: Handler = (c) => {
    const token = getCookie(c, grant);
    return token === undefined ? backToRequest(c, "open_link_again") : renderForm(c, token);
  };

  const renderForm = async (c: Context, token: string, errors?: FormErrors) => {
    const verified = await passwordReset.verifyToken(token);
    if (!verified.ok) {
      dropGrant(c);
      return backToRequest(c, verified.reason);
    }
    const { violations = [], mismatch = false } = errors ?? {};
    const email = await emailOf(verified.userId);
    const content = { action: formPath, handle: handleOf(token), email, violations, mismatch };
    if (getCookie(c, grant) !== token) setGrant(c, token, verified.expiresAt);
    return c.html(views.form({ locale: localeOf(c), ...content }), errors ? 400 : 200);
  };

  const submitForm: Handler = (c) => {
    const token = getCookie(c, grant);
    // Two links in two tabs share the cookie: a form must not set the password of the other link's account.
    const sameLink = token !== undefined && fieldsOf(c)["handle"] === handleOf(token);
    return sameLink ? setPassword(c, token) : backToRequest(c, "open_link_again");
  };

  // Both passwords posted straight to the link, for clients that are no browsers. The answer may be a form at a
  // URL that holds the token: what is posted from there names the origin, and no path, in its Referer.
  const submitLink: Handler = (c) => {
    c.header("Referrer-Policy", "strict-origin");
    return setPassword(c, c.req.param("token") ?? "");
  };

  const setPassword = async (c: Context, token: string) => {
    const { password, password_confirmation } = fieldsOf(c);
    if (password !== password_confirmation) return renderForm(c, token, { mismatch: true });

    const result = await passwordReset.completeReset({ token, newPassword: password, locale: localeOf(c) });
    if (!result.ok && result.reason === "password_rejected") {
      return renderForm(c, token, { violations: result.violations.map(({ message }) => message) });
    }
    dropGrant(c);
    return result.ok ? c.redirect(`${loginPath}?notice=password_set`, 303) : backToRequest(c, result.reason);
  };

  // ── The same as JSON. The token comes in the body, and no cookie is read or set. ──────────────────────

  const requestAsJson: Handler = async (c) => {
    const { email } = fieldsOf(c);
    const result = await passwordReset.requestReset({ email, ip: clientIp(c), locale: localeOf(c) });
    if (result.ok && (await isUnknown?.(email))) return problem(c, views, "unknown_email");
    if (result.ok) return c.json({ ok: true });
    return result.reason === "throttled"
      ? throttled(c, views, result.retryAfterSeconds)
      : problem(c, views, result.reason);
  };

  const verifyAsJson: Handler = async (c) => {
    const verified = await passwordReset.verifyToken(fieldsOf(c)["token"]);
    if (!verified.ok) return problem(c, views, verified.reason);
    const email = (await emailOf(verified.userId)) ?? null;
    return c.json({ ok: true, email, expiresAt: verified.expiresAt });
  };

  const completeAsJson: Handler = async (c) => {
    const { token, password } = fieldsOf(c);
    const result = await passwordReset.completeReset({ token, newPassword: password, locale: localeOf(c) });
    if (result.ok) return c.json({ ok: true, sessionsRevoked: result.sessionsRevoked });
    return result.reason === "invalid_or_expired_token"
      ? problem(c, views, result.reason)
      : problem(c, views, result.reason, { violations: result.violations });
  };

  // ── Where it all is ───────────────────────────────────────────────────────────────────────────────────

  const app = new Hono<PasswordResetEnv>();
  app.get("/.well-known/change-password", (c) => c.redirect(resetPath, 303));
  app.on("ALL", [verifyPath, completePath], (c, next) => {
    c.set("isForPrograms", true);
    return next();
  });
  const answerFault = errorPage(views, onError);
  app.onError(answerFault);
  app.use(`${resetPath}/*`, async (c, next) => {
    for (const [name, value] of Object.entries(pageHeaders(views))) c.header(name, value);
    // Any other path below may hold a token, whatever the answer is.
    if (![resetPath, formPath].includes(c.req.path)) c.header("Referrer-Policy", "no-referrer");
    if (!isDecodable(c)) return problem(c, views, "invalid_request");
    try {
      if (!(await isSignedIn(c))) return await next();
      return asksForJson(c) ? problem(c, views, "signed_in") : c.redirect(homePath, 303);
    } catch (fault) {
      // Hono hands `onError` instances of Error alone.
      return answerFault(fault, c);
    }
  });

  const [json, form] = [sameOriginJson(origin, views), sameOriginForm(origin, views)];
  app.post(
    resetPath,
    (c, next) => (isJson(c) ? json : form)(c, next),
    (c, next) => (isJson(c) ? requestAsJson : submitRequest)(c, next),
  );
  app.get(resetPath, showRequest).all(methodNotAllowed(views));
  app.post(verifyPath, json, verifyAsJson).all(methodNotAllowed(views, "POST"));
  app.post(completePath, json, completeAsJson).all(methodNotAllowed(views, "POST"));
  app.get(formPath, showForm).post(form, submitForm).all(methodNotAllowed(views));
  app.get(`${resetPath}/:token`, openLink).post(form, submitLink).all(methodNotAllowed(views));
  return app;
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
export const sameOriginForm =
  (origin: string, views: ProblemView): MiddlewareHandler =>
  async (c, next) => {
    if (!isSameOrigin(c, origin)) return problem(c, views, "cross_site");
    const type = c.req.header("Content-Type") ?? "";
    if (!FORM_TYPE.test(type) || OTHER_CHARSET.test(type)) return problem(c, views, "unsupported_media_type");
    const body = await bodyOf(c.req.raw);
    if (typeof body === "string") return problem(c, views, body);
    c.set("fields", readForm(body));
    return next();
  };

/**
 * Lets a POST pass when it is a JSON object of at most 16 KiB, and reads it. What says where it comes from has to come
 * from a page of `origin`. What does not say so passes: no browser sends JSON like that, and nothing here acts on
 * a cookie. Scripts of other sites cannot send JSON at all: there are no CORS headers.
 */
const sameOriginJson =
  (origin: string, views: ProblemView): MiddlewareHandler =>
  async (c, next) => {
    if (isSameOrigin(c, origin) === false) return problem(c, views, "cross_site");
    if (!isJson(c)) return problem(c, views, "unsupported_media_type");
    const body = await bodyOf(c.req.raw);
    if (typeof body === "string") return problem(c, views, body);
    const fields = OTHER_CHARSET.test(c.req.header("Content-Type") ?? "") ? undefined : readJson(body);
    if (!fields) return problem(c, views, "invalid_json");
    c.set("fields", fields);
    return next();
  };

// Today's browsers send Sec-Fetch-Site to https and to localhost. Without it the Origin decides; oslo compares
// the hosts alone, so the scheme is compared here. Nothing where the request has neither.
function isSameOrigin(c: Context, origin: string): boolean | undefined {
  const [site, sender] = [c.req.header("Sec-Fetch-Site"), c.req.header("Origin")];
  if (site !== undefined) return site === "same-origin";
  if (sender === undefined) return undefined;
  return sender.startsWith(new URL(origin).protocol) && verifyRequestOrigin(sender, [origin]);
}

const isJson = (c: Context): boolean => JSON_TYPE.test(c.req.header("Content-Type") ?? "");

/** At most 16 KiB, counted as they come and not as the headers promise. Or why the body is not taken. */
async function bodyOf({ headers, body }: Request): Promise<Uint8Array | Refusal> {
  if ((headers.get("Content-Encoding") ?? "identity") !== "identity") return "unsupported_media_type";
  const bytes = new Uint8Array(MAX_BODY_BYTES);
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      if (size + chunk.length > bytes.length) return "too_large";
      bytes.set(chunk, size);
      size += chunk.length;
    }
  } catch {
    // It broke off on the way.
    return "invalid_request";
  }
  return bytes.subarray(0, size);
}

/** Strings and, for fields that come twice, something else: nothing nested. */
function readForm(body: Uint8Array): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    fields.set(name, fields.has(name) ? [] : value);
  }
  return Object.fromEntries(fields);
}

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
function problem(c: Context, views: ProblemView, reason: Refusal, more: Details = {}): Response {
  const [status, title] = REFUSALS[reason];
  const locale = localeOf(c);
  if (!asksForJson(c)) return c.html(views.problem({ locale, status, ...more }), status);
  const detail = views.problemDetail({ locale, status, reason });
  c.header("Content-Type", PROBLEM_TYPE);
  return c.body(JSON.stringify({ title, status, detail, reason, ...more }), status);
}

interface Details {
  retryAfterSeconds?: number;
  violations?: readonly PasswordViolation[];
}

const asksForJson = (c: Context): boolean => c.get("isForPrograms") === true || isJson(c) || prefersJson(c);

/** Whether `Accept` puts JSON before HTML. */
export const prefersJson = (c: Context): boolean =>
  accepts(c, {
    header: "Accept",
    supports: ["text/html", "application/json", PROBLEM_TYPE],
    default: "text/html",
  }) !== "text/html";

export const methodNotAllowed =
  (views: ProblemView, allow = "GET, HEAD, POST"): Handler =>
  (c) => {
    c.header("Allow", allow);
    return problem(c, views, "method_not_allowed");
  };

export function throttled(c: Context, views: ProblemView, retryAfterSeconds: number): Response {
  c.header("Retry-After", String(retryAfterSeconds));
  return problem(c, views, "throttled", { retryAfterSeconds });
}

/** Answers faults with fixed words; what went wrong is for `onError` and not for the visitor. */
export const errorPage =
  (views: ProblemView, onError: (error: unknown) => void) =>
  (error: unknown, c: Context): Response => {
    onError(error);
    // It may have happened at a link, and the page there must not pass its own URL on.
    c.header("Referrer-Policy", "no-referrer");
    return problem(c, views, error instanceof RelatchError ? "unavailable" : "fault");
  };

// ── What a request says ─────────────────────────────────────────────────────────────────────────────────

function isDecodable(c: Context): boolean {
  try {
    return decodeURIComponent(new URL(c.req.url).pathname) !== "";
  } catch {
    return false;
  }
}

export const localeOf = (c: Context): string | undefined => c.req.header("Accept-Language");

/** What was posted. Anything may be in there: strings, arrays, nothing. */
export const fieldsOf = (c: Context): Record<string, unknown> => c.get("fields") ?? {};

/** What to put back into the field of an e-mail address that was refused. */
export const typed = (email: unknown): string => (typeof email === "string" ? email.slice(0, 320) : "");

const handleOf = (token: string): string =>
  encodeHexLowerCase(sha256(new TextEncoder().encode(`relatch/v1/handle\0${token}`))).slice(0, 16);
