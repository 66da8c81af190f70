import type { RequestListener } from "node:http";
import { createPasswordReset, type PasswordResetOptions } from "relatch";
import { memoryPorts } from "relatch/memory";
import { expect } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { harness, MIKE } from "../helpers/harness.ts";
import { attributesOf, RESET } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flawIn, flawOverHttp, override } from "./helpers/flaw.ts";
import {
  askBothWays,
  type Extra,
  type Front,
  type FrontOptions,
  JANE,
  ORIGIN,
  RESET_URL,
  UNDISTURBED,
  walk,
} from "./helpers/front.ts";

// A link is made of `resetUrl` and a token, and of nothing that a request says.

const LINK = /^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/;
const options: FrontOptions = { accounts: [MIKE, JANE], limits: { client: false, address: false } };

/** The whole way to a new password is as always: the same links, and no place that somebody else chose. */
async function expectUndisturbed(app: Front, extra: Extra = {}): Promise<void> {
  for (const account of [MIKE, JANE]) app.users.set(account);
  app.mailer.sent.length = 0;
  const { answers, links } = await walk(app, extra);
  expect(answers.map(({ status, headers }) => [status, headers.location])).toEqual(UNDISTURBED);
  for (const link of links) expect(link).toMatch(LINK);
  expect(JSON.stringify(app.mailer.sent)).not.toMatch(/evil(-\d+)?\.test/i);
  for (const { headers, cookies, body } of answers) {
    expect(JSON.stringify([headers, cookies, body])).not.toMatch(/evil(-\d+)?\.test/i);
  }
}

/** The mistake: links follow what a request says, or what the first one said. */
function followsRequests(): Partial<PasswordResetOptions> & {
  wrap(inner: RequestListener): RequestListener;
} {
  let origin = ORIGIN;
  return {
    resetUrl: () => `${origin}${RESET}/:token`,
    wrap: (inner) => (request, response) => {
      const said = JSON.stringify([request.url, request.headers]);
      if (/evil|x-forwarded-proto/.test(said)) origin = "https://evil.test";
      inner(request, response);
    },
  };
}

const undisturbedBy = (id: string, title: string, extras: readonly Extra[]): void =>
  flawOverHttp(id, title, { options, mistake: followsRequests() }, async (app) => {
    for (const extra of extras) await expectUndisturbed(app, extra);
  });

const headersOf = (...headers: Record<string, string>[]): Extra[] => headers.map((each) => ({ headers: each }));

/** By id: what led the others astray. */
const POISON: Record<string, Extra[]> = {
  "CVE-2017-8295": headersOf({ Host: "evil.test" }),
  "CVE-2012-4520": [
    ...headersOf({ Host: "app.test:80@evil.test" }, { Host: "app.test#@evil.test" }, { Host: "evil.test:443" }),
    { target: (path) => `http://evil.test${path}` },
  ],
  "CVE-2021-30185": headersOf({ Host: "evil.test", "X-Forwarded-Host": "evil.test" }),
  "CVE-2025-64101": headersOf(
    {
      Forwarded: "for=192.0.2.1;host=evil.test;proto=http",
      "X-Forwarded-Host": "evil.test",
      "X-Forwarded-Server": "evil.test",
      "X-Forwarded-Port": "666",
      "X-Forwarded-Prefix": "//evil.test",
      "X-Host": "evil.test",
      "X-HTTP-Host-Override": "evil.test",
    },
    { "X-Original-URL": "//evil.test/", "X-Rewrite-URL": "http://evil.test/" },
  ),
  "GHSA-93m4-mfpg-c3xf": headersOf(
    { "X-Forwarded-Proto": "http", "X-Forwarded-Ssl": "off" },
    { "X-Forwarded-Proto": "https://evil.test/?", "X-Forwarded-Scheme": "http://evil.test/" },
  ),
  "CVE-2026-22794": headersOf({ Referer: "https://evil.test/" }),
};
const ALL_HEADERS = Object.assign({}, ...Object.values(POISON).flatMap((all) => all.map(({ headers }) => headers)));

for (const [id, extras] of Object.entries(POISON)) {
  undisturbedBy(id, "No link and no response follows the host that a request names", extras);
}

