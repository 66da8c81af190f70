import { RelatchError } from "relatch";
import { passwordResetRoutes } from "relatch/http";
import { en, ru } from "relatch/languages";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { ORIGIN, type SiteOptions, site } from "../../helpers/site.ts";
import {
  both,
  COMPLETE,
  FORM,
  handleIn,
  RESET,
  SOME_TOKEN,
  submit,
  VERIFY,
} from "../../system/http/contract/helpers.ts";

const ACME: SiteOptions = { tenants: ["acme", "globex"], accounts: [{ ...MIKE, tenant: "acme" }] };
const secret = () => Object.assign(new Error("secret detail of mike@example.org"), { status: 400, statusCode: 400 });
const fail = async () => {
  throw secret();
};

describe("the paths of the routes", () => {
  it.each([
    ...[RESET, `${RESET}/`, FORM, `${FORM}/`, VERIFY, COMPLETE, `${RESET}/${SOME_TOKEN}`, `${RESET}/x/y`, `${RESET}//`],
    ...["/.well-known/change-password", `${RESET}/%E0%A4%A`, `${RESET}/..%2F`],
  ])("matches takes %s", (path) => {
    expect(site().routes.matches(path)).toBe(true);
  });

  it.each([
    ...[
      "/",
      "",
      "/login",
      "/password_resets",
      "/password_resetx/y",
      "/PASSWORD_RESET",
      "/Password_reset/x",
      "//password_reset",
    ],
    ...["password_reset", "/x/password_reset", "/password_reset%2Fverify", "/%70assword_reset", "/.well-known"],
    ...["/.well-known/change-password/", "/.well-known/change-passwords", `${RESET}/${"A".repeat(2048)}`],
  ])("matches leaves %s to the application, and handle responds with 404", async (path) => {
    const { routes, handle } = site();
    expect(routes.matches(path)).toBe(false);
    if (!path.startsWith("/")) return;
    for (const method of ["GET", "POST", "HEAD"]) {
      const response = await handle(path, { method });
      expect(response.status).toBe(404);
      expect(await response.text()).toBe(method === "HEAD" ? "" : "Not Found\n");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
    }
  });

  it("matches takes no value that is not a path", () => {
    for (const path of [undefined, null, 1, [RESET], {}]) expect(site().routes.matches(path as never)).toBe(false);
  });

  it("dots in a path are resolved before the routes see it", async () => {
    const { handle } = site();
    expect((await handle(`${RESET}/../login`)).status).toBe(404);
    expect((await handle(`/login/..${RESET}`)).status).toBe(200);
    expect((await handle(`${RESET}/%2e%2e/login`)).status).toBe(404);
  });

  it("each language may have its own path, also one below another", async () => {
    const { routes, client, requestToken } = site({
      languages: [en, ru],
      resetUrl: ({ locale }) => `${ORIGIN}/reset${locale === "ru" ? "/ru" : ""}/:token`,
    });
    expect([routes.matches("/reset"), routes.matches("/reset/ru"), routes.matches(RESET)]).toEqual([true, true, false]);
    const token = await requestToken();
    // The browser's language is not that of the page: the visitor stays at the path of the page.
    const opened = await client.get(`/reset/ru/${token}`, { "Accept-Language": "en" });
    expect(opened.headers.location).toBe("/reset/ru/new_password?opened=1");
    expect((await client.get(`/reset/${token}`)).headers.location).toBe("/reset/new_password?opened=1");
    expect((await client.get("/reset/ru")).status).toBe(200);
  });
});

