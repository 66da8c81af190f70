import { describe, expect, it } from "vitest";
import { assertOwnForm, assertOwnJson, prefersJson } from "../../../src/http/guards.ts";

const URL = "https://app.example.com/";
const post = (headers: Record<string, string>) => new Request(URL, { method: "POST", headers });
const isOurs = (origin: string) => origin === "https://app.example.com";
const passes = (assert: typeof assertOwnForm, headers: Record<string, string>): boolean => {
  try {
    assert(post(headers), isOurs);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ reason: "cross_site", status: 403 });
    return false;
  }
};

describe("the origin of a POST", () => {
  const OURS = [
    { Origin: "https://app.example.com" },
    { Origin: "https://app.example.com", "Sec-Fetch-Site": "same-origin" },
    // A page of a sibling host that the configuration names, and proxies that change the header.
    { Origin: "https://app.example.com", "Sec-Fetch-Site": "same-site" },
    { Origin: "https://app.example.com", "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-origin" },
  ];
  it.each(OURS)("a form and JSON pass with %j", (headers) => {
    expect([passes(assertOwnForm, headers), passes(assertOwnJson, headers)]).toEqual([true, true]);
  });

  const THEIRS = [
    { Origin: "null" },
    { Origin: "" },
    { Origin: "null", "Sec-Fetch-Site": "same-origin" },
    { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
    ...[
      "https://app.example.com:8443",
      "http://app.example.com",
      "https://APP.example.com",
      "https://app.example.com/",
    ].map((Origin) => ({ Origin, "Sec-Fetch-Site": "same-origin" })),
    { Origin: "https://app.example.com.evil.example" },
    { Origin: "https://app.example.com, https://app.example.com" },
    ...["cross-site", "same-site", "none", "", "Same-Origin", "same-origin, same-origin"].map((site) => ({
      "Sec-Fetch-Site": site,
    })),
  ];
  it.each(THEIRS)("a form and JSON are refused with %j", (headers: Record<string, string>) => {
    expect([passes(assertOwnForm, headers), passes(assertOwnJson, headers)]).toEqual([false, false]);
  });

  it("JSON passes if nobody says where it comes from, and a form does not", () => {
    const headers = { Referer: URL, Host: "app.example.com" };
    expect([passes(assertOwnForm, headers), passes(assertOwnJson, headers)]).toEqual([false, true]);
  });
});

describe("prefersJson", () => {
  it.each([
    "application/json",
    "APPLICATION/JSON",
    "application/problem+json",
    "application/json, text/plain, */*",
    "text/html;q=0.5, application/json",
    "text/html;q=0.5, application/*;q=0.6",
    "application/*",
    "text/html;q=0, application/json;q=0.1",
    "text/*;q=0.9, application/json",
    "application/json;charset=utf-8;q=0.9, text/html;q=0.8",
  ])("%j prefers JSON", (accept) => {
    expect(prefersJson(new Request(URL, { headers: { Accept: accept } }))).toBe(true);
  });

  it.each([
    "",
    "*/*",
    "text/html",
    "text/html, application/json",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;q=0.5, text/html",
    "application/json;q=0",
    "application/json;q=2, text/html",
    "application/json;q=x, text/html",
    "image/png",
    "text/json",
    ";;,=,q=x;",
    `${"text/plain,".repeat(20)}application/json`,
    `application/json,${" ".repeat(600)}`,
  ])("%j does not prefer JSON", (accept) => {
    expect(prefersJson(new Request(URL, { headers: { Accept: accept } }))).toBe(false);
  });

  it("without the header a page is preferred", () => {
    expect(prefersJson(new Request(URL))).toBe(false);
  });
});
