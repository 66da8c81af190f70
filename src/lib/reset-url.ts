import { optionError } from "./shape.ts";
import { readSafely } from "./untrusted-input.ts";

const EXAMPLE = '"https://app.example.com/password_reset/:token"';

/** A template of links that was checked. */
export interface ResetUrl {
  readonly template: string;
  readonly origin: string;
  linkTo(token: string): string;
}

/**
 * Checks the template of all links once, so that no token ever goes to an unintended place: an absolute URL with https
 * (http is allowed on loopback only), no credentials, and `:token` exactly once, after the host.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the template does not pass.
 */
export function parseResetUrl(template: unknown, path = "resetUrl"): ResetUrl {
  const refuse = (demand: string): never => {
    const received = typeof template === "string" ? JSON.stringify(template) : typeof template;
    throw optionError(`${path} must ${demand}, received ${received}. Example: ${EXAMPLE}.`);
  };
  const url = readSafely(() => new URL(template as string));
  if (typeof template !== "string" || !url) return refuse("be an absolute URL");
  // The URL parser drops tabs and line breaks silently, so what is checked would not be what was written.
  if (/[\s\p{Cc}]/u.test(template)) return refuse("contain no white space");
  if (url.username !== "" || url.password !== "") {
    throw optionError(`${path} must contain no user name or password. Example: ${EXAMPLE}.`);
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return refuse("use https (http is allowed on localhost only)");
  }

  const parts = url.href.split(/:token(?![A-Za-z0-9_])/);
  const [before, after] = parts;
  if (parts.length !== 2) return refuse("contain :token exactly once");
  return { template, origin: url.origin, linkTo: (token) => `${before}${token}${after}` };
}

/** Reports whether a host name, as `URL` writes it, leads to this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname);
