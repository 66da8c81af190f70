import type { Features, Settings } from "../core/api.ts";
import { type CookieNames, nameCookies } from "./cookies.ts";
import { listResetUrls, type RoutesConfig, readRequestPath } from "./options.ts";
import type { PageInput } from "./pages.ts";

/** Facts about a request that only the server knows. */
export type Visitor<F extends Features = Record<never, never>> = {
  /** The client's address, as in `requestReset`. */
  ip: string | false | null | undefined;
  /** `true`: the page that asks for a link redirects to `homePath`, and a link shows a page that says so. */
  isSignedIn?: boolean | undefined;
  /** As in `requestReset`. */
  correlationId?: string | null | undefined;
} & (F extends { tenant: infer Name extends string }
  ? { /** One of the option `tenants`. */ tenant: Name }
  : { tenant?: null | undefined });

/** One request, and everything that is known about it. */
export interface Exchange {
  readonly config: RoutesConfig;
  readonly request: Request;
  readonly visitor: Visitor;
  readonly settings: Settings;
  /** The origin of the links in the language of the visitor. */
  readonly origin: string;
  /** Facts for the calls of the library. */
  readonly call: { readonly tenant: never; readonly correlationId: string | null | undefined };
  /** The Accept-Language header. */
  readonly locale: string | undefined;
  readonly cookies: CookieNames;
  /** The page that asks for a link, and the form for the new password, as the browser sees them. */
  readonly requestPath: string;
  readonly formPath: string;
  /** The rest of the path, behind that of the routes: "" or "/" and more. */
  readonly below: string;
  readonly query: URLSearchParams;
}

/** The URL at which password managers look for the page that changes a password (W3C, "A Well-Known URL"). */
export const WELL_KNOWN = "/.well-known/change-password";

/** The place of a request among the routes. */
export interface Place {
  /** The path of the routes, as this server sees it. */
  readonly base: string;
  readonly below: string;
  readonly query: URLSearchParams;
}

/** Collects what is known about a request. */
export function createExchange(config: RoutesConfig, request: Request, visitor: Visitor, place: Place): Exchange {
  const { passwordReset, basePath, pages } = config;
  const { tenant, correlationId } = visitor;
  const locale = request.headers.get("Accept-Language") ?? undefined;
  const settings = passwordReset.settings({ tenant, locale } as never);
  const { origin, protocol } = new URL(settings.resetUrl);
  // Behind a proxy that strips a prefix, only `resetUrl` knows the path that the browser sees.
  const isElsewhere = basePath !== undefined || place.below === WELL_KNOWN;
  const requestPath = isElsewhere && pages !== false ? readRequestPath(settings.resetUrl) : place.base;
  return {
    config,
    request,
    visitor,
    settings,
    origin,
    call: { tenant: tenant as never, correlationId },
    locale,
    cookies: nameCookies(protocol === "https:"),
    requestPath,
    formPath: `${requestPath}/new_password`,
    below: place.below,
    query: place.query,
  };
}

/** Reports whether an origin is that of the links in any language. Each language may have its own host. */
export function isOwnOrigin({ config, visitor, origin }: Exchange, candidate: string): boolean {
  if (candidate === origin) return true;
  return listResetUrls(config.passwordReset, visitor.tenant ?? undefined).some(
    (url) => new URL(url).origin === candidate,
  );
}

/** Returns what every page is told. */
export function pageInput({ config, request, visitor, settings, requestPath }: Exchange): PageInput {
  const { appName, minPasswordLength, tokenLifetime, locale } = settings;
  const paths = { request: requestPath, login: config.loginPath, home: config.homePath };
  return { appName, minPasswordLength, tokenLifetime, locale, tenant: visitor.tenant ?? undefined, paths, request };
}