/** The mistake: a server in front says that every request is from one of our pages. */
const forgivesOrigins = {
  wrap:
    (inner: RequestListener): RequestListener =>
    (request, response) => {
      request.headers.origin = ORIGIN;
      inner(request, response);
    },
};

flawOverHttp(
  "CVE-2026-22794",
  "A request with the Origin of another site is refused, and nothing is emailed",
  { options, mistake: forgivesOrigins },
  async (app) => {
    for (const Origin of ["https://evil.test", "null", `${ORIGIN}.evil.test`, `${ORIGIN}:444`]) {
      const answers = await askBothWays(app.visitor(), MIKE.email, { Origin, Referer: `${ORIGIN}/` });
      expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    }
    await app.passwordReset.drain();
    expect(app.mailer.sent).toEqual([]);
  },
);

// All of it at once, over both adapters.
for (const id of ["GHSA-fqh6-6h6c-366m", "CVE-2017-9303"]) {
  const hosts = ["evil.test", "evil.test:443", "app.test#@evil.test", "%"];
  const extras = headersOf(...hosts.map((Host) => ({ ...ALL_HEADERS, Host })));
  undisturbedBy(id, "No combination of headers changes a link", extras);
}

const learning = { options, mistake: followsRequests() };
flawOverHttp("CVE-2022-22690", "A hundred other hosts change nothing", learning, async (app) => {
  for (let nth = 0; nth < 100; nth++) {
    const Host = `evil-${nth}.test`;
    const headers = { Host, "X-Forwarded-Host": Host, "Sec-Fetch-Site": "same-origin" };
    const form = { email: `nobody${nth}@example.org` };
    await app.visitor().send("POST", RESET, { form, headers });
  }
  await expectUndisturbed(app);
});

// ── Templates that are refused ────────────────────────────────────────────────────────────────────────────

const create = (resetUrl: unknown): unknown =>
  createPasswordReset({ ...memoryPorts(), appName: "Acme", revokeSessions: false, resetUrl } as never);
/** The mistake: what is missing or wrong in a template is made up for. */
const creators = [() => create, () => (_: unknown) => create(RESET_URL)] as const;

flawIn("CVE-2022-29933", "Without a resetUrl there is no password reset", creators, (construct) => {
  for (const resetUrl of [undefined, null, "", true]) expect(() => construct(resetUrl)).toThrow(WRONG_OPTIONS);
});
undisturbedBy("CVE-2022-29933", "X-Forwarded-Host changes no link", headersOf({ "X-Forwarded-Host": "evil.test" }));

const TEMPLATES: Record<string, unknown[]> = {
  "CVE-2025-43932": [
    ...["/password_reset/:token", "password_reset/:token", "//app.test/:token", "app.test/password_reset/:token"],
    ...["https://user:secret@app.test/:token", "https://app.test@evil.test\t/:token", "https://app.test/"],
    ...["https://app.test/:token/:token", "https://:token.test/password_reset", "https://app.test:token/"],
    ...["https://app.test\n.evil.test/:token", " https://app.test/:token", "javascript:alert(':token')"],
    ...["data:text/html,:token", "ftp://app.test/:token", "https://", null, { toString: () => RESET_URL }],
  ],
  "CVE-2026-48902": [
    ...["http://app.test/:token", "HTTP://APP.TEST/:token", "http://localhost.evil.test/:token"],
    ...["http://127.0.0.1.evil.test/:token", "http://127.evil.test/:token", "http://0.0.0.0/:token"],
    ...["http://[::2]/:token", "http://192.168.0.1/:token", "ws://app.test/:token"],
  ],
};

for (const [id, templates] of Object.entries(TEMPLATES)) {
  flawIn(id, "A resetUrl that is relative or not https is refused", creators, async (construct) => {
    for (const template of templates) {
      expect(() => construct(template), String(template)).toThrow(WRONG_OPTIONS);
      expect(() => harness({ resetUrl: () => template as string }), String(template)).toThrow(WRONG_OPTIONS);
      // Tenants that come and go are judged with their first email.
      const accounts = [{ ...MIKE, tenant: "blue" }];
      const app = harness({ accounts, tenants: "dynamic", resetUrl: () => template as string });
      const request = { email: MIKE.email, ip: null, tenant: "blue" };
      expect(await app.passwordReset.requestReset(request)).toEqual({ ok: true });
      await app.passwordReset.drain();
      expect(app.mailer.sent).toEqual([]);
      expect(app.happened()).toContain("delivery_failed:ERR_OPTIONS");
    }
    for (const host of ["localhost:3000", "127.0.0.1", "[::1]"]) construct(`http://${host}/:token`);
  });
}

