import { describe, expect, it } from "vitest";
import { COMPLETE, INSIDE, type Launch, RESET } from "./helpers.ts";

const post = (path: string, headers: string, body = "") =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n${body}`;
const get = (path: string, headers = "X: y") =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n`;
const json = "Content-Type: application/json";
const form = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin";

/** What no HTTP client sends. */
const REQUESTS: readonly (readonly [string, string])[] = [
  ["noise", "\0\x01\x02ÿþ\r\n\r\n"],
  ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["a version of the future", "GET / HTTP/9.9\r\n\r\n"],
  ["a method of its own", get(RESET).replace("GET", "BREW")],
  ["a method in lower case", get(RESET).replace("GET", "get")],
  ["a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
  ["an upgrade", get(RESET, "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13")],
  ["all of the server", get("*").replace("GET", "OPTIONS")],
  ["no host", `GET ${RESET} HTTP/1.1\r\nConnection: close\r\n\r\n`],
  ["two hosts", get(RESET, "Host: evil.example")],
  ["a path that is a host", get("//evil.example/%2f..")],
  ["a path of dots", get(`${RESET}/../../../etc/passwd`)],
  ["a path of dots, encoded", get(`${RESET}/%2e%2e%2f%2e%2e%2fetc%2fpasswd`)],
  ["a path with a NUL", get(`${RESET}/%00`)],
  ["a path in no encoding", get(`${RESET}/ÿ`)],
  ["a path that cannot be decoded", get(`${RESET}/%`)],
  ["a query that cannot be decoded", get(`${RESET}?notice=%E0%A4%A&%&=&notice[]=x`)],
  ["a long path", get(`${RESET}/${"A".repeat(10_000)}`)],
  ["a header with no name", get(RESET, ": x")],
  ["a header with no colon", get(RESET, "x")],
  ["a header with a NUL", get(RESET, "X: \0")],
  ["a folded header", get(RESET, "X: y\r\n z")],
  ["too many headers", get(RESET, "X: y\r\n".repeat(5000).trim())],
  ["languages without end", get(RESET, `Accept-Language: ${"x;q=1e999,".repeat(1000)}`)],
  ["cookies without end", get(`${RESET}/new_password`, `Cookie: ${"password_reset=%;;=".repeat(500)}`)],
  ["two types", post(RESET, `${json}\r\nContent-Type: text/html\r\nContent-Length: 2`, "{}")],
  ["two origins", post(RESET, `${json}\r\nOrigin: http://x\r\nOrigin: null\r\nContent-Length: 2`, "{}")],
  ["no length", post(RESET, json, "{}")],
  ["a length below zero", post(RESET, `${json}\r\nContent-Length: -1`, "{}")],
  ["a length that is no number", post(RESET, `${json}\r\nContent-Length: 2, 3`, "{}")],
  ["two lengths", post(RESET, `${json}\r\nContent-Length: 2\r\nContent-Length: 3`, "{}")],
  ["an endless length", post(RESET, `${json}\r\nContent-Length: 99999999999`, "{}")],
  ["less than promised", post(COMPLETE, `${json}\r\nContent-Length: 100`, `{"token":`)],
  ["less than promised of a form", post(RESET, `${form}\r\nContent-Length: 100`, "email=")],
  [
    "length and chunks",
    post(RESET, `${json}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked`, "0\r\n\r\n"),
  ],
  ["a chunk of no size", post(RESET, `${json}\r\nTransfer-Encoding: chunked`, "x\r\n{}\r\n0\r\n\r\n")],
  ["a chunk cut short", post(RESET, `${json}\r\nTransfer-Encoding: chunked`, "ff\r\n{")],
  ["a coding of its own", post(RESET, `${json}\r\nTransfer-Encoding: x`, "{}")],
  ["an expectation of its own", post(RESET, `${json}\r\nExpect: tea\r\nContent-Length: 2`, "{}")],
  ["a thousand fields", post(RESET, `${form}\r\nContent-Length: 8000`, "&".repeat(8000))],
  ["a field that cannot be decoded", post(RESET, `${form}\r\nContent-Length: 10`, "email=%E0%")],
  ["a smuggled request", post(RESET, `${json}\r\nContent-Length: 2`, `{}${get("/evil")}`)],
];

/** Bytes that no client sends. */
export function rawContract(name: string, launch: Launch): void {
  describe(`${name}: at the socket`, () => {
    it("survives everything, tells nothing of the inside, and finds no fault of its own", async () => {
      const { app, client } = await launch();
      // Over TLS they are the affair of whoever ends it.
      if (app.origin.startsWith("https:")) return;
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
