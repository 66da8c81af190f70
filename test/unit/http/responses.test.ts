import { describe, expect, it } from "vitest";
import { MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { type SiteOptions, site } from "../../helpers/site.ts";
import { FORM, RESET, SOME_TOKEN, VERIFY } from "../../system/http/contract/helpers.ts";

const policyOf = async (options: SiteOptions): Promise<string> => {
  const { headers } = await site(options).client.get(RESET);
  return String(headers["content-security-policy"]);
};

describe("the Content-Security-Policy", () => {
  it("without a word from the pages nothing is allowed but images and forms of this origin", async () => {
    expect(await policyOf({})).toBe(
      "default-src 'none'; style-src 'none'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
  });

  it("the pages may allow more, directive by directive", async () => {
    const contentSecurityPolicy = { "style-src": "'sha256-x='", "font-src": "https://fonts.example" };
    const policy = await policyOf({ pages: { ...plainPages, contentSecurityPolicy } });
    expect(policy).toContain("; style-src 'sha256-x='; ");
    expect(policy).toContain("; font-src https://fonts.example");
    expect(policy.match(/style-src/g)).toHaveLength(1);
  });
});

describe("the headers of every response", () => {
  const STRICT = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    Vary: "Accept, Accept-Language, Cookie, Origin",
  };

  it.each([
    [RESET, "GET", 200],
    [RESET, "PUT", 405],
    [FORM, "GET", 303],
    [`${RESET}/${SOME_TOKEN}`, "GET", 303],
    [`${RESET}/x/y`, "GET", 404],
    [VERIFY, "GET", 405],
    [VERIFY, "POST", 415],
    ["/.well-known/change-password", "GET", 303],
  ])("%s by %s has them", async (path, method, status) => {
    const { headers, ...response } = await site()
      .handle(path, { method })
      .then((it) => ({ headers: it.headers, status: it.status }));
    expect(response.status).toBe(status);
    expect(Object.fromEntries(Object.keys(STRICT).map((name) => [name, headers.get(name)]))).toEqual(STRICT);
    expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  it.each([
    [RESET, "GET", "same-origin"],
    [RESET, "POST", "same-origin"],
    [FORM, "GET", "same-origin"],
    [FORM, "POST", "same-origin"],
    ["/.well-known/change-password", "GET", "same-origin"],
    [`${RESET}/${SOME_TOKEN}`, "GET", "no-referrer"],
    [`${RESET}/${SOME_TOKEN}/`, "HEAD", "no-referrer"],
    [`${RESET}/${SOME_TOKEN}/x`, "GET", "no-referrer"],
    [`${RESET}/${SOME_TOKEN}`, "POST", "strict-origin"],
    [`${RESET}/${SOME_TOKEN}/x`, "POST", "strict-origin"],
  ])("no Referer after %s by %s contains a token: %s", async (path, method, policy) => {
    expect((await site().handle(path, { method })).headers.get("Referrer-Policy")).toBe(policy);
  });
});

describe("problem details", () => {
  it("a refusal has title, status, reason and one sentence, and repeats nothing of the request", async () => {
    const { handle } = site();
    const body = JSON.stringify({ email: "<script>alert(1)</script>", token: "secret-token" });
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
    for (const path of [RESET, VERIFY]) {
      const response = await handle(path, init);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      const text = await response.text();
      expect(text).not.toMatch(/script|secret/);
      expect(JSON.parse(text)).toEqual({
        title: "Bad Request",
        status: 400,
        reason: path === RESET ? "invalid_email" : "invalid_or_expired_token",
        detail: expect.stringMatching(/^\S.{8,}$/),
      });
    }
  });

  it("the methods that are allowed are a header and no member", async () => {
    const response = await site().handle(RESET, { method: "PUT", headers: { Accept: "application/json" } });
    expect(response.headers.get("Allow")).toBe("GET, HEAD, POST");
    expect(await response.json()).not.toHaveProperty("allow");
  });

  it("HEAD has no body, whether it is a page or a problem", async () => {
    const { handle } = site();
    for (const [path, Accept] of [
      [RESET, "*/*"],
      [VERIFY, "*/*"],
      [`${RESET}/x/y`, "application/json"],
    ] as const) {
      const response = await handle(path, { method: "HEAD", headers: { Accept } });
      expect(await response.text()).toBe("");
    }
  });

  it("a throttled request tells the time of the next attempt as a header, to pages and programs", async () => {
    const throttled = async () => ({ ok: false, reason: "throttled", retryAfterSeconds: 61 }) as const;
    const { client } = site({ change: { requestReset: throttled } });
    for (const answer of [
      await client.post(RESET, { email: MIKE.email }),
      await client.json(RESET, { email: MIKE.email }),
    ]) {
      expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "61"]);
      expect(answer.body).toContain("61");
    }
  });
});
