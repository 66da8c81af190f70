import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type PasswordResetRoutesOptions, passwordResetRoutes, readSignInEmail } from "relatch/http";
import { ar, de, en, ja, ru } from "relatch/languages";
import { memoryHasher } from "relatch/memory";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { generate } from "selfsigned";
import { onTestFinished } from "vitest";
import { type Harness, type HarnessOptions, harness, MIKE } from "../../helpers/harness.ts";
import type { AskedFor } from "./browser.ts";

export const JANE = { id: "43", email: "jane@example.org", passwordHash: "old-hash-of-jane", name: "Jane" };

/** Three sites, which the browser of the tests finds on the loopback. */
const HOSTS = { app: "app.example.com", webmail: "mail.example.net", login: "login.example.org" };

export interface PagesOptions extends HarnessOptions {
  routes?: Partial<Omit<PasswordResetRoutesOptions<{ codes: true }>, "passwordReset">>;
  /** The path of the links. */
  path?: string;
  /** The start of each path, which the proxy in front of the application takes away. */
  strippedPrefix?: string;
  /** The sign-in page is at this path of another origin. */
  foreignLogin?: string;
  /** The logo of the pages is on that other origin as well. */
  isLogoElsewhere?: boolean;
}

/** The package's pages on https, with real names of hosts, next to a webmail and a sign-in page. */
export interface RunningPages extends Harness {
  origin: string;
  webmail: string;
  login: string;
  requests: readonly AskedFor[];
  /** Sends a link and returns it. */
  requestLink(email?: string): Promise<string>;
  /** Reports whether somebody's password is this one. */
  hasPassword(userId: string, password: string): Promise<boolean>;
}

// One pair for all servers of a process.
const certificate = generate([{ name: "commonName", value: HOSTS.app }], { keyType: "ec", algorithm: "sha256" });

const writePage = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,"><h1>${title}</h1>${body}`;

const SESSION = "__Host-session=1; Path=/; Secure; HttpOnly; SameSite=Lax";

/** Starts the sites on a free port of the loopback. */
export async function startPages(options: PagesOptions = {}): Promise<RunningPages> {
  const { routes: routesOptions, path = "/password_reset", strippedPrefix = "", foreignLogin, ...rest } = options;
  const { isLogoElsewhere = false, ...harnessOptions } = rest;
  const { private: key, cert } = await certificate;
  const requests: AskedFor[] = [];
  const server = createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const siteAt = (host: string) => `https://${host}:${port}`;
  const [origin, webmail, login] = [siteAt(HOSTS.app), siteAt(HOSTS.webmail), siteAt(HOSTS.login)];

  const its = harness({
    accounts: [MIKE, JANE],
    resetUrl: `${origin}${path}/:token`,
    languages: [en, ar, de, ja, ru],
    now: () => new Date(),
    ...harnessOptions,
  });
  const { passwordReset, mailer, users } = its;
  const isSignedIn = (req: IncomingMessage) => req.headers.cookie?.includes("__Host-session=") ?? false;
  const routes = passwordResetRoutes({
    passwordReset,
    pages: defaultPages(isLogoElsewhere ? { logoUrl: `${login}/logo.svg` } : {}),
    ...(foreignLogin !== undefined && { loginPath: login + foreignLogin }),
    ...routesOptions,
  });
  const middleware = nodeMiddleware(routes, (req: IncomingMessage) => ({ ip: false, isSignedIn: isSignedIn(req) }));

  server.on("request", async (req: IncomingMessage, res: ServerResponse) => {
    const { host = "", referer, cookie } = req.headers;
    const { method = "GET", url = "" } = req;
    requests.push({ method, url, host, referer, cookie });
    const show = (title: string, body = "") =>
      res.setHeader("Content-Type", "text/html; charset=utf-8").end(writePage(title, body));

    const link = `<a id="link" target="_blank" rel="opener" href="${mailer.lastLink(MIKE.email)}">Open</a>`;
    if (host.startsWith(HOSTS.webmail)) return show("Webmail", link);
    if (host.startsWith(HOSTS.login)) return show("Sign in elsewhere");
    if (!url.startsWith(strippedPrefix)) return res.writeHead(404).end();
    req.url = url.slice(strippedPrefix.length);
    return middleware(req, res, () => {
      if (req.url === "/session") res.setHeader("Set-Cookie", SESSION);
      if (req.url === "/logout") return signOut(req, res);
      if (!req.url?.startsWith("/login")) return show("Home");
      const forgotten = `<a id="forgotten" href="${strippedPrefix}/password_reset">Forgotten?</a>`;
      return show("Sign in", `${forgotten}<p id="known">${readSignInEmail(cookie) ?? ""}</p>`);
    });
  });

  return {
    ...its,
    ...{ origin, webmail, login, requests },
    async requestLink(email = MIKE.email) {
      await its.requestToken(email);
      return mailer.lastLink(email) ?? "";
    },
    hasPassword: (id, password) => memoryHasher().verify(users.get(id)?.passwordHash ?? "", password),
  };
}

/** Signs out, and goes back to where the form came from. */
async function signOut(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const form = new URLSearchParams(Buffer.concat(await req.toArray()).toString());
  const headers = {
    Location: form.get("return_to") ?? "/",
    "Set-Cookie": "__Host-session=; Path=/; Secure; Max-Age=0",
  };
  res.writeHead(303, headers).end();
}
