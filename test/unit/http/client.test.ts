import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { TimeSpan } from "relatch";
import { type ClientFetch, passwordResetClient } from "relatch/client";
import { passwordResetRoutes } from "relatch/http";
import { en, ru } from "relatch/languages";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { PROBLEMS } from "../../../src/http/pages.ts";
import { GOOD_PASSWORD, type HarnessOptions, harness, KEYS, MIKE } from "../../helpers/harness.ts";

const API = "https://api.example.com/password_reset";
const TOKEN = "A".repeat(43);
const TICKET = "A".repeat(95);
const UNREACHABLE = {
  ok: false,
  reason: "unreachable",
  detail: "The server cannot be reached. Check your connection and try again.",
};

const ALL_UNREACHABLE = Array(4).fill(UNREACHABLE);

/** A `fetch` that returns this response to every request, and records the requests. */
function respondWith(status: number, body: object | string | null, headers: Record<string, string> = {}) {
  const isText = body === null || typeof body === "string";
  const text = isText ? body : JSON.stringify(body);
  return vi.fn<ClientFetch>(async () => new Response(text, { status, headers }));
}

/** Every call, with input that is well-formed. */
function callAll(fetch: ClientFetch | undefined, url = API) {
  const client = passwordResetClient({ url, fetch });
  return Promise.all([
    client.requestReset({ email: MIKE.email }),
    client.redeemCode({ ticket: TICKET, code: "01234567" }),
    client.verifyToken({ token: TOKEN }),
    client.completeReset({ token: TOKEN, newPassword: GOOD_PASSWORD }),
  ]);
}

/** The API in process, and a client of it. */
function serve(options: HarnessOptions = {}, visitor: { ip?: string; isSignedIn?: boolean } = {}) {
  const its = harness(options);
  const routes = passwordResetRoutes({ passwordReset: its.passwordReset, pages: false, onError: () => {} });
  const fetch: ClientFetch = (url, init) => routes.handle(new Request(url, init), { ip: false, ...visitor });
  return { ...its, fetch, client: passwordResetClient({ url: API, fetch }) };
}

