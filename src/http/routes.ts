/**
 * The protocol of the reset pages and of the JSON API, from `Request` to `Response`, for any server.
 *
 *     const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });
 */
import type { Features } from "../core/api.ts";
import { isRelatchError } from "../lib/errors.ts";
import { mustBe } from "../lib/shape.ts";
import { isDeclared } from "../lib/tenants.ts";
import { isJson } from "./body.ts";
import { createExchange, type Exchange, type Place, pageInput, type Visitor, WELL_KNOWN } from "./exchange.ts";
import { prefersJson } from "./guards.ts";
import { handleJson, JSON_PATHS } from "./json-api.ts";
import { listBasePaths, type PasswordResetRoutesOptions, type RoutesConfig, readRoutesConfig } from "./options.ts";
import { handlePage } from "./page-flow.ts";
import { Problem } from "./problem.ts";
import { redirectTo, respondPlainly, respondWithPage, respondWithProblem } from "./responses.ts";
import { describeProblem } from "./texts/problems.ts";

export { readSignInEmail } from "./cookies.ts";
export type {
  CodeForm,
  NewPasswordPageInput,
  PageInput,
  PagePaths,
  Pages,
  ProblemPageInput,
  ProblemReason,
  RequestNotice,
  RequestPageInput,
  SecondFactorForm,
  SentPageInput,
  SignedInPageInput,
} from "./pages.ts";
export type { PasswordResetRoutesOptions, Visitor };

/** The routes of the password reset. */
export interface PasswordResetRoutes<F extends Features = Record<never, never>> {
  /**
   * Reports whether a path is one of these routes: that of `resetUrl`, everything below it, or the well-known URL. Never
   * throws.
   *
   * @example
   * if (!routes.matches(new URL(request.url).pathname)) return next();
   */
  matches(path: string): boolean;
  /**
   * Responds to a request. Never rejects.
   *
   * @example
   * const response = await routes.handle(request, { ip, isSignedIn: false });
   */
  handle(request: Request, visitor: Visitor<F>): Promise<Response>;
}

/** Longer paths are not looked at, in characters. */
const MAX_PATH = 2048;

/**
 * Creates the routes of the password reset: the pages and the JSON API. The handler owns everything that security depends
 * on: the check of the origin, limits of size, strict parsing, cookies, header fields. Nothing that a request says about
 * its host or protocol is used.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });
 * if (routes.matches(new URL(request.url).pathname)) return routes.handle(request, { ip });
 */
export function passwordResetRoutes<F extends Features>(
  options: PasswordResetRoutesOptions<F>,
): PasswordResetRoutes<F> {
  const config = readRoutesConfig(options);
  const bases = listBasePaths(config);
  judgePages(config);

  const findPlace = (path: string): Omit<Place, "query"> | undefined => {
    if (path.length > MAX_PATH) return undefined;
    if (path === WELL_KNOWN && config.pages !== false) return { base: bases[0] ?? "", below: WELL_KNOWN };
    const base = bases.find((each) => path === each || path.startsWith(`${each}/`));
    return base === undefined ? undefined : { base, below: path.slice(base.length).replace(/\/$/, "") };
  };

  return Object.freeze<PasswordResetRoutes<F>>({
    matches: (path) => typeof path === "string" && findPlace(path) !== undefined,

    async handle(request, visitor) {
      try {
        const { pathname, searchParams } = new URL(request.url);
        const place = findPlace(pathname);
        const isKnown = isDeclared(config.passwordReset.tenants, visitor.tenant ?? undefined);
        if (!place || !isKnown) return respondPlainly(request, 404, "Not Found");
        return await respond(createExchange(config, request, visitor as Visitor, { ...place, query: searchParams }));
      } catch (error) {
        report(config, error);
        return respondPlainly(request, 500, "Something went wrong. Try again later.");
      }
    },
  });
}

/** Finds out at the start, and not with the first visitor, that the pages cannot be served. */
function judgePages(config: RoutesConfig): void {
  const { pages } = config;
  if (pages === false) return;
  const { basePath, passwordReset } = config;
  if (basePath !== undefined && passwordReset.tenants !== "dynamic") listBasePaths({ ...config, basePath: undefined });
  for (const [name, value] of Object.entries(pages.contentSecurityPolicy ?? {})) {
    if (/^[a-z-]+$/.test(name) && typeof value === "string" && /^[^;,\r\n]+$/.test(value)) continue;
    const path = `passwordResetRoutes.pages.contentSecurityPolicy["${name}"]`;
    throw mustBe(path, "the value of a directive, without a comma or a semicolon", value, `"'self'"`);
  }
}

async function respond(exchange: Exchange): Promise<Response> {
  try {
    if (exchange.below === WELL_KNOWN) return redirectToChange(exchange);
    return (await handleJson(exchange)) ?? (await handlePages(exchange));
  } catch (error) {
    return refuse(exchange, toProblem(exchange, error));
  }
}

function redirectToChange(exchange: Exchange): Response {
  const { config, visitor, requestPath, request } = exchange;
  if (!["GET", "HEAD"].includes(request.method)) throw new Problem("method_not_allowed", { allow: "GET, HEAD" });
  if (visitor.isSignedIn !== true) return redirectTo(exchange, requestPath);
  return redirectTo(exchange, config.changePasswordPath ?? config.homePath);
}

function handlePages(exchange: Exchange): Promise<Response> {
  if (exchange.config.pages === false) throw new Problem("not_found");
  return handlePage(exchange);
}

/** A failure of the application becomes fixed words. What went wrong is for `onError` and not for the visitor. */
function toProblem({ config }: Exchange, error: unknown): Problem {
  if (error instanceof Problem) return error;
  // `onError` of createPasswordReset has heard of failed ports.
  if (isRelatchError(error) && error.code !== "ERR_OPTIONS") return new Problem("unavailable");
  report(config, error);
  return new Problem("fault");
}

async function refuse(exchange: Exchange, problem: Problem): Promise<Response> {
  const { config, request, below, settings } = exchange;
  const { status, reason, facts } = problem;
  const { allow, retryAfterSeconds } = facts;
  const headers: [string, string][] = [];
  if (allow !== undefined) headers.push(["Allow", allow]);
  if (retryAfterSeconds !== undefined) headers.push(["Retry-After", String(retryAfterSeconds)]);
  const wantsJson = config.pages === false || JSON_PATHS.includes(below) || isJson(request) || prefersJson(request);
  if (wantsJson) {
    const detail = await describeProblem(settings.locale, problem, { isCode: below === "/code" });
    return respondWithProblem(exchange, problem, detail, headers);
  }
  const input = { ...pageInput(exchange), status, reason, retryAfterSeconds };
  return respondWithPage(exchange, status, (pages) => pages.problem(input), headers);
}

/** A listener that throws changes nothing. */
function report({ onError }: RoutesConfig, error: unknown): void {
  void (async () => onError(error))().catch(() => {});
}