describe("tenants", () => {
  it.each([undefined, null, "", "evil", "ACME", 1, {}])(
    "the tenant %j, which is not declared, gets 404",
    async (tenant) => {
      const { routes, faults } = site(ACME);
      const visitor = { ip: "192.0.2.1", tenant } as never;
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" };
      for (const request of [new Request(ORIGIN + RESET), new Request(ORIGIN + VERIFY, init)]) {
        expect((await routes.handle(request, visitor)).status).toBe(404);
      }
      expect(faults).toEqual([]);
    },
  );

  it("a tenant gets 404 if there are no tenants", async () => {
    const { routes } = site();
    expect((await routes.handle(new Request(ORIGIN + RESET), { ip: false, tenant: "acme" } as never)).status).toBe(404);
    expect((await routes.handle(new Request(ORIGIN + RESET), { ip: false, tenant: null } as never)).status).toBe(200);
  });

  it("a link works for its tenant only", async () => {
    const token = async (its: ReturnType<typeof site>) => its.requestToken(MIKE.email, "acme");
    const acme = site({ ...ACME, visitor: { tenant: "acme" } });
    const globex = site({ ...ACME, visitor: { tenant: "globex" } });
    expect((await acme.client.get(`${RESET}/${await token(acme)}`)).headers.location).toContain("opened");
    expect((await globex.client.get(`${RESET}/${await token(globex)}`)).headers.location).toContain("notice=invalid");
  });

  it("each tenant has its own path, and dynamic tenants need basePath", async () => {
    const resetUrl = ({ tenant }: { tenant?: string }) => `${ORIGIN}/${tenant}/reset/:token`;
    const { routes } = site({ ...ACME, resetUrl });
    expect(["/acme/reset", "/globex/reset", "/evil/reset"].map((path) => routes.matches(path))).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => site({ tenants: "dynamic", resetUrl })).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
    const dynamic = site({ tenants: "dynamic", resetUrl, routes: { basePath: "/reset" }, visitor: { tenant: "any" } });
    expect((await dynamic.client.get("/.well-known/change-password")).headers.location).toBe("/any/reset");
  });

  it("an application that throws for a dynamic tenant is heard, and its visitor gets 500", async () => {
    const resetUrl = ({ tenant }: { tenant?: string }) => {
      if (tenant !== "any") throw secret();
      return `${ORIGIN}/reset/:token`;
    };
    const options: SiteOptions = { tenants: "dynamic", resetUrl, routes: { basePath: "/reset" } };
    const { handle, faults } = site({ ...options, visitor: { tenant: "evil" } });
    const response = await handle("/reset");
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining("secret")]);
    expect(faults).toHaveLength(1);
  });
});

describe("behind a proxy that strips a prefix", () => {
  const options: SiteOptions = { resetUrl: `${ORIGIN}/app/password_reset/:token`, routes: { basePath: RESET } };

  it("every URL is that of the browser, and every path that of the server", async () => {
    const { client, requestToken, users } = site(options);
    const token = await requestToken();
    const opened = await client.get(`${RESET}/${token}`);
    expect(opened.headers.location).toBe("/app/password_reset/new_password?opened=1");
    const form = await client.get(FORM);
    expect(form.body).toContain('action="/app/password_reset/new_password"');
    expect((await client.get(RESET)).body).toContain('action="/app/password_reset"');
    expect((await client.get(`${RESET}/x`)).headers.location).toBe("/app/password_reset?notice=malformed_link");
    expect((await client.get("/.well-known/change-password")).headers.location).toBe("/app/password_reset");
    const done = await client.post(FORM, { ...both(GOOD_PASSWORD), handle: handleIn(form) });
    expect(done.headers.location).toBe("/login?notice=password_set");
    expect(users.get(MIKE.id)?.passwordHash).not.toBe(MIKE.passwordHash);
  });

  it("the path outside is not a path inside", async () => {
    expect((await site(options).handle("/app/password_reset")).status).toBe(404);
  });
});

