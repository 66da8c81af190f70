import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

// The client's address where no framework reads it: for `ip` of `requestReset`, and of the function that describes a visitor.

/**
 * Returns the address that the only proxy in front has written into `Forwarded` (RFC 7239). The client may have sent the
 * header as well, so the last entry counts.
 */
export function forwardedFor(header: string | undefined): string | undefined {
  const entry = header?.split(",").at(-1) ?? "";
  const node = /(?:^|;)\s*for="?([^";]+)/i.exec(entry)?.[1];
  return node?.replace(/^\[(.+)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
}

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
