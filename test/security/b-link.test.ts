import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Hono } from "hono";
import { createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test } from "vitest";
import { passwordResetRoutes } from "../../examples/hono/adapter.ts";
import { createViews } from "../../examples/shared/views.ts";
import { Client } from "../e2e/client.ts";
import { attributesOf, RESET } from "../e2e/contract/helpers.ts";
import { harness, MIKE } from "../harness.ts";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { adapters, overHttp, type Visit } from "./helpers/adapters.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { type Extra, outline, UNDISTURBED, walk } from "./helpers/flow.ts";

// A link is made of `resetUrl` and a token, and of nothing that a request says.

const ORIGIN = "https://app.test";
const LINK = /^https:\/\/app\.test\/password_reset\/[\w-]{43}$/;

/** The whole way to a new password goes as ever: the same links, no place that somebody else chose. */
async function expectUndisturbed(visit: Visit, extra: Extra): Promise<void> {
  const went = await walk(visit, extra);
  expect(outline(went)).toEqual(UNDISTURBED);
  for (const link of went.links) expect(link).toMatch(LINK);
  const mails = await visit.app.mails();
  expect(mails.filter(({ kind }) => kind === "reset_link")).toHaveLength(2);
  expect(JSON.stringify(mails)).not.toMatch(/evil/i);
  for (const { headers, cookies, body } of went.answers) {
    expect(JSON.stringify([headers, cookies, body])).not.toMatch(/evil/i);
  }
}

const undisturbedBy = (title: string, extra: Extra): void =>
  overHttp(title, (visit) => expectUndisturbed(visit, extra), { origin: ORIGIN });

/** By id, what each of them was led astray by. */
const POISON: Record<string, Record<string, Extra>> = {
  "CVE-2017-8295": { "another Host": { headers: { Host: "evil.test" } } },
  "CVE-2012-4520": {
    "a Host with credentials": { headers: { Host: "app.test:80@evil.test" } },
    "a Host with a fragment": { headers: { Host: "app.test#@evil.test" } },
    "a Host with a port": { headers: { Host: "evil.test:443" } },
    "an absolute URL in the request line": { target: (path) => `http://evil.test${path}` },
  },
  "CVE-2025-64101": {
    "headers that name the host": {
      headers: {
        Forwarded: "for=192.0.2.1;host=evil.test;proto=http",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Server": "evil.test",
        "X-Forwarded-Port": "666",
        "X-Forwarded-Prefix": "//evil.test",
        "X-Host": "evil.test",
        "X-HTTP-Host-Override": "evil.test",
      },
    },
    "headers that name the URL": {
      headers: { "X-Original-URL": "//evil.test/", "X-Rewrite-URL": "http://evil.test/" },
    },
  },
  "GHSA-93m4-mfpg-c3xf": {
    "another protocol": { headers: { "X-Forwarded-Proto": "http", "X-Forwarded-Ssl": "off" } },
    "a URL for a protocol": {
      headers: { "X-Forwarded-Proto": "https://evil.test/?", "X-Forwarded-Scheme": "http://evil.test/" },
    },
  },
  "CVE-2026-22794": {
    "Origin and Referer": { headers: { Origin: "https://evil.test", Referer: "https://evil.test/" } },
  },
};

flaws(POISON, (poison) => {
  for (const [title, extra] of Object.entries(poison)) undisturbedBy(title, extra);
});

