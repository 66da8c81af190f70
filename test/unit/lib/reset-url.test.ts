import { describe, expect, test } from "vitest";
import { parseResetUrl } from "../../../src/lib/reset-url.ts";
import { relatchError } from "../../helpers/errors.ts";

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
])("parseResetUrl makes of %s the link %s", (template, link) => {
  expect(parseResetUrl(template).linkTo(TOKEN)).toBe(link);
});

test("parseResetUrl returns the origin and the template as written", () => {
  const template = "https://APP.example.com:443/Reset/:token";
  expect(parseResetUrl(template)).toMatchObject({ origin: "https://app.example.com", template });
});

test("parseResetUrl reads nothing in a token as a replacement pattern", () => {
  const { linkTo } = parseResetUrl("https://a.example/:token");
  expect(linkTo("$&$1$`:token")).toBe("https://a.example/$&$1$`:token");
});

describe("parseResetUrl refuses", () => {
  const NOT_URL = "absolute URL";
  const NOT_HTTPS = "https";
  const NOT_ONCE = "exactly once";
  const BLANKS = "white space";
  test.each([
    ["nothing: there is no default from the request", undefined, NOT_URL],
    ["null", null, NOT_URL],
    ["a number", 42, NOT_URL],
    ["a URL object", new URL("https://app.example.com/:token"), NOT_URL],
    ["a String object", new String("https://app.example.com/:token"), NOT_URL],
    ["an empty string", "", NOT_URL],
    ["a relative URL", "/password_reset/:token", NOT_URL],
    ["a URL without a scheme", "//app.example.com/:token", NOT_URL],
    ["plain http", "http://app.example.com/:token", NOT_HTTPS],
    ["http to a host that only starts like loopback", "http://localhost.example.com/:token", NOT_HTTPS],
    ["http to a host that only starts like 127.0.0.1", "http://127.0.0.1.example.com/:token", NOT_HTTPS],
    ["http to a host that only ends like localhost", "http://notlocalhost/:token", NOT_HTTPS],
    ["http to the private network", "http://192.168.0.1/:token", NOT_HTTPS],
    ["http to every interface", "http://0.0.0.0/:token", NOT_HTTPS],
    ["http to another IPv6 address", "http://[::2]/:token", NOT_HTTPS],
    ["another scheme to localhost", "ftp://localhost/:token", NOT_HTTPS],
    ["a script", "javascript:alert(1)//:token", NOT_HTTPS],
    ["a data URL", "data:text/html,:token", NOT_HTTPS],
    ["a file", "file:///:token", NOT_HTTPS],
    ["a user name", "https://app.example.com@evil.example/:token", "user name or password"],
    ["a password", "https://user:secret@app.example.com/:token", "user name or password"],
    ["the token as the password", "https://user:token@app.example.com/", "user name or password"],
    ["the token as the host", "https://:token/", NOT_URL],
    ["the token as the port", "https://app.example.com:token", NOT_URL],
    ["no token", "https://app.example.com/password_reset/", NOT_ONCE],
    ["the token in capitals", "https://app.example.com/:TOKEN", NOT_ONCE],
    ["a word that starts with the token", "https://app.example.com/:tokens", NOT_ONCE],
    ["the token twice", "https://app.example.com/:token?t=:token", NOT_ONCE],
    ["the token in percent encoding", "https://app.example.com/%3Atoken", NOT_ONCE],
    ["white space around the URL", " https://app.example.com/:token", BLANKS],
    ["a line break that the URL parser would drop", "https://app.exa\nmple.com/:token", BLANKS],
    ["a tab in the token", "https://app.example.com/:to\tken", BLANKS],
    ["a control character", "https://app.example.com/\0:token", BLANKS],
    ["the DEL character", "https://app.example.com/\x7f:token", BLANKS],
  ])("%s", (_, template, keyword) => {
    expect(() => parseResetUrl(template)).toThrow(relatchError("ERR_OPTIONS", keyword));
  });
});
