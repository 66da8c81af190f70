import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { passwordResetRoutes } from "relatch/http";
import { en, ru } from "relatch/languages";
import { nodeMiddleware } from "relatch/node";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "../../helpers/harness.ts";
import { visit } from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executablePath = findChromium();

/** A single-page application, at whatever path it is opened: also at one that contains a token. */
const PAGE = `<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,">
<script type="module">
  import { passwordResetClient } from "/client.js";
  window.connect = (url, options) => { window.client = passwordResetClient({ url, ...options }); };
  document.title = "Ready";
</script>`;
const SECRET_PATH = "/reset/token-in-the-path?also=here";
const UNREACHABLE = { ok: false, reason: "unreachable", detail: expect.any(String) };

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

/** Starts a server on the loopback, as `localhost` or, which is another site to browsers, as 127.0.0.1. */
async function listen(host: "localhost" | "127.0.0.1", listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!executablePath)("relatch/client in a browser", () => {
  let browser: Browser;
  let script: string;

  beforeAll(async () => {
    const entry = join(import.meta.dirname, "../../../src/http/client.ts");
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
    script = outputFiles[0]?.text ?? "";
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  const serveSpa: RequestListener = (req, res) => {
    const isScript = req.url === "/client.js";
    res.setHeader("Content-Type", isScript ? "text/javascript" : "text/html").end(isScript ? script : PAGE);
  };

  /** Starts the application on two origins, its API on a third, which has a page as well, and a page of somebody else. */
  async function launch({ linksTo = "app" }: { linksTo?: "app" | "api" } = {}) {
    const seen: Seen[] = [];
    const app = await listen("localhost", serveSpa);
    const admin = await listen("localhost", serveSpa);
    const stranger = await listen("localhost", serveSpa);
    const api: string = await listen("127.0.0.1", (req, res) => {
      const { method = "", url = "", headers } = req;
      if (url.startsWith("/password_reset") || url === "/echo") seen.push({ method, url, headers });
      if (url.startsWith("/moved")) return res.writeHead(307, { Location: `${api}/password_reset/verify` }).end();
      return middleware(req, res, () => serveSpa(req, res));
    });
    const its = harness({ resetUrl: `${{ app, api }[linksTo]}/reset/:token`, languages: [en, ru] });
    const { passwordReset } = its;
    const options = { passwordReset, pages: false, basePath: "/password_reset", allowedOrigins: [admin] } as const;
    const middleware = nodeMiddleware(passwordResetRoutes(options), () => ({ ip: false }));
    return { ...its, app, admin, stranger, api, url: `${api}/password_reset`, seen };
  }

  /** Opens a page of the application, and creates a client there. */
  async function open(origin: string, url: string) {
    const { page, complaints } = await visit(browser);
    await page.goto(origin + SECRET_PATH);
    await page.waitForFunction("document.title === 'Ready'");
    await page.evaluate(`connect(${JSON.stringify(url)})`);
    return { page, complaints };
  }

  const call = (page: Page, name: string, input: object): Promise<unknown> =>
    page.evaluate(`client.${name}(${JSON.stringify(input)})`);

  it.each(["app", "admin"] as const)("resets a password from a page on another origin (%s)", async (name) => {
    const { passwordReset, mailer, revoked, seen, url, [name]: origin } = await launch();
    const { page, complaints } = await open(origin, url);
    expect(await call(page, "requestReset", { email: MIKE.email })).toEqual({ ok: true });
    await passwordReset.drain();
    const token = mailer.lastToken(MIKE.email);
    const verified = await call(page, "verifyToken", { token });
    const expiresAt = new Date(Date.UTC(2026, 0, 1, 1));
    expect(verified).toEqual({ ok: true, email: MIKE.email, isInvitation: false, secondFactors: [], expiresAt });

    const refused = await call(page, "completeReset", { token, newPassword: "vq7Kd2x" });
    expect(refused).toMatchObject({ reason: "password_rejected", violations: [{ code: "too_short" }] });
    const completed = await call(page, "completeReset", { token, newPassword: GOOD_PASSWORD });
    expect(completed).toEqual({ ok: true, sessionsRevoked: true });
    expect(revoked).toContain(MIKE.id);
    expect(await call(page, "verifyToken", { token })).toMatchObject({ reason: "invalid_or_expired_token" });
    // The browser asked first whether this origin may.
    const methods = seen.map(({ method, url }) => `${method} ${url}`);
    expect(methods).toEqual(expect.arrayContaining(["OPTIONS /password_reset", "POST /password_reset/complete"]));
    expect(complaints).toEqual([]);
  });

  it("is of no use to a page on an origin that is not allowed", async () => {
    const { seen, url, stranger, mailer, passwordReset } = await launch();
    const { page } = await open(stranger, url);
    expect(await call(page, "requestReset", { email: MIKE.email })).toEqual(UNREACHABLE);
    await passwordReset.drain();
    expect(mailer.sent).toEqual([]);
    expect(seen.map(({ method }) => method)).toEqual(["OPTIONS"]);
  });

  it("sends neither cookies nor the path of the page, also to its own origin", async () => {
    const { api, seen } = await launch({ linksTo: "api" });
    const { page, complaints } = await open(api, "/password_reset");
    await page.evaluate("document.cookie = 'session=secret; path=/'");
    // The server would get both from a request that does not prevent it.
    await page.evaluate("fetch('/echo', { method: 'POST' })");
    expect(seen.at(-1)?.headers).toMatchObject({ cookie: "session=secret", referer: api + SECRET_PATH });

    const { length } = seen;
    expect(await call(page, "requestReset", { email: MIKE.email })).toEqual({ ok: true });
    await call(page, "verifyToken", { token: "token" });
    await call(page, "completeReset", { token: "token", newPassword: GOOD_PASSWORD });
    const sent = seen.slice(length);
    expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /password_reset",
      "POST /password_reset/verify",
      "POST /password_reset/complete",
    ]);
    for (const { headers } of sent) {
      expect(headers.cookie).toBeUndefined();
      expect(headers.referer).toBe(`${api}/`);
      expect(headers.origin).toBe(api);
    }
    expect(complaints).toEqual([]);
  });

  it("reports an unreachable server without a connection, behind a redirect, and for a page", async () => {
    const { app, api, url, seen } = await launch();
    const { page } = await open(app, url);
    const verify = () => call(page, "verifyToken", { token: "token" });
    expect(await verify()).toMatchObject({ reason: "invalid_or_expired_token" });
    const { length } = seen;

    await page.context().setOffline(true);
    expect(await verify()).toEqual(UNREACHABLE);
    await page.context().setOffline(false);
    for (const other of [`${api}/moved`, `${api}/a-page`, "http://127.0.0.1:1/password_reset", "https://[invalid"]) {
      await page.evaluate(`connect(${JSON.stringify(other)})`);
      expect(await verify(), other).toEqual(UNREACHABLE);
    }
    await page.evaluate(`connect(${JSON.stringify(url)}, { fetch: () => new Promise((_, reject) => reject()) })`);
    expect(await verify()).toEqual(UNREACHABLE);
    expect(seen).toHaveLength(length);
  });

  it("writes its sentences in the language of the browser, or in that of the option locale", async () => {
    const { app, url } = await launch();
    const { page } = await open(app, url);
    const ask = async (options: object) => {
      await page.evaluate(`connect(${JSON.stringify(url)}, ${JSON.stringify(options)})`);
      return call(page, "requestReset", { email: "nonsense" });
    };
    const english = await ask({});
    expect(english).toMatchObject({ reason: "invalid_email", detail: expect.stringMatching(/^Enter/) });
    expect(await ask({ locale: "ru" })).toMatchObject({ detail: expect.stringMatching(/[а-я]/) });
  });
});
