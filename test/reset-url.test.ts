import { describe, expect, test } from "vitest";
import { parseResetUrl } from "../src/reset-url.ts";
import { WRONG_OPTIONS } from "./helpers/errors.ts";

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
  test.each([
    ["nothing (CVE-2022-29933: no default from the request)", undefined],
    ["null", null],
    ["a number", 42],
    ["a URL object", new URL("https://app.example.com/:token")],
    ["a String object", new String("https://app.example.com/:token")],
    ["nothing in quotes", ""],
    ["a relative URL (CVE-2025-43932)", "/password_reset/:token"],
    ["no scheme", "//app.example.com/:token"],
    ["no scheme at all", "app.example.com/:token"],
    ["plain http (CVE-2026-48902)", "http://app.example.com/:token"],
    ["http to what only looks like loopback", "http://localhost.example.com/:token"],
    ["http to another one", "http://127.0.0.1.example.com/:token"],
    ["http to a third one", "http://notlocalhost/:token"],
    ["http to the private network", "http://192.168.0.1/:token"],
    ["http to every interface", "http://0.0.0.0/:token"],
    ["http to another IPv6 address", "http://[::2]/:token"],
    ["another scheme", "ftp://app.example.com/:token"],
    ["a script", "javascript:alert(1)//:token"],
    ["data", "data:text/html,:token"],
    ["a file", "file:///:token"],
    ["a user (CVE-2012-4520)", "https://app.example.com@evil.example/:token"],
    ["a user and a password", "https://user:secret@app.example.com/:token"],
    ["the token for a password", "https://user:token@app.example.com/"],
    ["the token for a user", "https://:token@app.example.com/"],
    ["the token for a host", "https://:token/"],
    ["the token in the host", "https://x:token.example.com/"],
    ["the token for a port", "https://app.example.com:token"],
    ["no token", "https://app.example.com/password_reset/"],
    ["the token in capitals", "https://app.example.com/:TOKEN"],
    ["a word that starts with it", "https://app.example.com/:tokens"],
    ["two of them", "https://app.example.com/:token/:token"],
    ["one in the path and one in the query", "https://app.example.com/:token?t=:token"],
    ["the token in percent signs", "https://app.example.com/%3Atoken"],
    ["white space around it", " https://app.example.com/:token"],
    ["a line break that the URL parser would drop", "https://app.exa\nmple.com/:token"],
    ["a tab in the token", "https://app.example.com/:to\tken"],
    ["a control character", "https://app.example.com/\0:token"],
    ["DEL", "https://app.example.com/\x7f:token"],
  ])("%s", (_, template) => {
    expect(() => parseResetUrl(template)).toThrow(WRONG_OPTIONS);
  });

  test("with an example of what to write", () => {
    expect(() => parseResetUrl("http://app.example.com/:token")).toThrow(
      /resetUrl must be https.*https:\/\/app\.example\.com\/password_reset\/:token/,
    );
  });
});
