import { wrong } from "./checks.ts";
import { attempt } from "./fields.ts";

/** A checked link template: the token goes in, the link comes out. */
export type ResetUrl = (token: string) => string;

/**
 * Checks a link template once, so that no token ever goes to a place nobody meant: absolute, https (plain http
 * on loopback only), no credentials, `:token` exactly once and never in the authority.
 *
 * @throws RelatchError `ERR_OPTIONS`.
 */
export function parseResetUrl(template: unknown): ResetUrl {
  const refuse = (why: string): never => {
    throw wrong(`resetUrl ${why}. Write it like "https://app.example.com/password_reset/:token"`);
  };
  const url = attempt(() => new URL(template as string));
  if (typeof template !== "string" || !url) return refuse("is no absolute URL");
  // The URL parser drops tabs and line breaks unasked; what is checked must be what was written.
  if (/[\s\p{Cc}]/u.test(template)) return refuse("holds white space");

  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return refuse("must be https; plain http is for localhost");
  }
  if (url.username !== "" || url.password !== "") return refuse("carries credentials");

  const parts = url.href.split(/:token(?![A-Za-z0-9_])/);
  const [before, after] = parts;
  if (parts.length !== 2) return refuse("needs :token exactly once");
  return (token) => `${before}${token}${after}`;
}

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname);
