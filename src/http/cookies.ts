import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding } from "@oslojs/encoding";
import { utf8 } from "../lib/bytes.ts";
import { canonicalEmail } from "../lib/email-address.ts";
import { readSafely } from "../lib/untrusted-input.ts";

/** How long the browser may keep a link or a ticket, in seconds. */
const MAX_SECONDS = 15 * 60;
/** How long the browser keeps the address for the sign-in form, in seconds. */
const EMAIL_SECONDS = 5 * 60;
/** Longest header that is read, in characters. Servers allow about as much for all headers together. */
const MAX_LENGTH = 16 * 1024;

/**
 * The names of the cookies. With `__Host-`, a browser takes them only from this very host over https, so no other
 * subdomain can plant one (RFC 6265bis §4.1.3.2). Plain http on loopback, in development, cannot have the prefix.
 */
export interface CookieNames {
  readonly isSecure: boolean;
  readonly grant: string;
  readonly ticket: string;
  readonly email: string;
}

export function nameCookies(isSecure: boolean): CookieNames {
  const prefix = isSecure ? "__Host-" : "";
  const name = `${prefix}password_reset`;
  return { isSecure, grant: name, ticket: `${name}_ticket`, email: `${name}_email` };
}

/** Returns the value of a cookie, or `undefined` if there is none, or more than one of this name. */
export function readCookie(header: string | null | undefined, name: string): string | undefined {
  if (!header || header.length > MAX_LENGTH) return undefined;
  const values = header
    .split(";")
    // Only spaces and tabs, because for a browser a name that starts with U+00A0 does not have the prefix.
    .map((pair) => pair.replace(/^[ \t]+/, "").trimEnd())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

const writeCookie = ({ isSecure }: CookieNames, pair: string, seconds: number, sameSite: "Lax" | "Strict"): string =>
  `${pair}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=${sameSite}${isSecure ? "; Secure" : ""}`;

/** Lax, because browsers do not send a Strict cookie along the redirect if the link was opened from a webmail. */
const setCookie = (names: CookieNames, name: string, value: string, seconds: number): string =>
  writeCookie(names, `${name}=${value}`, seconds, "Lax");

/** Sets the cookie that contains the ticket of a code. Strict, because only a form of our own pages needs it. */
export const setTicket = (names: CookieNames, ticket: string, seconds: number): string =>
  writeCookie(names, `${names.ticket}=${ticket}`, Math.min(MAX_SECONDS, Math.floor(seconds)), "Strict");

export const clearTicket = (names: CookieNames): string => setTicket(names, "", 0);

/** Sets the cookie that contains a valid link, until it expires or for 15 minutes. */
export function setGrant(names: CookieNames, token: string, expiresAt: Date, now: Date): string {
  const left = Math.floor((expiresAt.getTime() - now.getTime()) / 1000);
  // The library may have another clock, by which the link is valid. A cookie that outlives its link opens nothing.
  const seconds = left > 0 ? Math.min(MAX_SECONDS, left) : MAX_SECONDS;
  return setCookie(names, names.grant, encodeURIComponent(token), seconds);
}

export const clearGrant = (names: CookieNames): string => setCookie(names, names.grant, "", 0);

/** Returns the link in the cookie. */
export function readGrant(names: CookieNames, header: string | null): string | undefined {
  const value = readCookie(header, names.grant);
  return value ? readSafely(() => decodeURIComponent(value)) : undefined;
}

/** Sets the cookie that tells the sign-in page which address to prefill. It never appears in a URL. */
export const setEmail = (names: CookieNames, email: string): string =>
  setCookie(names, names.email, encodeBase64urlNoPadding(utf8(email)), EMAIL_SECONDS);

/**
 * Returns the address to prefill on the sign-in page after a reset, from the `Cookie` header of its request, or
 * `undefined`. Everybody can write a cookie into their own browser, so it is a convenience and proves nothing.
 *
 * @example
 * const email = readSignInEmail(request.headers.get("Cookie"));
 */
export function readSignInEmail(cookieHeader: string | null | undefined): string | undefined {
  const header = typeof cookieHeader === "string" ? cookieHeader : undefined;
  const value = readCookie(header, nameCookies(true).email) ?? readCookie(header, nameCookies(false).email);
  const email = readSafely(() =>
    new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64urlIgnorePadding(value ?? "")),
  );
  return canonicalEmail(email) === undefined ? undefined : email;
}
