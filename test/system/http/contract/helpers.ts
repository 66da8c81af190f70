import { expect, it, onTestFinished, type TestFunction } from "vitest";
import { type Answer, attribute, Client } from "../client.ts";
import type { Account, Mail, RunningApp, StartApp, StartOptions } from "../http-contract.ts";

export const NEW_PASSWORD = "a-quiet-harbour-at-dawn";
export const RESET = "/password_reset";
export const FORM = "/password_reset/new_password";
export const VERIFY = "/password_reset/verify";
export const CODE = "/password_reset/code";
export const COMPLETE = "/password_reset/complete";
/** The form, to which a link leads. */
export const OPENED = `${FORM}?opened=1`;
export const SIGN_IN = "/login?notice=password_set";
export const SOME_TOKEN = "A".repeat(43);

/** Returns the request page with the reason why a visitor is back there. */
export const noticeAt = (notice: string): string => `${RESET}?notice=${notice}`;
export const INVALID_LOCATION = noticeAt("invalid_or_expired_token");

/** Starts the application for one test, with a browser without cookies. */
export const launcher = (start: StartApp) => {
  const launch = async (options?: StartOptions) => {
    const app = await start(options);
    onTestFinished(() => app.close());
    const visitor = () => app.client?.() ?? new Client(app.port);
    return {
      app,
      /** Another browser. */
      visitor,
      client: visitor(),
      // On demand, because each account of a remote application serves one test.
      get mike() {
        return app.accounts[0];
      },
      get jane() {
        return app.accounts[1];
      },
    };
  };
  return Object.assign(launch, { remote: start.remote === true });
};

export type Launch = ReturnType<typeof launcher>;

/** Defines a test that needs an application started by the test itself. */
export const itAlone =
  ({ remote }: Launch) =>
  (title: string, run: TestFunction): void => {
    if (remote) process.stderr.write(`skipped "${title}": the application runs already\n`);
    it.skipIf(remote)(title, run);
  };

export const both = (password: string) => ({ password, password_confirmation: password });

export const pairs = (password: string) => Object.entries(both(password));

export const signIn = (client: Client, { email, password }: Account): Promise<Answer> =>
  client.post("/login", { email, password });

/** Expects that an account has this password and no other of these. */
export async function expectPassword(client: Client, { email, password }: Account): Promise<void> {
  expect((await signIn(client, { email, password })).headers.location).toBe("/");
}

/** Waits for an email of a kind to this address and returns all of them, the newest first. */
export async function mailsTo(app: RunningApp, email: string, kind: string): Promise<readonly Mail[]> {
  const theirs = (mail: Mail) => mail.to === email && mail.kind === kind;
  return (await app.mails((mails) => mails.some(theirs))).filter(theirs);
}

/** Returns the link in the newest email of a kind to this address. */
export async function linkTo(app: RunningApp, email: string, kind = "reset_link"): Promise<string> {
  const [mail] = await mailsTo(app, email, kind);
  const link = mail?.text.match(/https?:\/\/\S+/)?.[0];
  if (!link) throw new Error(`No link was sent to ${email}.`);
  return link;
}

export async function requestLink(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  await client.post(RESET, { email });
  return linkTo(app, email);
}

export const tokenIn = (link: string): string => link.slice(link.lastIndexOf("/") + 1);

/** Requests a link by JSON and returns its token. */
export async function requestToken(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  expectJson(await client.json(RESET, { email }), { ok: true });
  return tokenIn(await linkTo(app, email));
}

/** Requests a link, opens it, and returns the form. */
export const openForm = async (app: RunningApp, client: Client, account: Account): Promise<Answer> =>
  client.follow(await client.get(await requestLink(app, client, account)));

/** Returns the handle that ties a form to its link. */
export const handleIn = ({ body }: Answer): string => attribute(body, 'name="handle"', "value") ?? "";

/** Fills in the form and sends it to its action. */
export function submit(client: Client, form: Answer, password: string, confirmation = password): Promise<Answer> {
  const handle = handleIn(form);
  const action = attribute(form.body, 'method="post"', "action") ?? "";
  return client.post(action, { handle, password, password_confirmation: confirmation });
}

