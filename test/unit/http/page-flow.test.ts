import { type LegacyTokens, signedTokens, TimeSpan } from "relatch";
import { describe, expect, it } from "vitest";
import { GOOD_PASSWORD, KEYS, MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { ORIGIN, type Site, type SiteOptions, site } from "../../helpers/site.ts";
import {
  both,
  FORM,
  handleIn,
  noticeAt,
  OPENED,
  RESET,
  SOME_TOKEN,
  submit,
} from "../../system/http/contract/helpers.ts";

// The pages, as far as options decide what they do. What they do for everybody is the HTTP contract.

const openForm = async ({ client, requestToken }: Site) =>
  client.follow(await client.get(`${RESET}/${await requestToken()}`));
const complete = async (its: Site) => submit(its.client, await openForm(its), GOOD_PASSWORD);

describe("the sign-in page", () => {
  it.each([
    ["/login", "/login?notice=password_set"],
    ["/auth?tab=login", "/auth?tab=login&notice=password_set"],
    ["/auth?notice=x&tab=login", "/auth?notice=password_set&tab=login"],
    ["/auth?", "/auth?notice=password_set"],
    ["/#/sign-in", "/?notice=password_set#/sign-in"],
    ["/de/anmelden?a=%C3%A4", "/de/anmelden?a=%C3%A4&notice=password_set"],
    ["https://id.example.com", "https://id.example.com/?notice=password_set"],
    ["https://id.example.com/login?tab=1#top", "https://id.example.com/login?tab=1&notice=password_set#top"],
    ["http://localhost:3000/login", "http://localhost:3000/login?notice=password_set"],
  ])("after a reset, loginPath %s leads to %s", async (loginPath, location) => {
    const done = await complete(site({ routes: { loginPath } }));
    expect([done.status, done.headers.location]).toEqual([303, location]);
  });

  it("a sign-in page on another origin is allowed by the policy of every page with a form", async () => {
    const its = site({ routes: { loginPath: "https://id.example.com:8443/login?x=1" } });
    const form = await openForm(its);
    const policy = String(form.headers["content-security-policy"]);
    // Browsers apply form-action to the redirect after a form as well.
    expect(policy).toContain("form-action 'self' https://id.example.com:8443;");
    expect(policy).not.toContain("/login");
    expect(String((await openForm(site())).headers["content-security-policy"])).toContain("form-action 'self';");
  });

  it("the address of the account travels in a cookie and in no URL, page or event", async () => {
    const its = site();
    const done = await complete(its);
    expect(done.cookies).toHaveLength(2);
    expect(done.headers.location).not.toMatch(/mike|@|%40/);
    expect(JSON.stringify(its.events)).not.toContain("@");
  });
});

describe("somebody who is signed in", () => {
  const SIGNED_IN: SiteOptions = { visitor: { isSignedIn: true } };

  it("the request page leads to homePath", async () => {
    const { client } = site({ ...SIGNED_IN, routes: { homePath: "/start?from=reset" } });
    expect((await client.get(RESET)).headers.location).toBe("/start?from=reset");
    expect((await client.get(`${RESET}?notice=nonsense`)).headers.location).toBe("/start?from=reset");
    expect((await client.get(`${RESET}?notice=invalid_or_expired_token`)).status).toBe(200);
  });

  it("asking for a link is refused with 409, before anything is sent", async () => {
    const its = site(SIGNED_IN);
    expect((await its.client.post(RESET, { email: MIKE.email })).status).toBe(409);
    await its.passwordReset.drain();
    expect(its.mailer.sent).toEqual([]);
  });

  it("a link shows a page with the way out and the way on, and neither consumes the link", async () => {
    const pages = { ...plainPages, signedIn: (input: object) => JSON.stringify(input) };
    const its = site({ ...SIGNED_IN, pages, routes: { signOutPath: "/out" } });
    const shown = JSON.parse((await openForm(its)).body);
    expect(shown).toMatchObject({ signOutPath: "/out", returnPath: FORM, continuePath: `${FORM}?continue=1` });
    const form = await its.client.get(shown.continuePath);
    expect((await submit(its.client, form, GOOD_PASSWORD)).status).toBe(303);
  });

  it("without signOutPath the page only offers to go on", async () => {
    const answer = await openForm(site(SIGNED_IN));
    expect(answer.body).toContain(`href="${FORM}?continue=1"`);
    expect(answer.body).not.toContain("<form");
  });

  it.each([1, "true", {}, undefined, null])("isSignedIn counts only if it is true: %j", async (isSignedIn) => {
    const { client } = site({ visitor: { isSignedIn: isSignedIn as never } });
    expect((await client.get(RESET)).status).toBe(200);
  });
});

describe("the token in a link", () => {
  const SIGNS = [
    ".",
    ",",
    ")",
    ">",
    " ",
    '"',
    "=",
    "==",
    "*",
    "_",
    "-",
    "\n",
    "!",
    ").",
    "\u00a0",
    "\u201d",
    "\u3002",
    " and more",
    "</a>",
  ];

  it.each(SIGNS)("%j behind it is dropped, and the cookie contains the token alone", async (sign) => {
    const its = site();
    const token = await its.requestToken();
    const opened = await its.client.get(`${RESET}/${token}${encodeURIComponent(sign)}`);
    expect(opened.headers.location).toBe(OPENED);
    expect(opened.cookies[0]).toMatch(new RegExp(`=${token};`));
  });

  it.each(SIGNS)("%j behind a signed token is dropped", async (sign) => {
    const its = site({ tokens: signedTokens(), keys: KEYS });
    const token = await its.requestToken();
    const opened = await its.client.get(`${RESET}/${token}${encodeURIComponent(sign)}`);
    expect(opened.headers.location).toBe(OPENED);
  });

  it("both passwords may be posted to a link with a sign behind it", async () => {
    const its = site();
    const done = await its.client.post(`${RESET}/${await its.requestToken()}.`, both(GOOD_PASSWORD));
    expect(done.headers.location).toBe("/login?notice=password_set");
  });

  it.each(["", "A".repeat(42), "A".repeat(44), "A".repeat(77), "A".repeat(247), "%", "%00", "%E4", "..", "\u00e4"])(
    "%j cannot be one of our tokens, so the visitor hears that the link is incomplete",
    async (segment) => {
      const its = site();
      const { status, headers } = await its.client.get(`${RESET}/${segment}`);
      if (segment === "" || segment === "..") expect(headers.location).not.toBe(noticeAt("invalid_or_expired_token"));
      else expect([status, headers.location]).toEqual([303, noticeAt("malformed_link")]);
    },
  );

  it.each([43, 78, 246])(
    "%i characters can be a token, so the visitor hears that it is not valid any more",
    async (length) => {
      const { client } = site();
      const { headers } = await client.get(`${RESET}/${"A".repeat(length)}`);
      expect(headers.location).toBe(noticeAt("invalid_or_expired_token"));
    },
  );

  it.each([
    ["aaaa.bbbb.cccc", ""],
    ["aaaa.bbbb.cccc", ")."],
    ["MQ:1abc-0123456789abcdef", ""],
    ["padded==", ""],
    ["ends-in-a-dot.", ""],
    ["two words", ""],
  ])("the token %j of an older flow, with %j behind it, is found and survives the cookie", async (token, sign) => {
    const legacyTokens: LegacyTokens = {
      until: new Date(Date.UTC(2026, 1, 1)),
      find: async (text) => (text === token ? { userId: MIKE.id, expiresAt: new Date(Date.UTC(2026, 0, 2)) } : null),
      spend: async (text) => text === token,
      revoke: async () => {},
    };
    const its = site({ legacyTokens });
    const opened = await its.client.get(`${RESET}/${encodeURIComponent(token + sign)}`);
    expect(opened.headers.location).toBe(OPENED);
    const done = await submit(its.client, await its.client.follow(opened), GOOD_PASSWORD);
    expect(done.headers.location).toBe("/login?notice=password_set");

    const other = site({ legacyTokens });
    const posted = await other.client.post(`${RESET}/${encodeURIComponent(token + sign)}`, both(GOOD_PASSWORD));
    expect(posted.headers.location).toBe("/login?notice=password_set");
  });

  it("posting to a link that is not valid says why, and keeps the valid one in the cookie", async () => {
    const its = site();
    await its.client.get(`${RESET}/${await its.requestToken()}`);
    for (const [token, notice] of [
      [SOME_TOKEN, "invalid_or_expired_token"],
      ["x", "malformed_link"],
    ] as const) {
      const { headers, cookies } = await its.client.post(`${RESET}/${token}`, both(GOOD_PASSWORD));
      expect([headers.location, cookies]).toEqual([noticeAt(notice), []]);
    }
    expect((await its.client.get(FORM)).status).toBe(200);
  });
});

describe("a link of an older flow", () => {
  it("is not called incomplete when it has expired or was used, whatever its length", async () => {
    const legacyTokens = {
      until: new Date("2100-01-01"),
      find: async () => null,
      spend: async () => false,
      revoke() {},
    };
    const its = site({ legacyTokens: legacyTokens as never });
    for (const token of ["0a".repeat(32), "x", "a.b.c"]) {
      const { headers } = await its.client.get(`${RESET}/${token}`);
      expect(headers.location).toBe(noticeAt("invalid_or_expired_token"));
    }
  });
});

describe("the cookie of a link", () => {
  it("a planted cookie next to the real one opens nothing, and the page does not ask for cookies", async () => {
    const its = site();
    const token = await its.requestToken();
    const Cookie = `__Host-password_reset=${token}; __Host-password_reset=${SOME_TOKEN}`;
    expect((await its.newClient().get(FORM, { Cookie })).headers.location).toBe(noticeAt("open_link_again"));
    // Without the prefix it is a cookie that a sibling subdomain could have planted.
    expect((await its.newClient().get(FORM, { Cookie: `password_reset=${token}` })).headers.location).toBe(
      noticeAt("open_link_again"),
    );
  });

  it("the cookie has no prefix on plain http, which only loopback may use", async () => {
    const its = site({ resetUrl: "http://localhost:3000/password_reset/:token" });
    const [cookie] = (await its.client.get(`${RESET}/${await its.requestToken()}`)).cookies;
    expect(cookie).toMatch(/^password_reset=[\w-]{43}; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it("the cookie expires with the link", async () => {
    const its = site({ tokenLifetime: new TimeSpan(5, "m"), now: () => new Date() });
    const opened = await its.client.get(`${RESET}/${await its.requestToken()}`);
    expect(Number(opened.cookies[0]?.match(/Max-Age=(\d+)/)?.[1])).toBeLessThanOrEqual(300);
  });

  it("the flow works with a clock far from that of the machine, as in tests of applications", async () => {
    for (const year of [1990, 2026, 2090]) {
      const its = site();
      its.clock.now = Date.UTC(year, 0, 1);
      expect((await complete(its)).headers.location).toBe("/login?notice=password_set");
    }
  });

  it("a reload after the cookie has expired asks to open the link again, and not for cookies", async () => {
    const its = site();
    const form = await openForm(its);
    expect(form.status).toBe(200);
    const shown = await its.client.get(OPENED);
    expect(shown.headers.location).toBe(FORM);
    expect((await its.newClient().get(FORM)).headers.location).toBe(noticeAt("open_link_again"));
    expect((await its.newClient().get(OPENED)).headers.location).toBe(noticeAt("cookies_needed"));
  });
});

describe("the form", () => {
  it("an account without a password gets the form of an invitation", async () => {
    const its = site({ accounts: [{ ...MIKE, passwordHash: null }] });
    const form = await openForm(its);
    expect(form.body).toContain("<title>invitation</title>");
    expect((await submit(its.client, form, GOOD_PASSWORD)).status).toBe(303);
    expect(its.users.get(MIKE.id)?.passwordHash).not.toBeNull();
  });

  it("the handle names the link without giving it away", async () => {
    const its = site();
    const token = await its.requestToken();
    const form = await its.client.follow(await its.client.get(`${RESET}/${token}`));
    expect(handleIn(form)).toMatch(/^[0-9a-f]{32}$/);
    expect(form.body).not.toContain(token);
    for (const handle of ["", handleIn(form).toUpperCase(), token, "__proto__"]) {
      const answer = await its.client.post(FORM, { ...both(GOOD_PASSWORD), handle });
      expect(answer.headers.location).toBe(noticeAt("open_link_again"));
    }
    expect(its.users.get(MIKE.id)?.passwordHash).toBe(MIKE.passwordHash);
  });

  it("pages are told the facts of the request and nothing of the token", async () => {
    const inputs: object[] = [];
    const note = (input: object) => `${inputs.push(input)}`;
    const pages = { request: note, sent: note, newPassword: note, signedIn: note, problem: note };
    const its = site({ pages, routes: { loginPath: "/in", homePath: "/home" } });
    const token = await its.requestToken();
    await its.client.get(RESET);
    await its.client.follow(await its.client.get(`${RESET}/${token}`));
    const paths = { request: RESET, login: "/in", home: "/home" };
    expect(inputs).toMatchObject([
      { appName: "Acme", locale: "en", minPasswordLength: 8, paths, notice: undefined, error: undefined, email: "" },
      {
        appName: "Acme",
        paths,
        action: FORM,
        email: MIKE.email,
        isInvitation: false,
        violations: [],
        isMismatch: false,
      },
    ]);
    expect(JSON.stringify(inputs)).not.toContain(token);
  });

  it("the address that was typed is shown at most 320 characters long", async () => {
    const emails: string[] = [];
    const pages = { ...plainPages, request: ({ email }: { email: string }) => `${emails.push(email)}` };
    const { client } = site({ pages });
    await client.post(RESET, { email: "x".repeat(5000) });
    await client.post(RESET, { other: "x" });
    expect(emails.map(({ length }) => length)).toEqual([320, 0]);
  });

  it("correlationId and the client's address reach the library with every call", async () => {
    const its = site({ visitor: { correlationId: "trace-1", ip: "8.8.4.4" }, mentionRequest: true });
    await its.client.post(RESET, { email: MIKE.email });
    await its.passwordReset.drain();
    const form = await its.client.follow(await its.client.get(`${RESET}/${its.mailer.lastToken(MIKE.email)}`));
    await submit(its.client, form, GOOD_PASSWORD);
    await its.passwordReset.drain();
    expect(its.events.length).toBeGreaterThan(4);
    expect(its.events.map((event) => (event as { correlationId?: string }).correlationId)).toEqual(
      its.events.map(() => "trace-1"),
    );
    expect(its.mailer.sent.map(({ text }) => text.includes("8.8.4.4"))).toEqual([true, true]);
  });
});

describe("the language of the page and its host", () => {
  it("each language may have its own host: a form from any of them is accepted, and from no other", async () => {
    const { en, ru } = await import("relatch/languages");
    const its = site({
      languages: [en, ru],
      resetUrl: ({ locale }) => `https://${locale}.example.com/password_reset/:token`,
    });
    const post = async (Origin: string, language: string) =>
      (await its.client.post(RESET, { email: "?" }, { Origin, "Accept-Language": language })).status;
    // The host is that of the page, and the header that of the browser.
    for (const language of ["en", "ru", "fr"]) {
      expect(await post("https://en.example.com", language)).toBe(400);
      expect(await post("https://ru.example.com", language)).toBe(400);
      for (const origin of ["https://fr.example.com", "https://example.com", ORIGIN]) {
        expect(await post(origin, language)).toBe(403);
      }
    }
  });
});
