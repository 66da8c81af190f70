import type { Features, Method, PasswordReset } from "../core/api.ts";
import { isLoopback } from "../lib/reset-url.ts";
import {
  aFunction,
  anArrayOf,
  anObjectWith,
  mustBe,
  optional,
  optionError,
  type Reader,
  readOptions,
} from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Pages } from "./pages.ts";
import { printError } from "./print-error.ts";

/** Options of `passwordResetRoutes`. Name, URLs and lengths come from `passwordReset.settings()`. */
export interface PasswordResetRoutesOptions<F extends Features = Record<never, never>> {
  /** The return value of `createPasswordReset`. */
  passwordReset: PasswordReset<F>;
  /** `defaultPages()` of `relatch/pages`, your own pages, or `false`: only the JSON API. */
  pages: Pages | false;
  /**
   * `"code"`: the pages ask for the code in the email, which the option `codes` adds to the link. The link works as well.
   * Default: `"link"`. The JSON API offers both whatever this says.
   */
  method?: Method<F> | undefined;
  /**
   * The sign-in page, to which the browser goes after a reset, with `?notice=password_set`: a path, or an https URL of
   * another origin.
   * Default: `/login`.
   */
  loginPath?: string | undefined;
  /** The page for visitors who are signed in: a path. Default: `/`. */
  homePath?: string | undefined;
  /**
   * The path that signs out. A form is posted there, with a path to come back to in the field `return_to`. Without it, somebody who is
   * signed in and opens a link is only offered to go on.
   */
  signOutPath?: string | undefined;
  /** The path to which `/.well-known/change-password` leads visitors who are signed in. Default: `homePath`. */
  changePasswordPath?: string | undefined;
  /**
   * The path of the routes, as this server sees it: behind a proxy that strips a prefix, on an API host, or if tenants are
   * dynamic. Default: the path of `resetUrl`, without `/:token`.
   */
  basePath?: string | undefined;
  /** Other origins whose pages may use the JSON API, besides that of `resetUrl`: `["https://spa.example.com"]`. Default: none. */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Reports whether an address has an account. If it is given, the page says that an address is unknown, so everybody can
   * find out who has an account. Without it, nobody can.
   */
  revealUnknownAccounts?: ((email: string, tenant: string | undefined) => Promise<boolean>) | undefined;
  /** Hears what a page or one of these functions threw. Default: a line on stderr. */
  onError?: ((error: unknown) => unknown) | undefined;
}

/** A password reset with any features. Without the option `secondFactor`, `secondFactors` is missing. */
export type AnyPasswordReset = PasswordReset<{ codes: true; secondFactor: string }>;

/** The options, checked and complete. */
export interface RoutesConfig {
  readonly passwordReset: AnyPasswordReset;
  readonly pages: Pages | false;
  readonly method: Method;
  readonly loginPath: string;
  readonly homePath: string;
  readonly signOutPath: string | undefined;
  readonly changePasswordPath: string | undefined;
  readonly basePath: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly revealUnknownAccounts: PasswordResetRoutesOptions["revealUnknownAccounts"];
  readonly onError: (error: unknown) => unknown;
}

/** Reports whether a value is a path. Two slashes at the start, or a backslash, lead to another host. */
const isPath = (value: unknown): value is string => typeof value === "string" && /^\/(?![/\\])[!-~]*$/.test(value);

/** Reads a path of this site, such as `/login`. */
const aPath: Reader<string> = (value, path) => {
  if (isPath(value)) return value;
  throw mustBe(path, "a path that starts with one slash", value, '"/login"');
};

/** Reads a path of this site, or an https URL (http on loopback). */
const aPathOrUrl: Reader<string> = (value, path) => {
  if (typeof value === "string" && !value.startsWith("/") && isSafeUrl(value)) return value;
  if (isPath(value)) return value;
  throw mustBe(path, "a path that starts with one slash, or an https URL", value, '"/login"');
};

const aBasePath: Reader<string> = (value, path) => {
  if (typeof value === "string" && /^(?:\/[\w.~-]+)+$/.test(value)) return value;
  throw mustBe(path, "a path without a slash at its end", value, '"/password_reset"');
};

