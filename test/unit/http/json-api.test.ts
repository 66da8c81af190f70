import { describe, expect, it } from "vitest";
import { GOOD_PASSWORD, MIKE } from "../../helpers/harness.ts";
import { type SiteOptions, site } from "../../helpers/site.ts";
import { COMPLETE, FORM, RESET, SOME_TOKEN, VERIFY } from "../../system/http/contract/helpers.ts";

// The JSON API, as far as options decide what it does. What it does for everybody is the HTTP contract.

const SPA = "https://spa.example.com";
const APP = "capacitor://localhost";
const API: SiteOptions = {
  resetUrl: `${SPA}/reset/:token`,
  pages: false,
  routes: { basePath: RESET, allowedOrigins: ["https://admin.example.com:8443", "http://localhost:5173", APP] },
};
const ALLOWED = [SPA, "https://admin.example.com:8443", "http://localhost:5173", APP];
const OTHERS = [
  ...[
    "https://evil.example",
    "null",
    "",
    "https://admin.example.com",
    "http://localhost:5174",
    "https://localhost:5173",
  ],
  ...["capacitor://localhost.evil.example", `${SPA}/`, `${SPA}, ${SPA}`, SPA.toUpperCase(), "https://api.example.com"],
];
const PATHS = [RESET, VERIFY, COMPLETE];

const headersOf = (response: Response): string[] =>
  [...response.headers.keys()].filter((name) => name.startsWith("access"));
const post = (json: object, headers: Record<string, string> = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(json),
});
const preflight = (Origin: string) => ({
  method: "OPTIONS",
  headers: { Origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" },
});

describe("pages of other origins", () => {
  it.each(ALLOWED)("%s may ask, send and read", async (Origin) => {
    const { handle } = site(API);
    for (const path of PATHS) {
      const asked = await handle(path, preflight(Origin));
      expect([asked.status, asked.headers.get("Access-Control-Allow-Origin")]).toEqual([204, Origin]);
      expect(asked.headers.get("Access-Control-Allow-Methods")).toBe("POST");
      expect(asked.headers.get("Access-Control-Allow-Headers")).toBe("Content-Type");
      expect(asked.headers.get("Vary")).toContain("Origin");
      const sent = await handle(path, post({ token: SOME_TOKEN }, { Origin, "Sec-Fetch-Site": "cross-site" }));
      expect([sent.status, sent.headers.get("Access-Control-Allow-Origin")]).toEqual([400, Origin]);
      expect(sent.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
    const sent = await handle(RESET, post({ email: MIKE.email }, { Origin }));
    expect([sent.status, sent.headers.get("Access-Control-Allow-Origin")]).toEqual([200, Origin]);
  });

  it.each(OTHERS)("%j may not, and no response allows it anything", async (Origin) => {
    const its = site(API);
    for (const path of PATHS) {
      for (const init of [preflight(Origin), post({ email: MIKE.email }, { Origin })]) {
        const response = await its.handle(path, init);
        expect(response.status).toBe(init.method === "POST" ? 403 : 405);
        expect(headersOf(response)).toEqual([]);
      }
    }
    await its.passwordReset.drain();
    expect(its.mailer.sent).toEqual([]);
  });

  it("refusals can be read as well, with the time of the next attempt", async () => {
    const { handle } = site({
      ...API,
      change: { requestReset: async () => ({ ok: false, reason: "throttled", retryAfterSeconds: 7 }) },
    });
    const response = await handle(RESET, post({ email: MIKE.email }, { Origin: SPA }));
    expect([response.status, response.headers.get("Retry-After")]).toEqual([429, "7"]);
    expect(response.headers.get("Access-Control-Expose-Headers")).toBe("Retry-After");
  });

  it("an origin is allowed for JSON only: neither forms nor pages", async () => {
    const { handle } = site({ routes: { allowedOrigins: [SPA] } });
    const form = { "Content-Type": "application/x-www-form-urlencoded", Origin: SPA };
    for (const path of [RESET, FORM, `${RESET}/${SOME_TOKEN}`]) {
      const response = await handle(path, { method: "POST", headers: form, body: "email=x" });
      expect(response.status).toBe(403);
    }
    for (const path of [RESET, FORM, `${RESET}/${SOME_TOKEN}`, `${RESET}/x/y`]) {
      const response = await handle(path, { headers: { Origin: SPA, Accept: "text/html" } });
      expect(headersOf(response)).toEqual([]);
    }
    for (const path of [FORM, `${RESET}/${SOME_TOKEN}`]) {
      expect((await handle(path, preflight(SPA))).status).toBe(405);
    }
    expect((await handle(RESET, preflight(SPA))).status).toBe(204);
  });

  it("OPTIONS without the header of a preflight is another method", async () => {
    const response = await site(API).handle(VERIFY, { method: "OPTIONS", headers: { Origin: SPA } });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
  });

  it("the origin of resetUrl is enough for a page on a sibling host, whatever Sec-Fetch-Site says", async () => {
    const { handle } = site({ pages: false, resetUrl: `${SPA}/reset#:token`, routes: { basePath: RESET } });
    for (const site of ["same-site", "cross-site", "same-origin"]) {
      const response = await handle(RESET, post({ email: MIKE.email }, { Origin: SPA, "Sec-Fetch-Site": site }));
      expect(response.status).toBe(200);
    }
  });
});

describe("the fields of the JSON API", () => {
  it("verify tells the address, the expiry, the second factors and whether it is an invitation, and nothing else", async () => {
    const its = site({ accounts: [{ ...MIKE, passwordHash: null }] });
    const response = await its.handle(VERIFY, post({ token: await its.requestToken() }));
    expect(await response.json()).toEqual({
      ok: true,
      email: MIKE.email,
      isInvitation: true,
      expiresAt: new Date(its.clock.now + 3_600_000).toISOString(),
      secondFactors: [],
    });
  });

  it("complete tells whether sessions may be open, and no user id", async () => {
    const its = site({ revokeSessions: false });
    const response = await its.handle(COMPLETE, post({ token: await its.requestToken(), newPassword: GOOD_PASSWORD }));
    expect(await response.json()).toEqual({ ok: true, sessionsRevoked: false });
  });

  it("a signed-in visitor gets 409 for a link only, before the body is read", async () => {
    const its = site({ visitor: { isSignedIn: true } });
    const broken = { ...post({}), body: "{" };
    expect((await its.handle(RESET, broken)).status).toBe(409);
    expect((await its.handle(VERIFY, broken)).status).toBe(400);
    const token = await its.requestToken();
    expect((await its.handle(VERIFY, post({ token }))).status).toBe(200);
    expect((await its.handle(COMPLETE, post({ token, newPassword: GOOD_PASSWORD }))).status).toBe(200);
  });

  it("no response of the JSON API sets a cookie or reads one", async () => {
    const its = site();
    const token = await its.requestToken();
    const Cookie = `__Host-password_reset=${token}`;
    for (const path of PATHS) {
      const response = await its.handle(path, post({ newPassword: GOOD_PASSWORD }, { Cookie }));
      expect([response.status, response.headers.getSetCookie()]).toEqual([400, []]);
    }
    const done = await its.handle(COMPLETE, post({ token, newPassword: GOOD_PASSWORD }, { Cookie }));
    expect([done.status, done.headers.getSetCookie()]).toEqual([200, []]);
  });
});
