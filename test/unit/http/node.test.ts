import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as open,
  type RequestListener,
  type Server,
} from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import express5, { type Express } from "express";
import { type NodeRequest, nodeMiddleware } from "relatch/node";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { GOOD_PASSWORD, MIKE } from "../../helpers/harness.ts";
import { type Site, type SiteOptions, site } from "../../helpers/site.ts";
import { Client } from "../../system/http/client.ts";
import { COMPLETE, FORM, RESET, SOME_TOKEN, submit, VERIFY } from "../../system/http/contract/helpers.ts";

// Express 4 comes without types, and is used in the same way.
// @ts-expect-error: there are no types for the alias
const { default: express4 } = (await import("express4")) as { default: typeof express5 };

const FORM_TYPE = "application/x-www-form-urlencoded";
const HTTP_SITE: SiteOptions = { resetUrl: "http://localhost:3000/password_reset/:token" };
const EXPRESSES = [
  ["4", express4],
  ["5", express5],
] as const;

async function listen(listener: RequestListener | Server): Promise<number> {
  const server = typeof listener === "function" ? createServer(listener) : listener;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

const start = async (listener: RequestListener): Promise<Client> => new Client(await listen(listener));

/** Completes a reset by pages, and refuses what a form must not contain. */
async function expectFlow(its: Site, client: Client): Promise<void> {
  expect((await client.post(RESET, { email: MIKE.email })).status).toBe(200);
  await its.passwordReset.drain();
  const token = its.mailer.lastToken(MIKE.email);
  const form = await client.follow(await client.get(`${RESET}/${token}`));
  expect((await submit(client, form, GOOD_PASSWORD, "another")).status).toBe(400);
  const done = await submit(client, form, GOOD_PASSWORD);
  expect([done.status, done.headers.location]).toEqual([303, "/login?notice=password_set"]);
  expect(its.users.get(MIKE.id)?.passwordHash).not.toBe(MIKE.passwordHash);
}

/** Completes a reset as a program. */
async function expectJsonFlow(its: Site, client: Client): Promise<void> {
  const token = await its.requestToken();
  expect((await client.json(VERIFY, { token })).status).toBe(200);
  expect((await client.json(COMPLETE, { token, newPassword: GOOD_PASSWORD })).status).toBe(200);
}

describe("bare node:http", () => {
  it("the middleware is a listener: a reset works, and every other path is 404", async () => {
    const its = site(HTTP_SITE);
    const client = await start(nodeMiddleware(its.routes));
    await expectFlow(its, client);
    const elsewhere = await client.get("/elsewhere");
    expect([elsewhere.status, elsewhere.body]).toEqual([404, ""]);
  });

  it("JSON works as well", async () => {
    const its = site(HTTP_SITE);
    await expectJsonFlow(its, await start(nodeMiddleware(its.routes)));
  });

  it("the client's address is that of the connection, or what visitorOf says", async () => {
    const heard: unknown[] = [];
    const requestReset = async ({ ip }: { ip: unknown }) => ({ ok: heard.push(ip) > 0 }) as never;
    const { routes } = site({ ...HTTP_SITE, change: { requestReset } });
    // The routes are asked without the helper, which names an address itself.
    const bare = await start(nodeMiddleware(routes));
    await bare.post(RESET, { email: MIKE.email });
    const told = await start(nodeMiddleware(routes, async (req) => ({ ip: req.headers["x-real-ip"]?.toString() })));
    await told.post(RESET, { email: MIKE.email }, { "X-Real-IP": "203.0.113.9" });
    expect(heard).toEqual(["127.0.0.1", "203.0.113.9"]);
  });

  it("visitorOf that fails is one line on stderr and 500, without its message", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => print.mockRestore());
    const { routes } = site(HTTP_SITE);
    const throws = () => {
      throw new Error("secret of mike@example.org");
    };
    for (const visitorOf of [throws, async () => throws()]) {
      const answer = await (await start(nodeMiddleware(routes, visitorOf))).get(RESET);
      expect([answer.status, answer.body]).toEqual([500, ""]);
    }
    expect(print.mock.calls).toHaveLength(2);
    expect(String(print.mock.calls)).toContain("nodeMiddleware");
    expect(String(print.mock.calls)).not.toMatch(/secret|mike/);
  });
});