describe("pages: false", () => {
  const options: SiteOptions = {
    pages: false,
    resetUrl: "https://spa.example.com/reset#token=:token",
    routes: { basePath: RESET },
  };
  const json = (body: object) => ({
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

  it("only the JSON API is there, and a token of a fragment completes a reset", async () => {
    const { handle, requestToken, mailer, users, routes } = site(options);
    const token = await requestToken();
    expect(mailer.lastLink(MIKE.email)).toBe(`https://spa.example.com/reset#token=${token}`);
    expect(await (await handle(VERIFY, json({ token }))).json()).toMatchObject({ ok: true, email: MIKE.email });
    expect((await handle(COMPLETE, json({ token, newPassword: GOOD_PASSWORD }))).status).toBe(200);
    expect(users.get(MIKE.id)?.passwordHash).not.toBe(MIKE.passwordHash);
    expect(routes.matches("/.well-known/change-password")).toBe(false);
  });

  it("everything else is refused as problem details, whatever is accepted", async () => {
    const { handle } = site(options);
    const headers = {
      Accept: "text/html",
      "Sec-Fetch-Site": "same-origin",
      "Content-Type": "application/x-www-form-urlencoded",
    };
    const refusals: [string, string, number, string][] = [
      ["GET", RESET, 405, "method_not_allowed"],
      ["POST", RESET, 415, "unsupported_media_type"],
      ["GET", FORM, 404, "not_found"],
      ["POST", FORM, 404, "not_found"],
      ["GET", `${RESET}/${SOME_TOKEN}`, 404, "not_found"],
      ["GET", VERIFY, 405, "method_not_allowed"],
    ];
    for (const [method, path, status, reason] of refusals) {
      const response = await handle(path, { method, headers });
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.json()).toMatchObject({ status, reason });
      expect(response.headers.get("Allow")).toBe(status === 405 ? "POST" : null);
    }
  });

  it("a link with a fragment cannot be opened by pages", () => {
    expect(() => site({ ...options, pages: plainPages })).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
    expect(() => site({ ...options, routes: {} })).toThrow("basePath");
  });
});

describe("/.well-known/change-password", () => {
  it("visitors who are signed in go to the page that changes a password", async () => {
    const get = async (options: SiteOptions) =>
      (await site(options).client.get("/.well-known/change-password")).headers.location;
    expect(await get({})).toBe(RESET);
    expect(await get({ visitor: { isSignedIn: true } })).toBe("/");
    const changePasswordPath = "/settings/password?from=manager";
    expect(await get({ visitor: { isSignedIn: true }, routes: { changePasswordPath } })).toBe(changePasswordPath);
    expect(await get({ visitor: { isSignedIn: false }, routes: { changePasswordPath } })).toBe(RESET);
  });

  it("only GET and HEAD are allowed", async () => {
    const response = await site().handle("/.well-known/change-password", { method: "POST" });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("failures of the application", () => {
  const post = { "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded" };
  const asJson = (path: string) =>
    [
      path,
      { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"email":"mike@example.org"}' },
    ] as const;

  it("a port that fails gets 503 with fixed words, and only the library's onError hears it", async () => {
    const users = { ...harness().users, findById: fail };
    const its = site({ users });
    const token = await its.requestToken();
    const responses = [
      await its.handle(`${RESET}/${token}`),
      await its.handle(`${RESET}/${token}`, {
        method: "POST",
        headers: post,
        body: "password=x&password_confirmation=x",
      }),
      await its.handle(VERIFY, { ...asJson(VERIFY)[1], body: JSON.stringify({ token }) }),
    ];
    for (const response of responses) {
      expect(response.status).toBe(503);
      expect(await response.text()).not.toMatch(/secret|mike|findById/);
    }
    expect(its.faults).toEqual([]);
    expect(its.errors.map(({ code }) => code)).toEqual(Array(3).fill("ERR_USER_STORE"));
  });

  it.each([
    ["an error that looks like one of a body parser", secret()],
    ["no error at all", undefined],
    ["a string", "secret"],
    ["a wrong option", new RelatchError("ERR_OPTIONS", "secret")],
  ])("%s that a call throws becomes 500 with fixed words, and onError hears it", async (_, thrown) => {
    const rejects = () => Promise.reject(thrown);
    const its = site({ change: { requestReset: rejects, verifyToken: rejects, completeReset: rejects } });
    for (const response of [
      await its.handle(`${RESET}/${SOME_TOKEN}`),
      await its.handle(RESET, { method: "POST", headers: post, body: "email=mike@example.org" }),
      ...[
        await its.handle(...asJson(RESET)),
        await its.handle(...asJson(VERIFY)),
        await its.handle(...asJson(COMPLETE)),
      ],
    ]) {
      expect(response.status).toBe(500);
      expect(await response.text()).not.toMatch(/secret|mike/);
    }
    expect(its.faults).toEqual(Array(5).fill(thrown));
  });

  it("a page that throws or returns anything but a string becomes the page for 500", async () => {
    for (const request of [fail, () => null, () => Buffer.from("x")]) {
      const { client, faults } = site({ pages: { ...plainPages, request: request as never } });
      const answer = await client.get(RESET);
      expect([answer.status, answer.body]).toEqual([500, expect.stringContaining("500 fault")]);
      expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
      expect(faults).toHaveLength(1);
    }
  });

  it("a page for problems that throws becomes a line of text", async () => {
    const { client, faults } = site({ pages: { ...plainPages, request: fail, problem: fail } });
    for (const answer of [await client.get(RESET), await client.send("HEAD", RESET)]) {
      expect(answer.status).toBe(500);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
      expect(answer.body).not.toMatch(/secret|mike/);
    }
    expect(faults).toHaveLength(4);
    // Pages that are not concerned work.
    expect((await client.post(RESET, { email: MIKE.email })).status).toBe(200);
  });

  it("a page that throws after a reset does not undo it", async () => {
    const its = site({ pages: { ...plainPages, sent: fail } });
    expect((await its.client.post(RESET, { email: MIKE.email })).status).toBe(500);
    await its.passwordReset.drain();
    expect(its.mailer.sent).toHaveLength(1);
  });

  it("revealUnknownAccounts that throws becomes 500", async () => {
    const { client, handle, faults } = site({ routes: { revealUnknownAccounts: fail } });
    expect((await client.post(RESET, { email: MIKE.email })).status).toBe(500);
    expect((await handle(...asJson(RESET))).status).toBe(500);
    expect(faults).toHaveLength(2);
  });

  it("revealUnknownAccounts reveals only by false, and hears the canonical address and the tenant", async () => {
    const heard: unknown[] = [];
    for (const result of [true, undefined, null, 0, ""]) {
      const revealUnknownAccounts = async (...input: unknown[]) => {
        heard.push(input);
        return result as boolean;
      };
      const its = site({ ...ACME, visitor: { tenant: "acme" }, routes: { revealUnknownAccounts } });
      expect((await its.client.post(RESET, { email: " Nobody@Example.ORG" })).status).toBe(200);
    }
    expect(heard).toEqual(Array(5).fill(["nobody@example.org", "acme"]));
  });

  it("a listener that throws or rejects changes nothing", async () => {
    const throws = () => {
      throw secret();
    };
    for (const onError of [fail, throws]) {
      const { client } = site({ routes: { onError }, pages: { ...plainPages, request: fail } });
      expect((await client.get(RESET)).status).toBe(500);
    }
  });

  it("without onError a failure is one line on stderr, without the message of the application", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => print.mockRestore());
    class DatabaseError extends Error {
      override name = "DatabaseError";
    }
    const { passwordReset } = harness();
    for (const thrown of [
      secret(),
      new DatabaseError("secret"),
      undefined,
      new RelatchError("ERR_OPTIONS", "Do this."),
    ]) {
      const pages = { ...plainPages, request: () => Promise.reject(thrown) };
      await passwordResetRoutes({ passwordReset, pages }).handle(new Request(ORIGIN + RESET), { ip: false });
    }
    const lines = print.mock.calls.map(String);
    expect(lines).toEqual([
      expect.stringMatching(/threw an error\.$/),
      expect.stringMatching(/threw a DatabaseError\.$/),
      expect.stringMatching(/threw an error\.$/),
      expect.stringMatching(/Do this\.$/),
    ]);
    expect(lines.join()).not.toMatch(/secret|mike|\n/);
  });

  it("handle never rejects, whatever it is given", async () => {
    const { routes } = site({ routes: { onError: () => {} } });
    const fakes = [undefined, null, {}, { url: "x" }, { url: ORIGIN + RESET }] as unknown as Request[];
    for (const request of fakes) {
      expect((await routes.handle(request, { ip: false })).status).toBe(500);
    }
    expect((await routes.handle(new Request(ORIGIN + RESET), undefined as never)).status).toBe(500);
  });

  it("a request whose body was read before is the developer's mistake, and says so", async () => {
    const { routes, faults } = site();
    const request = new Request(ORIGIN + RESET, { method: "POST", headers: post, body: "email=mike@example.org" });
    await request.text();
    expect((await routes.handle(request, { ip: false })).status).toBe(500);
    expect(faults).toEqual([
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining("body") }),
    ]);
  });
});

describe("the flow over the harness", () => {
  it("the control: with everything in order nothing fails", async () => {
    const its = site();
    const form = await its.client.follow(await its.client.get(`${RESET}/${await its.requestToken()}`));
    expect((await submit(its.client, form, GOOD_PASSWORD)).status).toBe(303);
    expect([its.faults, its.errors]).toEqual([[], []]);
  });
});
