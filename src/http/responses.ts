import { type Exchange, isOwnOrigin, WELL_KNOWN } from "./exchange.ts";
import type { Pages } from "./pages.ts";
import type { Problem } from "./problem.ts";

/** Header fields to add to a response. A field may occur several times. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** Returns the origin of a path or a URL, if it is another one than that of the pages. */
const foreignOrigin = (target: string): string => (target.startsWith("/") ? "" : ` ${new URL(target).origin}`);

/**
 * The policy of the pages: their own style, images of this origin, and forms that are posted here and end on the sign-in
 * page, which may be on another origin (browsers apply `form-action` to redirects as well).
 */
function writePolicy({ pages, loginPath }: Exchange["config"]): string {
  const directives: Record<string, string> = {
    "default-src": "'none'",
    "style-src": "'none'",
    "img-src": "'self'",
    "form-action": `'self'${foreignOrigin(loginPath)}`,
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    ...(pages === false ? {} : pages.contentSecurityPolicy),
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

/** Creates a response with the header fields that every response has. */
function respond(exchange: Exchange, status: number, body: string | null, fields: Fields): Response {
  const headers = new Headers({
    "Cache-Control": "no-store",
    "Content-Security-Policy": writePolicy(exchange.config),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": chooseReferrerPolicy(exchange),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    Vary: "Accept, Accept-Language, Cookie, Origin",
  });
  for (const [name, value] of fields) headers.append(name, value);
  return new Response(exchange.request.method === "HEAD" ? null : body, { status, headers });
}

/**
 * Keeps a token in the path out of the next Referer. A form that was posted to a link may be shown again at that path, and
 * from a page without any referrer browsers would post it with "Origin: null".
 */
function chooseReferrerPolicy({ below, request }: Exchange): string {
  if (["", "/code", "/new_password", WELL_KNOWN].includes(below)) return "same-origin";
  return request.method === "POST" ? "strict-origin" : "no-referrer";
}

/** Responds outside of the pages and of the JSON API: if nothing is known about the site, or nothing else works. */
export const respondPlainly = (request: Request | undefined, status: number, sentence: string): Response =>
  new Response(request?.method === "HEAD" ? null : `${sentence}\n`, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    },
  });

/** Responds with a page. */
export async function respondWithPage(
  exchange: Exchange,
  status: number,
  write: (pages: Pages) => string | Promise<string>,
  fields: Fields = [],
): Promise<Response> {
  // Without pages, nothing asks for one.
  const pages = exchange.config.pages as Pages;
  const html = await write(pages);
  if (typeof html !== "string") throw new TypeError("A page must be a string.");
  return respond(exchange, status, html, [["Content-Type", "text/html; charset=utf-8"], ...fields]);
}

/** Sends the browser to a path of this site, or to the sign-in page of another origin. */
export const redirectTo = (exchange: Exchange, location: string, fields: Fields = []): Response =>
  respond(exchange, 303, null, [["Location", location], ...fields]);

/** Responds with JSON. Pages of the allowed origins may read it. */
export function respondWithJson(exchange: Exchange, body: object, fields: Fields = []): Response {
  const json = JSON.stringify(body);
  return respond(exchange, 200, json, [["Content-Type", "application/json"], ...corsFields(exchange), ...fields]);
}

/** Responds with problem details (RFC 9457). */
export function respondWithProblem(exchange: Exchange, problem: Problem, detail: string, fields: Fields): Response {
  const { title, status, reason } = problem;
  const { allow: _, ...facts } = problem.facts;
  const json = JSON.stringify({ title, status, detail, reason, ...facts });
  return respond(exchange, status, json, [
    ["Content-Type", "application/problem+json"],
    ...corsFields(exchange),
    ...fields,
  ]);
}

/** Responds to the question of a browser whether a page of another origin may post JSON here (CORS preflight). */
export const respondToPreflight = (exchange: Exchange): Response =>
  respond(exchange, 204, null, [
    ...corsFields(exchange),
    ["Access-Control-Allow-Methods", "POST"],
    ["Access-Control-Allow-Headers", "Content-Type"],
    ["Access-Control-Max-Age", "600"],
  ]);

/** Reports whether pages of an origin may use the JSON API. */
export const isAllowedOrigin = (exchange: Exchange, origin: string | null): origin is string =>
  origin !== null && (exchange.config.allowedOrigins.includes(origin) || isOwnOrigin(exchange, origin));

/** Lets a page of an allowed origin read the response. No cookies: the JSON API has none. */
function corsFields(exchange: Exchange): Fields {
  const origin = exchange.request.headers.get("Origin");
  if (!isAllowedOrigin(exchange, origin)) return [];
  return [
    ["Access-Control-Allow-Origin", origin],
    ["Access-Control-Expose-Headers", "Retry-After"],
  ];
}