describe("a router with next", () => {
  it("a path of the application reaches next at once and untouched", async () => {
    const { routes } = site(HTTP_SITE);
    const visitorOf = vi.fn(() => ({ ip: false as const }));
    const middleware = nodeMiddleware(routes, visitorOf);
    const client = await start((req, res) => {
      let isInTime = true;
      void middleware(req, res, async () => {
        expect(isInTime).toBe(true);
        let body = "";
        for await (const chunk of req) body += chunk;
        res.end(`${req.method} ${req.url} ${body}`);
      });
      isInTime = false;
    });
    const posted = await client.send("POST", "/elsewhere?x=1", { body: "hello" });
    expect(posted.body).toBe("POST /elsewhere?x=1 hello");
    expect(visitorOf).not.toHaveBeenCalled();
  });

  it("next is called once, also if it throws", async () => {
    const { routes } = site(HTTP_SITE);
    const next = vi.fn(() => {
      throw new Error("downstream");
    });
    const middleware = nodeMiddleware(routes);
    await expect(middleware({ url: "/elsewhere", headers: {} } as NodeRequest, {} as never, next)).rejects.toThrow(
      "downstream",
    );
    expect(next).toHaveBeenCalledTimes(1);
  });

  it("an error of visitorOf reaches next", async () => {
    const { routes } = site(HTTP_SITE);
    const cause = new Error("no session store");
    const middleware = nodeMiddleware(routes, () => Promise.reject(cause));
    const client = await start((req, res) => {
      void middleware(req, res, (error) => res.writeHead(error === cause ? 418 : 200).end());
    });
    expect((await client.get(RESET)).status).toBe(418);
  });

  it("a response that the application has sent meanwhile stays as it is", async () => {
    const { routes } = site(HTTP_SITE);
    const next = vi.fn();
    const client = await start((req, res) => {
      const late = async () => {
        res.writeHead(503).end("late");
        return { ip: false as const };
      };
      void nodeMiddleware(routes, late)(req, res, next);
    });
    const answer = await client.get(RESET);
    expect([answer.status, answer.body]).toEqual([503, "late"]);
    expect(next).not.toHaveBeenCalled();
  });

  it("the routes keep the cookies and headers that the application has set", async () => {
    const its = site(HTTP_SITE);
    const middleware = nodeMiddleware(its.routes);
    const client = await start((req, res) => {
      res.setHeader("Set-Cookie", "session=x");
      res.setHeader("X-Request-Id", "7");
      void middleware(req, res);
    });
    const opened = await client.get(`${RESET}/${await its.requestToken()}`);
    expect(opened.cookies).toEqual(["session=x", expect.stringMatching(/^password_reset=/)]);
    expect(opened.headers["x-request-id"]).toBe("7");
  });
});