/** Starts a server on the loopback. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("passwordResetClient with the handler", () => {
  it("requests a link, verifies it and sets the new password", async () => {
    const { client, passwordReset, mailer, users, clock } = serve();
    expect(await client.requestReset({ email: MIKE.email })).toEqual({ ok: true });
    await passwordReset.drain();
    const token = mailer.lastToken(MIKE.email) ?? "";
    expect(await client.verifyToken({ token })).toEqual({
      ok: true,
      email: MIKE.email,
      isInvitation: false,
      expiresAt: new Date(clock.now + 3_600_000),
      secondFactors: [],
    });
    const completed = await client.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(completed).toEqual({ ok: true, sessionsRevoked: true });
    expect(users.get(MIKE.id)?.passwordHash).not.toBe(MIKE.passwordHash);
    expect(await client.verifyToken({ token })).toMatchObject({ ok: false, reason: "invalid_or_expired_token" });
  });

  it("returns each refusal with its reason, its facts and a sentence", async () => {
    const { client, requestToken } = serve();
    const detail = expect.stringMatching(/^[A-Z].{10,}\.$/);
    expect(await client.requestReset({ email: "nonsense" })).toEqual({ ok: false, reason: "invalid_email", detail });
    const token = await requestToken();
    expect(await client.completeReset({ token, newPassword: "vq7Kd2x" })).toEqual({
      ok: false,
      reason: "password_rejected",
      detail,
      violations: [{ code: "too_short", message: expect.any(String), params: { min: 8 } }],
    });
    const limited = serve({ limits: { client: { max: 1, window: new TimeSpan(1, "m") } } }, { ip: "203.0.113.7" });
    await limited.client.requestReset({ email: MIKE.email });
    expect(await limited.client.requestReset({ email: MIKE.email })).toEqual({
      ok: false,
      reason: "throttled",
      detail,
      retryAfterSeconds: 60,
    });
    const signedIn = await serve({}, { isSignedIn: true }).client.requestReset({ email: MIKE.email });
    expect(signedIn).toEqual({ ok: false, reason: "signed_in", detail });
    const long = await client.completeReset({ token, newPassword: "x".repeat(17_000) });
    expect(long).toEqual({ ok: false, reason: "too_large", detail });
    const { fetch } = serve();
    const lost = await passwordResetClient({ url: `${API}/elsewhere`, fetch }).verifyToken({ token });
    expect(lost).toEqual({ ok: false, reason: "not_found", detail });
  });

  it("requests a code, redeems it, and completes with a second factor", async () => {
    const { client, passwordReset, mailer } = serve({
      keys: KEYS,
      codes: true,
      secondFactor: {
        methods: async () => ["totp", "recovery_code"],
        verify: async (_, { method, response }) => method === "totp" && response === "123456",
      },
    });
    const requested = await client.requestReset({ email: MIKE.email, method: "code" });
    expect(requested).toEqual({ ok: true, ticket: expect.stringMatching(/^[\w-]{95}$/) });
    await passwordReset.drain();
    const ticket = requested.ok ? requested.ticket : "";
    const code = mailer.lastCode(MIKE.email) ?? "";
    const detail = expect.stringMatching(/^[A-Z].{10,}\.$/);
    const wrong = await client.redeemCode({ ticket, code: code.replace(/.$/, (digit) => String((+digit + 1) % 10)) });
    expect(wrong).toEqual({ ok: false, reason: "invalid_or_expired_token", detail });
    const redeemed = await client.redeemCode({ ticket, code });
    expect(redeemed).toEqual({ ok: true, token: expect.stringMatching(/^[\w-]{43}$/) });
    const token = redeemed.ok ? redeemed.token : "";
    const secondFactors = ["totp", "recovery_code"];
    expect(await client.verifyToken({ token })).toMatchObject({ ok: true, secondFactors });
    const complete = (response: string) =>
      client.completeReset({ token, newPassword: GOOD_PASSWORD, secondFactor: { method: "totp", response } });
    expect(await complete("")).toEqual({ ok: false, reason: "second_factor_required", detail, secondFactors });
    expect(await complete("000000")).toEqual({ ok: false, reason: "second_factor_rejected", detail, secondFactors });
    expect(await complete("123456")).toEqual({ ok: true, sessionsRevoked: true });
  });

  it("returns the refusal of a server that has no codes", async () => {
    const { client } = serve();
    expect(await client.requestReset({ email: MIKE.email, method: "code" })).toMatchObject({
      reason: "invalid_request",
    });
    expect(await client.redeemCode({ ticket: TICKET, code: "01234567" })).toMatchObject({ reason: "not_found" });
  });

  it("reports an unreachable server for a field that JSON cannot express", async () => {
    expect(await serve().client.requestReset({ email: 10n as never })).toEqual(UNREACHABLE);
  });

  it("asks for sentences in the language of the option locale", async () => {
    const { fetch, requestToken } = serve({ languages: [en, ru] });
    const client = passwordResetClient({ url: API, fetch, locale: "ru" });
    const refused = await client.completeReset({ token: await requestToken(), newPassword: "vq7Kd2x" });
    expect(refused).toMatchObject({ detail: expect.stringMatching(/[а-я]/) });
    expect(refused).toMatchObject({ violations: [{ message: expect.stringMatching(/[а-я]/) }] });
  });

  it.each([undefined, null, 42, true, Symbol("x"), ["a"], { $gt: "" }, () => "a", new Date(Number.NaN)])(
    "lets the server refuse a field that is %s",
    async (value) => {
      const { client, requestToken } = serve();
      const wrong = value as never;
      expect(await client.requestReset({ email: wrong })).toMatchObject({ reason: "invalid_email" });
      expect(await client.verifyToken({ token: wrong })).toMatchObject({ reason: "invalid_or_expired_token" });
      const token = await requestToken();
      const completed = await client.completeReset({ token, newPassword: wrong });
      expect(completed).toMatchObject({ reason: "password_rejected", violations: [{ code: "required" }] });
    },
  );

  it("sends nothing but the fields of the call", async () => {
    const fetch = respondWith(200, { ok: true });
    const form = { email: MIKE.email, newPassword: GOOD_PASSWORD };
    await passwordResetClient({ url: API, fetch }).requestReset(form);
    expect(fetch.mock.calls[0]?.[1].body).toBe(JSON.stringify({ email: MIKE.email }));
  });
});

describe("passwordResetClient", () => {
  it("posts JSON without cookies, and names no more of the page than its origin", async () => {
    const fetch = respondWith(200, { ok: true });
    await passwordResetClient({ url: "/password_reset", fetch }).requestReset({ email: MIKE.email });
    expect(fetch.mock.calls).toEqual([
      [
        "/password_reset",
        {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: '{"email":"mike@example.org"}',
          credentials: "omit",
          redirect: "manual",
          referrerPolicy: "strict-origin",
        },
      ],
    ]);
  });

  it("needs no more of a response than the fetch of React Native has", async () => {
    const { fetch: handle, requestToken } = serve();
    // Made from XMLHttpRequest: redirects, cookies and referrers are up to the platform, and there are no streams.
    const fetch: ClientFetch = async (url, { method, headers, body }) => {
      const response = await handle(url, { ...init, method, headers, body });
      const text = JSON.stringify(await response.json());
      return { ok: response.ok, json: async () => JSON.parse(text) };
    };
    const client = passwordResetClient({ url: API, fetch });
    const token = await requestToken();
    expect(await client.verifyToken({ token })).toMatchObject({ ok: true, expiresAt: expect.any(Date) });
    const completed = await client.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(completed).toEqual({ ok: true, sessionsRevoked: true });
    expect(await client.verifyToken({ token })).toMatchObject({ reason: "invalid_or_expired_token" });
  });

  it.each([API, `${API}/`])("finds the four paths below the url %s", async (url) => {
    const fetch = respondWith(200, { ok: true });
    await callAll(fetch, url);
    expect(fetch.mock.calls.map(([path]) => path)).toEqual([API, `${API}/code`, `${API}/verify`, `${API}/complete`]);
  });

  it("calls fetch without an object in front of it, which browsers require", async () => {
    let receiver: unknown = "not called";
    function fetch(this: unknown): ReturnType<ClientFetch> {
      receiver = this;
      return Promise.resolve(Response.json({ ok: true }));
    }
    await passwordResetClient({ url: API, fetch }).requestReset({ email: MIKE.email });
    expect(receiver).toBeUndefined();
  });

  it("uses the fetch that the runtime has at the time of the call", async () => {
    const client = passwordResetClient({ url: API });
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal("fetch", respondWith(200, { ok: true }));
    expect(await client.requestReset({ email: MIKE.email })).toEqual({ ok: true });
    vi.stubGlobal("fetch", undefined);
    expect(await client.requestReset({ email: MIKE.email })).toEqual(UNREACHABLE);
  });

  it.each([
    ["there is no connection", () => Promise.reject(new TypeError("Failed to fetch"))],
    ["the request is aborted", () => Promise.reject(new DOMException("The operation was aborted.", "AbortError"))],
    ["fetch rejects with undefined", () => Promise.reject(undefined)],
    [
      "fetch throws at once",
      () => {
        throw new Error("offline");
      },
    ],
    ["fetch returns nothing", () => undefined],
    ["fetch resolves with nothing", async () => undefined],
    ["the body breaks off", async () => ({ ok: true, json: () => Promise.reject(new TypeError("terminated")) })],
    ["the response has a body that was read", async () => readBefore()],
  ])("reports an unreachable server if %s", async (_, fetch) => {
    expect(await callAll(fetch as never)).toEqual(ALL_UNREACHABLE);
  });

  const refusal = { title: "Bad Request", status: 400, detail: "A sentence.", reason: "unavailable" };
  const violation = { code: "too_short", message: "Use at least 8 characters.", params: { min: 8 } };

  it.each<[string, number, object | string | null]>([
    ["the page of a single-page application", 200, "<!doctype html><title>Acme</title>"],
    ["the page of a proxy", 502, "<html><h1>502 Bad Gateway</h1></html>"],
    ["an empty body", 200, ""],
    ["no content", 204, null],
    ["JSON that is cut off", 200, '{"ok":tr'],
    ["null", 200, "null"],
    ["an array", 200, "[]"],
    ["a string", 200, '"ok"'],
    ["a number", 503, "503"],
    ["an object without a word of success", 200, {}],
    ["a success that is a string", 200, { ok: "true", sessionsRevoked: true }],
    ["a success with the status of a failure", 500, { ok: true, sessionsRevoked: true }],
    ["a refusal with the status of a success", 200, refusal],
    ["a refusal that is a success as well", 200, { ...refusal, ok: false }],
    ["a refusal without a sentence", 503, { reason: "unavailable" }],
    ["a refusal whose sentence is an object", 503, { ...refusal, detail: { text: "A sentence." } }],
    ["a refusal without a reason", 400, { detail: "A sentence." }],
    ["a refusal whose reason is an array", 400, { ...refusal, reason: ["unavailable"] }],
    ["a refusal by another program", 403, { ...refusal, reason: "blocked_by_waf" }],
    ["a reason that objects inherit", 400, { ...refusal, reason: "constructor" }],
    ["a limit without a time", 429, { ...refusal, reason: "throttled" }],
    ["a limit whose time is a string", 429, { ...refusal, reason: "throttled", retryAfterSeconds: "60" }],
    ["the error of a framework", 404, { statusCode: 404, message: "Cannot POST", error: "Not Found" }],
  ])("reports an unreachable server if the response is %s", async (_, status, body) => {
    expect(await callAll(respondWith(status, body))).toEqual(ALL_UNREACHABLE);
  });

  it("returns refusals that every call can have, without members it does not know", async () => {
    const expected = { ok: false, reason: "unavailable", detail: "A sentence." };
    expect(await callAll(respondWith(503, { ...refusal, instance: "/1" }))).toEqual(Array(4).fill(expected));
    const throttled = { ok: false, reason: "throttled", detail: "A sentence.", retryAfterSeconds: 60 };
    expect(await callAll(respondWith(429, { ...refusal, ...throttled }))).toEqual(Array(4).fill(throttled));
  });

  it.each(Object.keys(PROBLEMS))("knows the reason %s of the handler", async (reason) => {
    const body = { ...refusal, reason, retryAfterSeconds: 60, violations: [violation], secondFactors: ["totp"] };
    const results = await callAll(respondWith(400, body));
    expect(results.map((result) => !result.ok && result.reason)).toContain(reason);
  });

  it("takes the reasons of a call from this call only", async () => {
    const reasonsOf = async (reason: string) =>
      (await callAll(respondWith(400, { ...refusal, reason, violations: [violation], secondFactors: [] }))).map(
        (result) => !result.ok && result.reason,
      );
    const none = "unreachable";
    expect(await reasonsOf("invalid_email")).toEqual(["invalid_email", none, none, none]);
    expect(await reasonsOf("unknown_email")).toEqual(["unknown_email", none, none, none]);
    const expired = "invalid_or_expired_token";
    expect(await reasonsOf(expired)).toEqual([none, expired, expired, expired]);
    for (const reason of ["password_rejected", "second_factor_required", "second_factor_rejected"]) {
      expect(await reasonsOf(reason)).toEqual([none, none, none, reason]);
    }
  });

  const link = {
    ok: true,
    email: MIKE.email,
    isInvitation: true,
    expiresAt: "2026-01-01T01:00:00.000Z",
    secondFactors: ["totp"],
  };

  it("returns the expiry of a link as a Date", async () => {
    const client = passwordResetClient({ url: API, fetch: respondWith(200, { ...link, more: 1 }) });
    const result = await client.verifyToken({ token: TOKEN });
    expect(result).toEqual({ ...link, expiresAt: new Date("2026-01-01T01:00:00Z") });
  });

  it.each([
    { ...link, email: undefined },
    { ...link, email: null },
    { ...link, isInvitation: "no" },
    { ...link, expiresAt: undefined },
    { ...link, expiresAt: null },
    { ...link, expiresAt: 1_767_229_200_000 },
    { ...link, expiresAt: "soon" },
    { ...link, secondFactors: undefined },
    { ...link, secondFactors: "totp" },
    { ...link, secondFactors: [1] },
  ])("reports an unreachable server if a link is described as %j", async (body) => {
    const client = passwordResetClient({ url: API, fetch: respondWith(200, body) });
    expect(await client.verifyToken({ token: TOKEN })).toEqual(UNREACHABLE);
  });

  it.each([undefined, null, "yes", 1])("reports an unreachable server if sessionsRevoked is %s", async (value) => {
    const client = passwordResetClient({ url: API, fetch: respondWith(200, { ok: true, sessionsRevoked: value }) });
    expect(await client.completeReset({ token: TOKEN, newPassword: GOOD_PASSWORD })).toEqual(UNREACHABLE);
  });

  it.each([{ ok: true }, { ok: true, ticket: 1 }])("reports an unreachable server if a ticket is %j", async (body) => {
    const client = passwordResetClient({ url: API, fetch: respondWith(200, body) });
    expect(await client.requestReset({ email: MIKE.email, method: "code" })).toEqual(UNREACHABLE);
    expect(await client.requestReset({ email: MIKE.email })).toEqual({ ok: true });
  });

  it.each([undefined, "totp", [1], {}])(
    "reports an unreachable server if secondFactors is %j",
    async (secondFactors) => {
      const body = { ...refusal, reason: "second_factor_required", secondFactors };
      const client = passwordResetClient({ url: API, fetch: respondWith(422, body) });
      expect(await client.completeReset({ token: TOKEN, newPassword: GOOD_PASSWORD })).toEqual(UNREACHABLE);
    },
  );

  it.each([
    undefined,
    null,
    {},
    [null],
    ["too_short"],
    [violation, { ...violation, code: 1 }],
    [{ ...violation, message: undefined }],
    [{ ...violation, params: null }],
    [{ code: "too_short", message: "Use at least 8 characters." }],
  ])("reports an unreachable server if the violations are %j", async (violations) => {
    const refused = { ...refusal, reason: "password_rejected" };
    const complete = (value: unknown) =>
      passwordResetClient({ url: API, fetch: respondWith(422, { ...refused, violations: value }) }).completeReset({
        token: TOKEN,
        newPassword: "short",
      });
    expect(await complete([violation])).toMatchObject({ reason: "password_rejected", violations: [violation] });
    expect(await complete(violations)).toEqual(UNREACHABLE);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["null", () => null],
    ["a number", () => 42],
    ["a string", () => "mike@example.org"],
    ["an array", () => []],
    [
      "an object that cannot be read",
      () => ({
        get email() {
          throw new Error("trap");
        },
      }),
    ],
  ])("never rejects if its input is %s", async (_, createInput) => {
    const input = createInput();
    const client = passwordResetClient({
      url: API,
      fetch: respondWith(400, { ...refusal, reason: "invalid_request" }),
    });
    for (const call of [client.requestReset, client.redeemCode, client.verifyToken, client.completeReset]) {
      const result = await (call as (input: unknown) => Promise<unknown>)(input);
      expect(result).toEqual({
        ok: false,
        reason: expect.stringMatching(/^(?:unreachable|invalid_request)$/),
        detail: expect.any(String),
      });
    }
  });

  it("never rejects if the locale cannot be a header", async () => {
    const client = passwordResetClient({ url: await listen((_req, res) => res.end("{}")), locale: "en\r\nX: y" });
    expect(await client.requestReset({ email: MIKE.email })).toEqual(UNREACHABLE);
  });
});

async function readBefore(): Promise<Response> {
  const response = Response.json({ ok: true });
  await response.text();
  return response;
}

describe("passwordResetClient with the fetch of Node.js", () => {
  it("sets a new password over http", async () => {
    const { fetch: handle, requestToken } = serve();
    const url = await listen(async (req, res) => {
      const chunks = await req.setEncoding("utf8").toArray();
      const headers = req.headers as Record<string, string>;
      const response = await handle(`https://app.example.com${req.url}`, { ...init, headers, body: chunks.join("") });
      res.writeHead(response.ok ? 200 : 400).end(JSON.stringify(await response.json()));
    });
    const client = passwordResetClient({ url: `${url}/password_reset` });
    const token = await requestToken();
    expect(await client.verifyToken({ token })).toMatchObject({ ok: true, expiresAt: expect.any(Date) });
    const completed = await client.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(completed).toEqual({ ok: true, sessionsRevoked: true });
  });

  it.each([301, 302, 303, 307, 308])(
    "follows no redirect with the status %i, so a password goes to one server",
    async (status) => {
      const seen: string[] = [];
      const elsewhere = await listen((req, res) => {
        seen.push(`${req.method} ${req.url}`);
        res.end('{"ok":true,"sessionsRevoked":true}');
      });
      const url = await listen((_req, res) => {
        res.writeHead(status, { Location: `${elsewhere}/collect` }).end('{"ok":true,"sessionsRevoked":true}');
      });
      const followed = await fetch(url, { ...init, body: "{}", redirect: "follow" });
      expect([followed.status, seen.length]).toEqual([200, 1]);
      expect(await callAll(undefined, url)).toEqual(ALL_UNREACHABLE);
      expect(seen).toHaveLength(1);
    },
  );

  it.each<[string, RequestListener]>([
    ["closes the connection", (req) => void req.socket.destroy()],
    [
      "breaks off within the body",
      (_req, res) => void res.writeHead(200, { "Content-Length": 99 }).write('{"ok"', () => res.destroy()),
    ],
    ["responds with garbage", (req) => void req.socket.end("garbage\r\n\r\n")],
  ])("reports an unreachable server if it %s", async (_, listener) => {
    expect(await callAll(undefined, await listen(listener))).toEqual(ALL_UNREACHABLE);
  });

  it("reports an unreachable server if the application's own fetch gives up on it", async () => {
    const url = await listen(() => {});
    const impatient: ClientFetch = (path, options) => fetch(path, { ...options, signal: AbortSignal.timeout(20) });
    expect(await callAll(impatient, url)).toEqual(ALL_UNREACHABLE);
  });

  it.each(["http://127.0.0.1:1", "nonsense", ""])("reports an unreachable server at %j", async (url) => {
    expect(await callAll(undefined, url)).toEqual(ALL_UNREACHABLE);
  });
});

const init = { method: "POST", credentials: "omit", redirect: "manual", referrerPolicy: "strict-origin" } as const;