/** Reads an origin as browsers write it. Mobile apps have their own schemes: `capacitor://localhost`. */
const anOrigin: Reader<string> = (value, path) => {
  const isOrigin = (text: string) => isSafeUrl(text) && new URL(text).origin === text;
  const isOfApp = (text: string) => /^(?!https?:|file:)[a-z][a-z\d+.-]*:\/\/[a-z\d.-]+$/.test(text);
  if (typeof value === "string" && (isOrigin(value) || isOfApp(value))) return value;
  throw mustBe(path, "an origin: https, a host, and nothing behind it", value, '"https://spa.example.com"');
};

const aMethod: Reader<Method> = (value, path) => {
  if (value === "link" || value === "code") return value;
  throw mustBe(path, '"link" or "code"', value);
};

const somePages: Reader<Pages | false> = (value, path) => {
  if (value === false) return value;
  return anObjectWith<Pages>(["request", "sent", "newPassword", "signedIn", "problem"])(value, path);
};

function isSafeUrl(text: string): boolean {
  const url = readSafely(() => new URL(text));
  if (url?.username !== "" || url.password !== "") return false;
  // Other signs are possible in a host, such as a wildcard, and would match nothing or mean something in a policy.
  if (!/^[\w.-]+$|^\[[\da-f:.]+\]$/.test(url.hostname)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

const SHAPE = {
  passwordReset: anObjectWith<AnyPasswordReset>(["requestReset", "verifyToken", "completeReset", "settings"]),
  pages: somePages,
  method: optional(aMethod, "link" as const),
  loginPath: optional(aPathOrUrl, "/login"),
  homePath: optional(aPath, "/"),
  signOutPath: optional(aPath),
  changePasswordPath: optional(aPath),
  basePath: optional(aBasePath),
  allowedOrigins: optional(anArrayOf(anOrigin), []),
  revealUnknownAccounts: optional(aFunction<NonNullable<RoutesConfig["revealUnknownAccounts"]>>()),
  onError: optional(aFunction<(error: unknown) => unknown>(), (error: unknown) =>
    printError("passwordResetRoutes", error),
  ),
};

/**
 * Reads the options.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 */
export function readRoutesConfig(options: unknown): RoutesConfig {
  const config: RoutesConfig = readOptions("passwordResetRoutes", options, SHAPE);
  const { method, passwordReset } = config;
  // Settings need a tenant, and dynamic ones are not known yet.
  if (method === "code" && passwordReset.tenants !== "dynamic") {
    const { codes } = passwordReset.settings({ tenant: passwordReset.tenants?.[0] } as never);
    if (!codes) throw optionError(CODES_NEEDED);
  }
  return Object.freeze(config);
}

const CODES_NEEDED =
  'passwordResetRoutes.method must be "link", because createPasswordReset was not given the option codes. Example: codes: true.';

/** Lists the templates of the links of one site, in every language. */
export function listResetUrls(passwordReset: AnyPasswordReset, tenant: string | undefined): readonly string[] {
  const { languages } = passwordReset.settings({ tenant } as never);
  return languages.map((locale) => passwordReset.settings({ tenant, locale } as never).resetUrl);
}

/**
 * Lists the paths at which the routes are found, as this server sees them: of every tenant in every language, the longest
 * first, because one may lie below another.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `resetUrl` has no path before the token, or is not known yet.
 */
export function listBasePaths({ basePath, passwordReset }: RoutesConfig): readonly string[] {
  if (basePath !== undefined) return [basePath];
  const { tenants } = passwordReset;
  if (tenants === "dynamic")
    throw mustBe(
      "passwordResetRoutes.basePath",
      "a path if tenants are dynamic, because they are not known yet",
      basePath,
      '"/password_reset"',
    );
  const urls = (tenants ?? [undefined]).flatMap((tenant) => listResetUrls(passwordReset, tenant));
  return [...new Set(urls.map(readRequestPath))].sort((a, b) => b.length - a.length);
}

/**
 * Returns the path of the page that asks for a link, from the template of links.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the token is not the last segment of a path with more than one.
 */
export function readRequestPath(resetUrl: string): string {
  const { pathname, search, hash } = new URL(resetUrl);
  // At the root, these routes would replace the whole application. A path with two slashes at its start is another host.
  if (/^\/(?!\/).+\/:token$/.test(pathname) && search === "" && hash === "")
    return pathname.slice(0, -"/:token".length);
  throw optionError(
    `resetUrl must end with /:token, below a path, because passwordResetRoutes serves the pages there, received "${resetUrl}". ` +
      'Example: "https://app.example.com/password_reset/:token". Or give pages: false and basePath.',
  );
}