describe.each(EXPRESSES)("Express %s", (_version, express) => {
  const create = () => express().disable("x-powered-by");
  const parsers = {
    "no parser": () => [],
    "express.urlencoded and express.json": () => [express.urlencoded({ extended: false }), express.json()],
    "nested fields": () => [express.urlencoded({ extended: true }), express.json({ strict: false })],
    "express.text": () => [express.text({ type: "*/*" })],
    "express.raw": () => [express.raw({ type: "*/*" })],
    "a parser that keeps the bytes": () => [
      express.json({ verify: (req, _res, buffer) => void Object.assign(req, { rawBody: buffer }) }),
      express.urlencoded({
        extended: false,
        verify: (req, _res, buffer) => void Object.assign(req, { rawBody: buffer }),
      }),
    ],
  };
  const mount = (
    its: Site,
    before: keyof typeof parsers,
    after: keyof typeof parsers = "no parser",
  ): Promise<Client> => {
    const app: Express = create();
    for (const parser of parsers[before]()) app.use(parser);
    app.use(nodeMiddleware(its.routes, (req) => ({ ip: req.ip })));
    for (const parser of parsers[after]()) app.use(parser);
    app.post("/echo", (req, res) => void res.json(req.body ?? null));
    return start(app);
  };

  it.each(Object.keys(parsers) as (keyof typeof parsers)[])("a reset works behind %s", async (before) => {
    const its = site(HTTP_SITE);
    const client = await mount(its, before);
    await expectFlow(its, client);
    const other = site(HTTP_SITE);
    await expectJsonFlow(other, await mount(other, before));
  });

  it("a parser behind the middleware gets the bodies of the application", async () => {
    const its = site(HTTP_SITE);
    const client = await mount(its, "no parser", "express.urlencoded and express.json");
    expect((await client.json("/echo", { a: 1 })).body).toBe('{"a":1}');
    await expectFlow(its, client);
  });

  it("origin and type are judged from the headers, whatever a parser has made of the body", async () => {
    const its = site(HTTP_SITE);
    const client = await mount(its, "nested fields");
    const send = (path: string, headers: Record<string, string>, body: string) =>
      client.send("POST", path, { headers, body });
    const own = { "Sec-Fetch-Site": "same-origin" };
    const email = `email=${MIKE.email}`;
    expect((await send(RESET, { "Content-Type": FORM_TYPE, Origin: "https://evil.example" }, email)).status).toBe(403);
    expect((await send(RESET, { "Content-Type": FORM_TYPE }, email)).status).toBe(403);
    expect((await send(FORM, { ...own, "Content-Type": "application/json" }, "{}")).status).toBe(415);
    expect((await send(VERIFY, { ...own, "Content-Type": FORM_TYPE }, "token=x")).status).toBe(415);
    expect((await send(RESET, { "Content-Type": "application/json; charset=utf-16" }, "{}")).status).toBeLessThan(500);
  });

  it("a second factor in JSON arrives whether or not a parser has read the body", async () => {
    const secondFactor = {
      methods: async () => ["totp"],
      verify: async (_: string, { response }: { response: string }) => response === "123456",
    };
    for (const before of ["no parser", "express.urlencoded and express.json", "nested fields"] as const) {
      const its = site({ ...HTTP_SITE, secondFactor });
      const client = await mount(its, before);
      const body = { token: await its.requestToken(), newPassword: GOOD_PASSWORD };
      const complete = async (proof: object) => (await client.json(COMPLETE, { ...body, secondFactor: proof })).status;
      expect(await complete({ method: "totp", response: "000000" })).toBe(422);
      expect(await complete({ method: "totp", response: ["123456"] })).toBe(422);
      expect(await complete({ method: "totp", response: "123456" })).toBe(200);
    }
  });

  it("a field counts only if it is one string, whatever a parser has made of it", async () => {
    const its = site(HTTP_SITE);
    const token = await its.requestToken();
    const client = await mount(its, "nested fields");
    const link = `${RESET}/${token}`;
    const secret = encodeURIComponent(GOOD_PASSWORD);
    for (const body of [
      `password=${secret}&password=${secret}&password_confirmation=${secret}`,
      `password[]=${secret}&password_confirmation[]=${secret}`,
      `password[a]=${secret}&password_confirmation[a]=${secret}`,
      `__proto__[password]=${secret}&constructor[prototype][password_confirmation]=${secret}`,
      `password=${secret}`,
    ]) {
      const headers = { "Content-Type": FORM_TYPE, "Sec-Fetch-Site": "same-origin" };
      expect((await client.send("POST", link, { headers, body })).status).toBe(400);
    }
    const newPassword = GOOD_PASSWORD;
    for (const json of [
      { token: [token], newPassword },
      { token: { token }, newPassword },
      { token, newPassword: [newPassword] },
      { token, newPassword: { length: 20 } },
      [{ token, newPassword }],
    ]) {
      expect([400, 422]).toContain((await client.json(COMPLETE, json)).status);
    }
    expect(its.users.get(MIKE.id)?.passwordHash).toBe(MIKE.passwordHash);
  });

  it.each([
    ...["null", "1", '"x"', "true", "[]", '[{"email":"x"}]', "{}", '{"email":null}', '{"__proto__":{"email":"x"}}'],
    `{"email":${"[".repeat(40_000)}${"]".repeat(40_000)}}`,
    `{"email":"${"x".repeat(60_000)}"}`,
    JSON.stringify(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, "x"]))),
  ])("no JSON that a parser has let pass leads to 5xx: %#", async (body) => {
    const client = await mount(site(HTTP_SITE), "nested fields");
    for (const path of [RESET, VERIFY, COMPLETE]) {
      const { status } = await client.send("POST", path, { headers: { "Content-Type": "application/json" }, body });
      expect([400, 413]).toContain(status);
    }
  });

  it("a body that a parser has inflated counts with its inflated length", async () => {
    const client = await mount(site(HTTP_SITE), "express.urlencoded and express.json");
    const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
    const send = (json: object) => client.send("POST", RESET, { headers, body: gzipSync(JSON.stringify(json)) });
    expect((await send({ email: MIKE.email })).status).toBe(200);
    expect((await send({ email: "x".repeat(90_000) })).status).toBe(413);
  });

  it("a body that was too long counts as too long, whatever a parser has left of it", async () => {
    const client = await mount(site(HTTP_SITE), "express.urlencoded and express.json");
    const body = `{"email":"${MIKE.email}"${" ".repeat(20_000)}}`;
    expect((await client.send("POST", RESET, { headers: { "Content-Type": "application/json" }, body })).status).toBe(
      413,
    );
  });

  it("the types are those of the application's own request", async () => {
    const app = create();
    const { routes } = site(HTTP_SITE);
    app.use((req, _res, next) => {
      Object.assign(req, { session: { userId: "42" } });
      next();
    });
    type Req = express5.Request & { session?: { userId?: string } };
    app.use(nodeMiddleware(routes, (req: Req) => ({ ip: req.ip, isSignedIn: Boolean(req.session?.userId) })));
    expect((await (await start(app)).get(RESET)).headers.location).toBe("/");
  });

  it("req.ip follows the trusted proxy", async () => {
    const heard: unknown[] = [];
    const requestReset = async ({ ip }: { ip: unknown }) => ({ ok: heard.push(ip) > 0 }) as never;
    const app = create().set("trust proxy", "loopback");
    app.use(nodeMiddleware(site({ ...HTTP_SITE, change: { requestReset } }).routes));
    await (await start(app)).post(RESET, { email: MIKE.email }, { "X-Forwarded-For": "203.0.113.9" });
    expect(heard).toEqual(["203.0.113.9"]);
  });

  it("a router below a path sees the whole path", async () => {
    const its = site({ resetUrl: "http://localhost:3000/account/reset/:token" });
    const router = express.Router();
    router.use(nodeMiddleware(its.routes));
    const client = await start(create().use("/account", router));
    expect((await client.get(`/account/reset/${await its.requestToken()}`)).headers.location).toContain("opened=1");
    expect((await client.get("/reset")).status).toBe(404);
  });

  it("other paths reach the next handler and its error handler", async () => {
    const app = create().use(nodeMiddleware(site(HTTP_SITE).routes));
    app.get("/fails", () => {
      throw new Error("of the application");
    });
    app.use(((_error, _req, res, _next) => void res.status(418).end()) as express5.ErrorRequestHandler);
    const client = await start(app);
    expect((await client.get("/fails")).status).toBe(418);
    expect((await client.get("/nowhere")).status).toBe(404);
    expect((await client.get(RESET)).status).toBe(200);
  });

  it("a body that something has read and not kept is the developer's mistake, and says so", async () => {
    const app = create();
    app.use(async (req, _res, next) => {
      for await (const _chunk of req);
      next();
    });
    app.use(nodeMiddleware(site(HTTP_SITE).routes));
    const errors: unknown[] = [];
    app.use(((error, _req, res, _next) => {
      errors.push(error);
      res.status(500).end();
    }) as express5.ErrorRequestHandler);
    const client = await start(app);
    expect((await client.post(RESET, { email: MIKE.email })).status).toBe(500);
    expect(errors).toEqual([
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining("req.body") }),
    ]);
    expect((await client.get(RESET)).status).toBe(200);
    // Without a body there is nothing to miss.
    expect((await client.send("POST", VERIFY, { headers: { "Content-Type": "application/json" } })).status).toBe(400);
  });
});

