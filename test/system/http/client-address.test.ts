import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientBehindBackend, forwardedFor } from "../../../examples/shared/client-address.ts";

test("forwardedFor returns the last entry without brackets and port", () => {
  expect(forwardedFor('for="[2001:db8::1]:4711";proto=https')).toBe("2001:db8::1");
  expect(forwardedFor("for=192.0.2.1:80;by=203.0.113.4")).toBe("192.0.2.1");
  expect(forwardedFor('for="a", For=198.51.100.9 , for=192.0.2.1')).toBe("192.0.2.1");
  expect(forwardedFor("proto=https")).toBeUndefined();
  expect(forwardedFor(undefined)).toBeUndefined();
});

test("forwardedFor reads text in quotes as text", () => {
  const behindProxy = (host: string, sent = "") => forwardedFor(`${sent}proto=http;host="${host}";for=192.0.2.1`);
  expect(behindProxy("a,for=198.51.100.9")).toBe("192.0.2.1");
  expect(behindProxy("a;for=198.51.100.9")).toBe("192.0.2.1");
  expect(behindProxy('\\",for=198.51.100.9;a=\\"')).toBe("192.0.2.1");
  expect(behindProxy("a", 'for=198.51.100.9;host="b,c", ')).toBe("192.0.2.1");
  expect(forwardedFor('by=203.0.113.4;for="192.0.2.\\1";host="a,for=198.51.100.9"')).toBe("192.0.2.1");
});

test.each([
  ["a quote of the client that does not end", 'for=198.51.100.9;a=", for=192.0.2.1'],
  ["a quote that is not escaped", 'for=192.0.2.1;host="a";for=198.51.100.9;a=""'],
  // Some proxies do not escape the quotes in a host.
  ["two clients", 'proto=http;host="a",for=198.51.100.9;x="";for=192.0.2.1'],
  ["text after a quote", 'for="198.51.100.9"x'],
  ["a name that only ends with for", "xfor=198.51.100.9;x for=198.51.100.9"],
  ["an escape at the end", 'for="198.51.100.9\\'],
])("forwardedFor returns no address for %s", (_, header) => {
  expect(forwardedFor(header)).toBeUndefined();
});

test.each(['a="\\",', '"', ',;a="', "\\", "for=", " ", "[1]:1", 'x"="'])(
  "forwardedFor reads a header of many %j in linear time",
  (part) => {
    const start = performance.now();
    forwardedFor(part.repeat(200_000));
    forwardedFor(`for="${part.repeat(200_000)}"`);
    expect(performance.now() - start).toBeLessThan(3000);
  },
);

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