flaw("CVE-2021-30185", () => {
  const root = join(import.meta.dirname, "../..");
  const sources = [
    ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      // Mailers make requests, and get none.
      .filter((name) => name.endsWith(".ts") && !name.startsWith("mailers"))
      .map((name) => `src/${name}`),
    "examples/express/adapter.ts",
    "examples/hono/adapter.ts",
  ];
  /** What frameworks call what the client says of the host. */
  const READS =
    /\b(?:req|request|c|ctx)\.(?:host|hostname|hosts|subdomains|protocol|secure|originalUrl|url|req\.url|req\.raw)\b|["'`](?:host|forwarded|x-(?:forwarded|host|http|original|rewrite)[\w-]*)["'`]/i;
  const hostIn = (code: string) =>
    READS.exec(code.replace(/new URL\(c\.req\.url\)\.pathname|bodyOf\(c\.req\.raw\)/g, ""))?.[0];

  test.each(sources)("%s does not read it", (source) => {
    expect(hostIn(readFileSync(join(root, source), "utf8"))).toBeUndefined();
  });

  test("what would be found", () => {
    const lines = ["req.hostname", 'req.get("Host")', "c.req.url", 'c.req.header("X-Forwarded-Host")'];
    expect([...lines, "req.headers['host']"].filter((line) => hostIn(line) === undefined)).toEqual([]);
  });

  undisturbedBy("whatever Host says", { headers: { Host: "evil.test", "X-Forwarded-Host": "evil.test" } });
});

const required = {
  ...memoryPorts(),
  appName: "Acme",
  revokeSessions: async () => {},
};

flaw("CVE-2022-29933", () => {
  test.each([
    [{}],
    [{ resetUrl: undefined }],
    [{ resetUrl: null }],
    [{ resetUrl: "" }],
    [{ resetUrl: true }],
  ])("without a resetUrl there is no password reset: %j", (given) => {
    expect(() => createPasswordReset({ ...required, ...given } as never)).toThrow(WRONG_OPTIONS);
  });

  undisturbedBy("whatever X-Forwarded-Host says", { headers: { "X-Forwarded-Host": "evil.test" } });
});

flaw("CVE-2022-22690", () => {
  overHttp(
    "a hundred others were there before, under names of their choice",
    async (visit) => {
      for (let count = 0; count < 100; count++) {
        const Host = `evil-${count}.test`;
        const form = { email: `nobody${count}@example.org` };
        const headers = { Host, "X-Forwarded-Host": Host, "Sec-Fetch-Site": "same-origin" };
        await visit.visitor().send("POST", RESET, { form, headers });
      }
      await expectUndisturbed(visit, {});
    },
    { origin: ORIGIN, limits: { client: { max: 200, windowSeconds: 60 } } },
  );
});

// All of the poison at once, for each adapter by itself.
flaws({ "GHSA-fqh6-6h6c-366m": "express", "CVE-2017-9303": "hono" }, (own) => {
  const [adapter] = adapters.filter(({ name }) => name === own);
  const extras = Object.values(POISON).flatMap((poison) => Object.values(poison));

  test(`${own}: whatever it is asked for, and whichever way`, async () => {
    const headers = Object.assign({}, ...extras.map((extra) => extra.headers));
    for (const Host of [...extras.flatMap((extra) => extra.headers?.["Host"] ?? []), "evil.test", "", "%"]) {
      const app = await adapter!.start({ origin: ORIGIN });
      const [mike, jane] = app.accounts;
      const client = new Client(app.port);
      const visit = { app, client, visitor: () => new Client(app.port), mike, jane };
      await expectUndisturbed(visit, { headers: { ...headers, Host } }).finally(() => app.close());
    }
  });

  if (own !== "hono") return;
  test("hono: nor without a server, whatever the URL of the request", async () => {
    const app = harness({ resetUrl: `${ORIGIN}/password_reset/:token` });
    const paths = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: RESET };
    const routes = passwordResetRoutes({
      passwordReset: app.passwordReset,
      resetUrl: `${ORIGIN}/password_reset/:token`,
      views: createViews({ ...paths, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
      emailOf: async () => undefined,
      isSignedIn: () => false,
      homePath: "/",
      loginPath: "/login",
      clientIp: () => undefined,
    });
    const fetch = new Hono().route("/", routes).fetch;
    const body = new URLSearchParams({ email: MIKE.email });
    const headers = { "Sec-Fetch-Site": "same-origin", Host: "evil.test" };
    const asked = await fetch(new Request(`http://evil.test${RESET}`, { method: "POST", body, headers }));
    expect(asked.status).toBe(200);
    await app.passwordReset.drain();
    const link = app.mailer.lastLink(MIKE.email) ?? "";
    expect(link).toMatch(LINK);
    const opened = await fetch(new Request(link.replace("app.test", "evil.test")));
    expect(opened.headers.get("Location")).toBe(`${RESET}/new_password`);
  });
});

const refuses = (templates: unknown[]): void =>
  describe.each(templates.map((template) => [String(template), template]))("%s", (_, resetUrl) => {
    test("is refused at construction", () => {
      expect(() => createPasswordReset({ ...required, resetUrl } as never)).toThrow(WRONG_OPTIONS);
    });

    test("is refused where it is made for a recipient: nothing is mailed", async () => {
      const app = harness({ resetUrl: () => resetUrl as string });
      expect(await app.passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
      await app.passwordReset.drain();
      expect(app.mailer.sent).toEqual([]);
      expect(app.happened()).toContain("delivery_failed:ERR_OPTIONS");
    });
  });

flaw("CVE-2025-43932", () => {
  refuses([
    "/password_reset/:token",
    "password_reset/:token",
    "//app.test/password_reset/:token",
    "app.test/password_reset/:token",
    "https://user:secret@app.test/password_reset/:token",
    "https://app.test@evil.test\t/password_reset/:token",
    "https://app.test/password_reset",
    "https://app.test/:token/:token",
    "https://:token.test/password_reset",
    "https://app.test:token/password_reset",
    "https://app.test\n.evil.test/:token",
    " https://app.test/:token",
    "javascript:alert(':token')",
    "data:text/html,:token",
    "ftp://app.test/:token",
    "https://",
    null,
    { toString: () => "https://app.test/:token" },
  ]);
});

flaw("CVE-2017-12161", () => {
  overHttp(
    "no answer on the way leads anywhere but to a path of its own",
    async (visit) => {
      const { answers } = await walk(visit, { headers: { Host: "evil.test" } });
      for (const { headers, body } of answers) {
        expect(headers.location ?? "/").toMatch(/^\/(?![/\\])/);
        expect(headers["link"] ?? headers["refresh"] ?? headers["content-location"]).toBeUndefined();
        const urls = body.match(/\b(?:href|action|src)="[^"]*"/g) ?? [];
        expect(urls.filter((url) => !/="(?:\/(?![/\\])|#)/.test(url))).toEqual([]);
        if (/json/.test(headers["content-type"] ?? "")) expect(body).not.toContain("://");
      }
    },
    { origin: ORIGIN },
  );

  test("nor do the answers of the library", async () => {
    const app = harness();
    const token = await app.requestToken();
    const answers = [
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null }),
      await app.passwordReset.verifyToken(token),
      await app.passwordReset.completeReset({ token, newPassword: "a quiet harbour at dawn" }),
    ];
    expect(JSON.stringify(answers)).not.toMatch(/https?:|\/\/|app\.example/);
  });
});

flaw("CVE-2026-48902", () => {
  refuses([
    "http://app.test/:token",
    "HTTP://APP.TEST/:token",
    "http://localhost.evil.test/:token",
    "http://127.0.0.1.evil.test/:token",
    "http://127.evil.test/:token",
    "http://0.0.0.0/:token",
    "http://[::2]/:token",
    "http://192.168.0.1/:token",
    "ws://app.test/:token",
  ]);

  test.each(["http://localhost:3000/:token", "http://127.0.0.1/:token", "http://[::1]/:token"])(
    "%s is for development",
    (resetUrl) => {
      expect(createPasswordReset({ ...required, resetUrl })).toBeDefined();
    },
  );
});

const REDIRECT_NAMES = [
  ...["redirect_uri", "redirectTo", "redirect", "redirect_to", "callbackURL", "callback", "next", "return"],
  ...["returnTo", "return_to", "continue", "continueTo", "url", "dest", "destination", "target", "origin"],
  ...["baseUrl", "resetUrl", "reset_url", "siteUrl", "host", "goto", "back", "RelayState", "ref", "notice"],
];
const everyName = (value: string) => Object.fromEntries(REDIRECT_NAMES.map((name) => [name, value]));

const REDIRECTS: Record<string, string[]> = {
  "GHSA-x3f4-v83f-7wp2": ["https://evil.test/", "https://evil.test/:token"],
  "CVE-2024-56734": ["https://evil.test/callback"],
  "CVE-2025-27143": [
    "//evil.test",
    "/\\evil.test",
    "/%2f%2fevil.test",
    "\tjavascript:evil",
    "https:evil.test",
    "/..//evil.test",
    "\\\\evil.test",
  ],
};

flaws(REDIRECTS, (values) => {
  test("no such field of the input is read", async () => {
    for (const value of values) {
      const app = harness();
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null, ...everyName(value) });
      await app.passwordReset.drain();
      expect(JSON.stringify(app.mailer.sent)).not.toContain("evil");
      expect(app.mailer.lastLink(MIKE.email)).toMatch(
        /^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/,
      );
    }
  });

  for (const value of values) {
    const fields = everyName(value);
    const query = String(new URLSearchParams(fields));
    undisturbedBy(`${JSON.stringify(value)} in the body and in the query, of GET and of POST`, {
      query,
      fields,
    });
  }
});

flaw("CVE-2026-34751", () => {
  const parameters = {
    token: "A".repeat(43),
    resetUrl: "https://evil.test/:token",
    url: "https://evil.test/",
    tokenLifetime: "86400000",
    expiresAt: "2099-01-01T00:00:00Z",
    expiration: "9999999",
    template: "evil",
    messages: "evil",
    subject: "evil",
    html: "<b>evil</b>",
    appName: "evil",
    name: "evil",
    userId: "43",
    id: "43",
    tenant: "evil",
    disableEmail: "true",
    collection: "evil",
    where: "evil",
    now: "0",
  };

  test("nothing of the input shapes token, link, words or expiry", async () => {
    const save: unknown[] = [];
    const mailOf = async (extra: object) => {
      const app = harness();
      const { tokens } = app;
      const saved = tokens.save.bind(tokens);
      tokens.save = async (record) => saved(record).finally(() => save.push(record.expiresAt.getTime()));
      const { tenant: _, ...others } = { tenant: undefined, ...extra } as Record<string, unknown>;
      await app.passwordReset.requestReset({ ...others, email: MIKE.email, ip: null });
      await app.passwordReset.drain();
      const { idempotencyKey: _key, ...mail } = app.mailer.sent[0]! as unknown as Record<string, unknown>;
      return JSON.stringify(mail).replace(/password_reset\/[\w-]{43}/g, "password_reset/…");
    };
    expect(await mailOf(parameters)).toBe(await mailOf({}));
    expect(save[0]).toBe(save[1]);
    expect(await mailOf(parameters)).not.toMatch(/evil|AAAA/);
  });

  undisturbedBy("nor does anything of a form, of JSON or of the query", {
    fields: Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== "token")),
    query: String(new URLSearchParams(parameters)),
  });
});

flaw("X23", () => {
  overHttp(
    "no step of the way sets a cookie but the grant, or signs anybody in",
    async (visit) => {
      const { answers } = await walk(visit);
      const cookies = answers.flatMap((answer) => answer.cookies);
      expect(cookies.length).toBeGreaterThan(1);
      for (const cookie of cookies) {
        expect(cookie).toMatch(/^__Secure-password_reset=/);
        expect(attributesOf(cookie)).toMatchObject({
          HttpOnly: true,
          Secure: true,
          SameSite: "Lax",
          Path: RESET,
        });
      }
      const home = await visit.client.get("/");
      expect([home.status, home.headers.location]).toEqual([303, "/login"]);
    },
    { origin: ORIGIN },
  );
});

flawsOf("b-link");