describe("HTTP/2", () => {
  it("a reset works through the compatibility layer of node:http2", async () => {
    const its = site(HTTP_SITE);
    const server = createHttp2Server(nodeMiddleware(its.routes) as never);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    const send = async (method: string, path: string, headers: object = {}, body = "") => {
      const stream = session.request({ ":method": method, ":path": path, ...headers });
      if (method === "POST") stream.end(body);
      const [answer] = await once(stream, "response");
      return { answer, text: (await stream.setEncoding("utf8").toArray()).join("") };
    };
    const form = { "content-type": FORM_TYPE, "sec-fetch-site": "same-origin" };
    expect((await send("POST", RESET, form, `email=${MIKE.email}`)).answer[":status"]).toBe(200);
    await its.passwordReset.drain();
    const token = its.mailer.lastToken(MIKE.email);
    const opened = await send("GET", `${RESET}/${token}`);
    expect(opened.answer.location).toContain("opened=1");
    // HTTP/2 may split the Cookie header.
    const cookie = ["session=x", String(opened.answer["set-cookie"]).split(";")[0]];
    expect((await send("GET", FORM, { cookie })).answer[":status"]).toBe(200);
    const json = { "content-type": "application/json" };
    const done = await send("POST", COMPLETE, json, JSON.stringify({ token, newPassword: GOOD_PASSWORD }));
    expect([done.answer[":status"], JSON.parse(done.text)]).toEqual([200, { ok: true, sessionsRevoked: true }]);
    expect((await send("POST", COMPLETE, json, "x".repeat(20_000))).answer[":status"]).toBe(413);
    // HTTP/2 passes methods on as they are, and `Request` writes these two in capitals.
    for (const method of ["get", "Head"]) expect((await send(method, RESET)).answer[":status"]).toBe(200);
  });
});