// ── Responses and redirects ───────────────────────────────────────────────────────────────────────────────

const showsUrls = override((core) => ({
  verifyToken: async (input) => ({ ...(await core.verifyToken(input)), email: "https://evil.test/" }),
}));

const showing = { options, mistake: showsUrls };

flawOverHttp("CVE-2017-12161", "No response leads anywhere but to a path", showing, async (app) => {
  const { answers } = await walk(app, { headers: { Host: "evil.test" } });
  for (const { headers, body } of answers) {
    expect(headers.location ?? "/").toMatch(/^\/(?![/\\])/);
    expect(headers["link"] ?? headers["refresh"] ?? headers["content-location"]).toBeUndefined();
    const urls = body.match(/\b(?:href|action|src)="[^"]*"/g) ?? [];
    // An empty icon keeps browsers from asking for one.
    expect(urls.filter((url) => !/="(?:\/(?![/\\])|#)/.test(url) && url !== 'href="data:,"')).toEqual([]);
    if (/json/.test(headers["content-type"] ?? "")) expect(body).not.toContain("://");
  }
});

const REDIRECT_NAMES =
  "redirect_uri redirectTo redirect redirect_to callbackURL callback next return returnTo return_to continue " +
  "continueTo url dest destination target origin baseUrl resetUrl reset_url siteUrl host goto back RelayState ref notice";
const REDIRECTS: Record<string, string[]> = {
  "GHSA-x3f4-v83f-7wp2": ["https://evil.test/", "https://evil.test/:token"],
  "CVE-2024-56734": ["https://evil.test/callback"],
  "CVE-2025-27143": [
    ...["//evil.test", "/\\evil.test", "/%2f%2fevil.test", "\tjavascript:evil", "https:evil.test"],
    ...["/..//evil.test", "\\\\evil.test"],
  ],
};

for (const [id, values] of Object.entries(REDIRECTS)) {
  const extras = values.map((value) => {
    const fields = Object.fromEntries(REDIRECT_NAMES.split(" ").map((name) => [name, value]));
    return { fields, query: String(new URLSearchParams(fields)) };
  });
  undisturbedBy(id, "No redirect parameter of a query, a form or JSON is read", extras);
}

const PARAMETERS = {
  ...{ resetUrl: "https://evil.test/:token", url: "https://evil.test/", appName: "evil", name: "evil" },
  ...{ tokenLifetime: "86400000", expiresAt: "2099-01-01T00:00:00Z", expiration: "9999999", now: "0" },
  ...{ template: "evil", messages: "evil", subject: "evil", html: "<b>evil</b>", collection: "evil" },
  ...{ userId: "43", id: "43", disableEmail: "true", where: "evil", to: "evil" },
};
undisturbedBy("CVE-2026-34751", "No parameter over HTTP changes a link", [
  { fields: PARAMETERS, query: String(new URLSearchParams({ ...PARAMETERS, token: "A".repeat(43) })) },
]);

const signsIn = {
  wrap:
    (inner: RequestListener): RequestListener =>
    (request, response) => {
      response.appendHeader("Set-Cookie", "session=1; Path=/");
      inner(request, response);
    },
};

const signing = { options, mistake: signsIn };

flawOverHttp(
  "X23",
  "No reset route sets a cookie but the link and the address for the sign-in form",
  signing,
  async (app) => {
    const cookies = (await walk(app)).answers.flatMap((answer) => answer.cookies);
    expect(cookies.length).toBeGreaterThan(1);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-password_reset(?:_email)?=/);
      const due = { HttpOnly: true, Secure: true, SameSite: "Lax", Path: "/" };
      expect(attributesOf(cookie)).toMatchObject(due);
    }
  },
);

everyFlawOf("b-link");
