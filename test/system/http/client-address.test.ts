import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientBehindBackend, forwardedFor } from "../../../examples/shared/client-address.ts";

test("forwardedFor returns the last entry without brackets and port", () => {
  expect(forwardedFor('for="[2001:db8::1]:4711";proto=https')).toBe("2001:db8::1");
  expect(forwardedFor("for=192.0.2.1:80;by=203.0.113.4")).toBe("192.0.2.1");
  expect(forwardedFor('for="a, for=198.51.100.9, for=192.0.2.1')).toBe("192.0.2.1");
  expect(forwardedFor("proto=https")).toBeUndefined();
  expect(forwardedFor(undefined)).toBeUndefined();
});

test("clientBehindBackend takes the address from our own backend and from nobody else", () => {
  const secret = "s".repeat(32);
  const request = (headers: Record<string, string>) =>
    ({ headers, socket: { remoteAddress: "192.0.2.1" } }) as unknown as IncomingMessage;
  const named = { "x-client-address": "198.51.100.9" };
  expect(clientBehindBackend(request({ ...named, "x-backend-secret": secret }), secret)).toBe("198.51.100.9");
  expect(clientBehindBackend(request({ ...named, "x-backend-secret": "t".repeat(32) }), secret)).toBe("192.0.2.1");
  expect(clientBehindBackend(request(named), secret)).toBe("192.0.2.1");
  expect(clientBehindBackend(request({ ...named, "x-backend-secret": "" }), "")).toBe("192.0.2.1");
});