describe("at the socket", () => {
  const listener = (options: SiteOptions = {}) => nodeMiddleware(site({ ...HTTP_SITE, ...options }).routes);
  const head = (lines: string[]) => `${lines.join("\r\n")}\r\n\r\n`;
  const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

  it.each([
    ["an absolute form", `GET http://evil.example${RESET} HTTP/1.1`, 200],
    ["an absolute form with a user", `GET http://u:p@evil.example:99${RESET} HTTP/1.1`, 200],
    ["an absolute form with a query", `GET https://evil.example${RESET}?x HTTP/1.1`, 200],
    ["an absolute form without a path", "GET http://evil.example HTTP/1.1", 404],
    ["a path with two slashes", `GET //evil.example${RESET} HTTP/1.1`, 404],
    ["a path with a backslash", `GET /\\evil.example${RESET} HTTP/1.1`, 404],
    // Whatever limits `/password_reset` in front of this does not see these paths.
    ["a path that leads back", `GET /x/..${RESET} HTTP/1.1`, 404],
    ["a path that stays", `GET /.${RESET} HTTP/1.1`, 404],
    ["a path that stays, encoded", `GET /%2e${RESET} HTTP/1.1`, 404],
    ["a path that leads back, encoded", `GET /x/%2E%2e${RESET} HTTP/1.1`, 404],
    ["a path that leads back over a backslash", `GET /x\\..${RESET} HTTP/1.1`, 404],
    ["a path that leads back in an absolute form", `GET http://localhost/x/..${RESET} HTTP/1.1`, 404],
    ["the whole server", "OPTIONS * HTTP/1.1", 404],
    ["TRACE", `TRACE ${RESET} HTTP/1.1`, 405],
    ["TRACE of a JSON path", `TRACE ${VERIFY} HTTP/1.1`, 405],
    ["an unusual method", `PROPFIND ${RESET} HTTP/1.1`, 405],
    ["a method with a body of nothing", `QUERY ${RESET} HTTP/1.1`, 405],
    ["a fragment", `GET ${RESET}#x HTTP/1.1`, 200],
    ["a query that cannot be decoded", `GET ${RESET}?notice=%E0%A4%A HTTP/1.1`, 200],
    ["an encoded slash", `GET ${RESET}%2Fverify HTTP/1.1`, 404],
  ])("a target in %s is read by its path alone", async (_, line, status) => {
    const client = await start(listener());
    const answer = await client.raw(head([line, "Host: localhost", "Connection: close"]));
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toMatch(/evil/);
  });

  it("repeated headers are one header with several values, or the first of them", async () => {
    const client = await start(listener());
    const post = (...headers: string[]) =>
      client.raw(
        head([`POST ${VERIFY} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "Content-Length: 2"]) +
          "{}",
      );
    const json = "Content-Type: application/json";
    expect(statusOf(await post(json, "Origin: http://localhost:3000"))).toBe(400);
    expect(statusOf(await post(json, "Origin: http://localhost:3000", "Origin: http://evil.example"))).toBe(403);
    expect(statusOf(await post(json, "Origin: http://evil.example", "Origin: http://localhost:3000"))).toBe(403);
    expect(statusOf(await post(json, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"))).toBe(403);
    expect(statusOf(await post("Content-Type: text/plain", json))).toBe(415);
    const cookies = [`Cookie: password_reset=${SOME_TOKEN}`, `Cookie: password_reset=${SOME_TOKEN}`];
    const form = await client.raw(head([`GET ${FORM} HTTP/1.1`, "Host: localhost", "Connection: close", ...cookies]));
    expect(form).toContain("notice=open_link_again");
  });

  it("a header with bytes beyond ASCII leads to no 5xx", async () => {
    const client = await start(listener());
    for (const name of ["Origin", "Cookie", "Accept", "Accept-Language", "Content-Type", "X-Other"]) {
      const text = head([
        `POST ${RESET} HTTP/1.1`,
        "Host: localhost",
        "Connection: close",
        `${name}: \xe4\xff\x80`,
        "Content-Length: 0",
      ]);
      expect(statusOf(await client.raw(Buffer.from(text, "latin1")))).toBeLessThan(500);
    }
  });

  /** Sends the request lines of one connection, one after the other's response. */
  async function keepAlive(port: number, requests: string[]): Promise<string[]> {
    const socket: Socket = connect(port, "127.0.0.1").setEncoding("latin1");
    onTestFinished(() => void socket.destroy());
    const answers: string[] = [];
    for (const text of requests) {
      socket.write(text, "latin1");
      let answer = "";
      while (!answer.includes("\r\n\r\n")) {
        const [chunk] = (await once(socket, "data")) as [string];
        answer += chunk;
      }
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
      while (answer.length < answer.indexOf("\r\n\r\n") + 4 + length) {
        const [chunk] = (await once(socket, "data")) as [string];
        answer += chunk;
      }
      answers.push(answer);
    }
    return answers;
  }

  it.each([
    ["of another origin", [`Origin: http://evil.example`, `Content-Type: ${FORM_TYPE}`], 403],
    ["of another type", ["Sec-Fetch-Site: same-origin", "Content-Type: text/plain"], 415],
    ["that is too long", ["Sec-Fetch-Site: same-origin", `Content-Type: ${FORM_TYPE}`], 413],
  ])("the connection serves the next request after a body %s was refused unread", async (_, headers, status) => {
    const port = await listen(listener());
    const body = "x".repeat(300_000);
    const refused =
      head([`POST ${RESET} HTTP/1.1`, "Host: localhost", ...headers, `Content-Length: ${body.length}`]) + body;
    const chunked =
      head([`POST ${RESET} HTTP/1.1`, "Host: localhost", ...headers, "Transfer-Encoding: chunked"]) +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const next = head([`GET ${RESET} HTTP/1.1`, "Host: localhost"]);
    const answers = await keepAlive(port, [refused, next, chunked, next]);
    expect(answers.map(statusOf)).toEqual([status, 200, status, 200]);
  });

  it("Expect: 100-continue is continued, and a body that is refused by its length gets 413", async () => {
    const port = await listen(listener());
    const post = (length: number) =>
      new Promise<{ continues: boolean; status: number | undefined }>((resolve, reject) => {
        let continues = false;
        const headers = { "Content-Type": "application/json", "Content-Length": length, Expect: "100-continue" };
        const outgoing = open({ port, host: "127.0.0.1", method: "POST", path: VERIFY, headers, agent: false });
        outgoing.on("continue", () => {
          continues = true;
          outgoing.end("{}".padEnd(length));
        });
        outgoing.on("response", (incoming) => {
          incoming.resume();
          resolve({ continues, status: incoming.statusCode });
        });
        outgoing.on("error", reject).flushHeaders();
      });
    expect(await post(100)).toEqual({ continues: true, status: 400 });
    expect(await post(100_000)).toEqual({ continues: true, status: 413 });
  });

  it("an upload that the client aborts is not reported as a failure, and the server goes on", async () => {
    const its = site(HTTP_SITE);
    const next = vi.fn();
    const handled: Promise<void>[] = [];
    const middleware = nodeMiddleware(its.routes);
    const arrived: IncomingMessage[] = [];
    const port = await listen((req, res) => {
      arrived.push(req);
      handled.push(middleware(req, res, next));
    });
    for (const part of ["", '{"token":', "x".repeat(20_000)]) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      const type = "Content-Type: application/json";
      socket.write(head([`POST ${VERIFY} HTTP/1.1`, "Host: localhost", type, "Content-Length: 15000"]) + part);
      const count = arrived.length;
      await vi.waitFor(() => expect(arrived.length).toBeGreaterThan(count - 1));
      await vi.waitFor(() => expect(arrived.length).toBe(handled.length));
      socket.destroy();
    }
    await vi.waitFor(() => expect(handled).toHaveLength(3));
    await Promise.all(handled);
    expect(next).not.toHaveBeenCalled();
    expect(its.faults).toEqual([]);
    expect((await new Client(port).get(RESET)).status).toBe(200);
  });

  it("a slow body holds up nobody else", async () => {
    const port = await listen(listener());
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    onTestFinished(() => void socket.destroy());
    socket.write(
      head([`POST ${VERIFY} HTTP/1.1`, "Host: localhost", "Content-Type: application/json", "Content-Length: 2"]),
    );
    expect((await new Client(port).get(RESET)).status).toBe(200);
    socket.write("{}");
    const [answer] = (await once(socket, "data")) as [string];
    expect(statusOf(answer)).toBe(400);
  });

  it("one connection serves many requests in turn", async () => {
    const port = await listen(listener());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const sockets = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((resolve, reject) => {
        const body = i % 2 ? "{" : "x".repeat(20_000);
        const headers = { "Content-Type": "application/json", "Content-Length": body.length };
        const outgoing = open({ agent, port, host: "127.0.0.1", method: "POST", path: VERIFY, headers }, (incoming) => {
          expect(incoming.statusCode).toBe(i % 2 ? 400 : 413);
          incoming.resume().on("end", resolve);
        });
        outgoing.on("socket", (socket) => sockets.add(socket));
        outgoing.on("error", reject).end(body);
      });
    }
    expect(sockets.size).toBe(1);
  });
});
