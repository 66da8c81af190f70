import { describe, expect, it } from "vitest";
import { COMPLETE, FORM, INSIDE, type Launch, RESET, VERIFY } from "./helpers.ts";

const post = (path: string, headers: string, body = "") =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n${body}`;
const get = (path: string, headers = "X: y") =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n`;
const json = "Content-Type: application/json";
const form = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin";

/** Requests that no HTTP client sends. */
const REQUESTS: readonly (readonly [string, string])[] = [
  ["noise", "\0\x01\x02ÿþ\r\n\r\n"],
  ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["a version of the future", "GET / HTTP/9.9\r\n\r\n"],
  ["an unknown method", get(RESET).replace("GET", "BREW")],
  ["a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
  ["all of the server", get("*").replace("GET", "OPTIONS")],
  ["no host", `GET ${RESET} HTTP/1.1\r\nConnection: close\r\n\r\n`],
  ["two hosts", get(RESET, "Host: evil.example")],
  ["a path that is a host", get("//evil.example/%2f..")],
  ["a path of dots, encoded", get(`${RESET}/%2e%2e%2f%2e%2e%2fetc%2fpasswd`)],
  ["a path with a NUL", get(`${RESET}/%00`)],
  ["a path that cannot be decoded", get(`${RESET}/%`)],
  ["a query that cannot be decoded", get(`${RESET}?notice=%E0%A4%A&%&=&notice[]=x`)],
  ["a long path", get(`${RESET}/${"A".repeat(10_000)}`)],
  ["a header with no name", get(RESET, ": x")],
  ["a header with a NUL", get(RESET, "X: \0")],
  ["too many headers", get(RESET, "X: y\r\n".repeat(5000).trim())],
  ["languages without end", get(RESET, `Accept-Language: ${"x;q=1e999,".repeat(1000)}`)],
  ["a language with a gap", get(RESET, `Accept-Language: a${" ".repeat(15_000)}b`)],
  ["cookies without end", get(`${RESET}/new_password`, `Cookie: ${"password_reset=%;;=".repeat(500)}`)],
  ["no length", post(RESET, json, "{}")],
  ["a length that is not a number", post(RESET, `${json}\r\nContent-Length: 2, 3`, "{}")],
  ["two lengths", post(RESET, `${json}\r\nContent-Length: 2\r\nContent-Length: 3`, "{}")],
  ["an endless length", post(RESET, `${json}\r\nContent-Length: 99999999999`, "{}")],
  ["less than promised", post(COMPLETE, `${json}\r\nContent-Length: 100`, `{"token":`)],
  ["length and chunks", post(RESET, `${json}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked`, "0\r\n\r\n")],
  ["a chunk cut short", post(RESET, `${json}\r\nTransfer-Encoding: chunked`, "ff\r\n{")],
  ["an unknown coding", post(RESET, `${json}\r\nTransfer-Encoding: x`, "{}")],
  ["an unknown expectation", post(RESET, `${json}\r\nExpect: tea\r\nContent-Length: 2`, "{}")],
  ["a thousand fields", post(RESET, `${form}\r\nContent-Length: 8000`, "&".repeat(8000))],
  ["a smuggled request", post(RESET, `${json}\r\nContent-Length: 2`, `{}${get("/evil")}`)],
  ["a target with another host", get(`http://evil.example${RESET}`)],
  ["two types", post(RESET, `${json}\r\n${form}\r\nContent-Length: 2`, "{}")],
  ["two origins", post(RESET, `${json}\r\nOrigin: http://a\r\nOrigin: http://b\r\nContent-Length: 2`, "{}")],
];

/** Tests malformed requests at the socket. */
export function rawContract(name: string, launch: Launch): void {
  describe(`${name}: at the socket`, () => {
    it("malformed requests neither crash the server nor reveal internals nor get a 5xx", {
      timeout: 30_000,
    }, async () => {
      const { app, client } = await launch();
      // With TLS, another program reads these bytes first.
      if (app.origin.startsWith("https:")) return;
      for (const path of [RESET, FORM, VERIFY]) {
        expect(await client.raw(get(path).replace("GET", "TRACE"))).toMatch(/^HTTP\/1\.1 405 /);
      }
      for (const [title, request] of REQUESTS) {
        const answer = await client.raw(Buffer.from(request, "latin1"));
        expect(answer, title).not.toMatch(INSIDE);
        expect(answer, title).not.toMatch(/^HTTP\/1\.1 50[0234]/);
        expect(answer, title).not.toMatch(/^Location: .*evil/im);
        expect((await client.get(RESET)).status, `after ${title}`).toBe(200);
      }
    });
  });
}
