import { describe, expect, test } from "vitest";
import { parseResetUrl } from "../src/reset-url.ts";
import { wrongOptions } from "./helpers/errors.ts";

const TOKEN = `-_${"Ab0".repeat(13)}xY`;

test.each([
  ["https://app.example.com/password_reset/:token", `https://app.example.com/password_reset/${TOKEN}`],
  ["https://app.example.com/:token/set?lang=en", `https://app.example.com/${TOKEN}/set?lang=en`],
  ["https://app.example.com/reset?token=:token&x=1", `https://app.example.com/reset?token=${TOKEN}&x=1`],
  ["https://app.example.com?t=:token", `https://app.example.com/?t=${TOKEN}`],
  ["https://app.example.com/reset#:token", `https://app.example.com/reset#${TOKEN}`],
  ["https://app.example.com:8443/:token", `https://app.example.com:8443/${TOKEN}`],
  ["https://APP.example.com/Reset/:token", `https://app.example.com/Reset/${TOKEN}`],
  ["https://münchen.de/:token", `https://xn--mnchen-3ya.de/${TOKEN}`],
  ["https://app.example.com/:tokens/:token", `https://app.example.com/:tokens/${TOKEN}`],
  ["http://localhost:8000/password_reset/:token", `http://localhost:8000/password_reset/${TOKEN}`],
  ["http://acme.localhost/:token", `http://acme.localhost/${TOKEN}`],
  ["http://127.0.0.1:3000/:token", `http://127.0.0.1:3000/${TOKEN}`],
  ["http://127.8.9.10/:token", `http://127.8.9.10/${TOKEN}`],
  ["http://[::1]:3000/:token", `http://[::1]:3000/${TOKEN}`],
])("%s makes %s", (template, link) => {
  expect(parseResetUrl(template)(TOKEN)).toBe(link);
});

test("nothing in a token is a replacement pattern", () => {
  expect(parseResetUrl("https://a.example/:token")("$&$1$`:token")).toBe("https://a.example/$&$1$`:token");
});

describe("refuses at construction", () => {
  const NO_URL = "is no absolute URL";
  const NOT_HTTPS = "must be https; plain http is for localhost";
  const CREDENTIALS = "carries credentials";
  const NOT_ONCE = "needs :token exactly once";
  const BLANKS = "holds white space";
  test.each([
    ["nothing (CVE-2022-29933: no default from the request)", undefined, NO_URL],
    ["null", null, NO_URL],
    ["a number", 42, NO_URL],
    ["a URL object", new URL("https://app.example.com/:token"), NO_URL],
    ["a String object", new String("https://app.example.com/:token"), NO_URL],
    ["nothing in quotes", "", NO_URL],
    ["a relative URL (CVE-2025-43932)", "/password_reset/:token", NO_URL],
    ["no scheme", "//app.example.com/:token", NO_URL],
    ["no scheme at all", "app.example.com/:token", NO_URL],
    ["plain http (CVE-2026-48902)", "http://app.example.com/:token", NOT_HTTPS],
    ["http to what only looks like loopback", "http://localhost.example.com/:token", NOT_HTTPS],
    ["http to another one", "http://127.0.0.1.example.com/:token", NOT_HTTPS],
    ["http to a third one", "http://notlocalhost/:token", NOT_HTTPS],
    ["http to the private network", "http://192.168.0.1/:token", NOT_HTTPS],
    ["http to every interface", "http://0.0.0.0/:token", NOT_HTTPS],
    ["http to another IPv6 address", "http://[::2]/:token", NOT_HTTPS],
    ["another scheme to this machine", "ftp://localhost/:token", NOT_HTTPS],
    ["another scheme", "ftp://app.example.com/:token", NOT_HTTPS],
    ["a script", "javascript:alert(1)//:token", NOT_HTTPS],
    ["data", "data:text/html,:token", NOT_HTTPS],
    ["a file", "file:///:token", NOT_HTTPS],
    ["a user (CVE-2012-4520)", "https://app.example.com@evil.example/:token", CREDENTIALS],
    ["a user and a password", "https://user:secret@app.example.com/:token", CREDENTIALS],
    ["the token for a password", "https://user:token@app.example.com/", CREDENTIALS],
    ["the token for a user", "https://:token@app.example.com/", CREDENTIALS],
    ["the token for a host", "https://:token/", NO_URL],
    ["the token in the host", "https://x:token.example.com/", NO_URL],
    ["the token for a port", "https://app.example.com:token", NO_URL],
    ["no token", "https://app.example.com/password_reset/", NOT_ONCE],
    ["the token in capitals", "https://app.example.com/:TOKEN", NOT_ONCE],
    ["a word that starts with it", "https://app.example.com/:tokens", NOT_ONCE],
    ["two of them", "https://app.example.com/:token/:token", NOT_ONCE],
    ["one in the path and one in the query", "https://app.example.com/:token?t=:token", NOT_ONCE],
    ["the token in percent signs", "https://app.example.com/%3Atoken", NOT_ONCE],
    ["white space around it", " https://app.example.com/:token", BLANKS],
    ["a line break that the URL parser would drop", "https://app.exa\nmple.com/:token", BLANKS],
    ["a tab in the token", "https://app.example.com/:to\tken", BLANKS],
    ["a control character", "https://app.example.com/\0:token", BLANKS],
    ["DEL", "https://app.example.com/\x7f:token", BLANKS],
  ])("%s", (_, template, why) => {
    const example = 'Write it like "https://app.example.com/password_reset/:token"';
    expect(() => parseResetUrl(template)).toThrow(wrongOptions(`resetUrl ${why}. ${example}`));
  });
});