/** Expects a redirect, and a page at its end. */
export async function expectRedirect(client: Client, answer: Answer, location: string): Promise<Answer> {
  expect([answer.status, answer.headers.location]).toEqual([303, location]);
  const page = await client.follow(answer);
  expect(page.status).toBe(200);
  return page;
}

export const expectDead = async (client: Client, link: string, location = INVALID_LOCATION): Promise<Answer> =>
  expectRedirect(client, await client.get(link), location);

/** Matches stack traces and file paths, which no response may contain. */
export const INSIDE = /\wError:|\bat .*\.[jt]s|node_modules|file:\/\//;

const directive = (policy: unknown, name: string): string | undefined =>
  String(policy)
    .split("; ")
    .find((each) => each.startsWith(`${name} `))
    ?.slice(name.length + 1);

/** Asserts the headers that every response has. */
export function expectStrictHeaders({ headers }: Answer): void {
  const policy = headers["content-security-policy"];
  expect(policy).not.toMatch(/unsafe|\*|script-src/);
  expect(directive(policy, "form-action")).toMatch(/^'self'/);
  for (const name of ["default-src", "frame-ancestors", "base-uri"]) expect(directive(policy, name)).toBe("'none'");
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": expect.stringMatching(/^(?:no-referrer|same-origin|strict-origin)$/),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
  const names = Object.keys(headers).join();
  expect(names).not.toMatch(/x-powered-by|access-control-/);
}

function expectType(answer: Answer, status: number, type: string): void {
  expect([answer.status, answer.headers["content-type"]?.split(";")[0]]).toEqual([status, type]);
  expectStrictHeaders(answer);
  expect(answer.body).not.toMatch(INSIDE);
}

/** Asserts a page with this status and without internals. */
export const expectPlainProblem = (answer: Answer, status: number): void => expectType(answer, status, "text/html");

/** Asserts a JSON response with exactly these members. */
export function expectJson(answer: Answer, members: object): void {
  expectType(answer, 200, "application/json");
  expect(JSON.parse(answer.body)).toEqual(members);
  expect(answer.cookies).toEqual([]);
}

/** Asserts problem details with exactly these members, and one sentence for people. */
export function expectRefusal(answer: Answer, status: number, reason: string, members: object = {}): void {
  expectType(answer, status, "application/problem+json");
  expect(JSON.parse(answer.body)).toEqual({
    title: expect.stringMatching(/^[A-Z][A-Za-z ]+$/),
    detail: expect.stringMatching(/^[^\n<>]{4,300}$/),
    ...{ status, reason, ...members },
  });
  expect(answer.cookies).toEqual([]);
}

/** Returns the error at a field, or `undefined` if the field is not marked as invalid. */
export function errorAt({ body }: Answer, field: string): string | undefined {
  if (attribute(body, `name="${field}"`, "aria-invalid") !== "true") return undefined;
  const described = attribute(body, `name="${field}"`, "aria-describedby")?.split(" ") ?? [];
  const id = described.find((each) => each.endsWith("-error"));
  const element = id && body.match(new RegExp(`<(\\w+)[^>]*\\sid="${id}"[^>]*>([^]*?)</\\1>`))?.[2];
  return element?.replace(/<[^>]*>/g, "").trim();
}

export function attributesOf(cookie = ""): Record<string, string | true> {
  const [, ...parts] = cookie.split("; ");
  return Object.fromEntries(parts.map((part) => part.split("=")).map(([name, value = true]) => [name, value]));
}

const isSecure = ({ origin }: RunningApp) => origin.startsWith("https:");

/** Returns the name of the cookie with the token. */
export const grantAt = (app: RunningApp): string => `${isSecure(app) ? "__Host-" : ""}password_reset`;

/** Returns the name of the cookie with the ticket of a code. */
export const ticketAt = (app: RunningApp): string => `${grantAt(app)}_ticket`;

/** Returns the attributes that cookies have only on https. */
export const secureAt = (app: RunningApp) => (isSecure(app) ? { Secure: true } : {});

/** Reports whether a Set-Cookie line deletes the cookie, by its age or by its date. */
export const isDeleted = (cookie = ""): boolean =>
  /^[\w-]+=;/.test(cookie) && /; Max-Age=0\b|; Expires=Thu, 01 Jan 1970/i.test(cookie);

/** Returns a response without its date. */
export function comparable({ status, headers, body }: Answer) {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, body };
}
