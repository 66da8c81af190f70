import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

// The client's address where no framework reads it: for `ip` of `requestReset`, and of the function that describes a visitor.

/**
 * Returns the address that the only proxy in front has written into `Forwarded` (RFC 7239). The client may have sent the
 * header as well, so the last entry counts. The proxy may also quote text of the client there, such as the host. Returns
 * `undefined` if that entry is malformed, or names two clients.
 */
export function forwardedFor(header = ""): string | undefined {
  const pairs = splitOutsideQuotes(splitOutsideQuotes(header, ",").at(-1) ?? "", ";").map((pair) => PAIR.exec(pair));
  const clients = pairs.filter((pair) => pair?.[1]?.toLowerCase() === "for");
  if (pairs.includes(null) || clients.length !== 1) return undefined;
  const [, , quoted, token] = clients[0] ?? [];
  const node = quoted?.replace(/\\(.)/g, "$1") ?? token;
  return node?.replace(/^\[([^\]]+)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
}

/** A name, and a value that is quoted or not. */
const PAIR = /^\s*([^\s"=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*$/;

/** A quote that does not end takes the rest along, which makes the entry malformed. In linear time. */
const splitOutsideQuotes = (text: string, separator: "," | ";"): string[] =>
  text.match(separator === "," ? /(?:"(?:[^"\\]|\\.)*"?|[^",])+/g : /(?:"(?:[^"\\]|\\.)*"?|[^";])+/g) ?? [];

/**
 * Returns the address that our own backend for a browser application passes on, and that of the connection for everybody
 * else. `secret` is known to the two servers alone: at least 32 characters.
 */
export function clientBehindBackend({ headers, socket }: IncomingMessage, secret: string): string | undefined {
  const expected = Buffer.from(secret);
  const given = Buffer.from(String(headers["x-backend-secret"] ?? ""));
  const isBackend = expected.length >= 32 && given.length === expected.length && timingSafeEqual(given, expected);
  return isBackend ? String(headers["x-client-address"]) : socket.remoteAddress;
}
