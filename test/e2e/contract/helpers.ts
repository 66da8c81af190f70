import { expect, it, onTestFinished, type TestFunction } from "vitest";
import { type Answer, attribute, Client } from "../client.ts";
import type { Account, Mail, RunningApp, StartApp, StartOptions } from "../http-contract.ts";

export const NEW_PASSWORD = "a-quiet-harbour-at-dawn";
const INVALID_TOKEN = "That is an invalid or expired token";
export const RESET = "/password_reset";
export const FORM = "/password_reset/new_password";
export const VERIFY = "/password_reset/verify";
export const COMPLETE = "/password_reset/complete";
export const INVALID_LOCATION = "/password_reset?notice=invalid_or_expired_token";
export const SOME_TOKEN = "A".repeat(43);

/** Starts the application for one test, with a browser that was never there. */
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
      // Not before they are asked for: each account of a remote application serves one test.
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

/** `it`, for what only an application can be asked that the test itself has started. */
export const itAlone =
  ({ remote }: Launch) =>
  (title: string, run: TestFunction): void => {
    if (remote) process.stderr.write(`skipped "${title}": not with an application that runs already\n`);
    it.skipIf(remote)(title, run);
  };

export const both = (password: string) => ({ password, password_confirmation: password });

export const pairs = (password: string) => Object.entries(both(password));

export const signIn = (client: Client, { email, password }: Account): Promise<Answer> =>
  client.post("/login", { email, password });

/** The mails of a kind to this address, the newest first; at least one. */
export async function mailsTo(app: RunningApp, email: string, kind: string): Promise<readonly Mail[]> {
  const theirs = (mail: Mail) => mail.to === email && mail.kind === kind;
  return (await app.mails((mails) => mails.some(theirs))).filter(theirs);
}

/** The link in the newest mail to this address. */
export async function linkTo(app: RunningApp, email: string): Promise<string> {
  const [mail] = await mailsTo(app, email, "reset_link");
  const link = mail?.text.match(/https?:\/\/\S+/)?.[0];
  if (!link) throw new Error(`no link was mailed to ${email}`);
  return link;
}

export async function requestLink(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  await client.post(RESET, { email });
  return linkTo(app, email);
}

export const tokenIn = (link: string): string => link.slice(link.lastIndexOf("/") + 1);

/** Asks for a link by JSON, and answers its token. */
export async function requestToken(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  expectJson(await client.json(RESET, { email }), { ok: true });
  return tokenIn(await linkTo(app, email));
}

/** Which link a form belongs to. */
export const handleIn = ({ body }: Answer): string => attribute(body, 'name="handle"', "value") ?? "";

/** Fills the form in and sends it to where it says. */
export function submit(
  client: Client,
  form: Answer,
  password: string,
  confirmation = password,
): Promise<Answer> {
  const handle = handleIn(form);
  const action = attribute(form.body, 'method="post"', "action") ?? "";
  return client.post(action, { handle, password, password_confirmation: confirmation });
}

export async function expectDead(client: Client, link: string, location = INVALID_LOCATION): Promise<void> {
  const answer = await client.get(link);
  expect([answer.status, answer.headers.location]).toEqual([303, location]);
  if (location === INVALID_LOCATION) expect((await client.follow(answer)).body).toContain(INVALID_TOKEN);
}

/** What no answer may show: stack traces, and where the files are. */
export const INSIDE = /\wError:|\bat .*\.[jt]s|node_modules|file:\/\//;

/** What every answer carries, whatever it is. */
export function expectStrictHeaders({ headers }: Answer): void {
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
  );
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": expect.any(String),
    "x-content-type-options": "nosniff",
  });
  const names = Object.keys(headers).join();
  expect(names).not.toMatch(/x-powered-by|access-control-/);
}

/** A page with this status that tells nothing of the inside. */
export function expectPlainProblem(answer: Answer, status: number): void {
  expect([answer.status, answer.headers["content-type"]]).toEqual([
    status,
    expect.stringMatching(/^text\/html(;|$)/),
  ]);
  expectStrictHeaders(answer);
  expect(answer.body).not.toMatch(INSIDE);
}

/** An answer as JSON, with these members and no others. */
export function expectJson(answer: Answer, members: object): void {
  expect([answer.status, answer.headers["content-type"]]).toEqual([
    200,
    expect.stringMatching(/^application\/json(;|$)/),
  ]);
  expectStrictHeaders(answer);
  expect(answer.cookies).toEqual([]);
  expect(JSON.parse(answer.body)).toEqual(members);
}

/** Problem details (RFC 9457), with these members of their own and no others, that tell nothing of the inside. */
export function expectRefusal(answer: Answer, status: number, reason: string, members: object = {}): void {
  expect([answer.status, answer.headers["content-type"]]).toEqual([
    status,
    expect.stringMatching(/^application\/problem\+json(;|$)/),
  ]);
  expectStrictHeaders(answer);
  expect(answer.cookies).toEqual([]);
  expect(answer.body).not.toMatch(INSIDE);
  const words = expect.stringMatching(/\S/);
  expect(JSON.parse(answer.body)).toEqual({ status, reason, title: words, detail: words, ...members });
}

/** The text of the error that the field is described by, if it is marked as invalid. */
export function errorAt({ body }: Answer, field: string): string | undefined {
  if (attribute(body, `name="${field}"`, "aria-invalid") !== "true") return undefined;
  const described = attribute(body, `name="${field}"`, "aria-describedby")?.split(" ") ?? [];
  expect(described).toContain(`${field}-error`);
  return body.match(new RegExp(`id="${field}-error"[^>]*><p>(.*?)</p>`))?.[1];
}

export function attributesOf(cookie = ""): Record<string, string | true> {
  const [, ...parts] = cookie.split("; ");
  return Object.fromEntries(
    parts.map((part) => part.split("=")).map(([name, value = true]) => [name, value]),
  );
}

const isSecure = ({ origin }: RunningApp) => origin.startsWith("https:");

/** The same host, at http instead of https, or the other way round. */
export const otherSchemeOf = (app: RunningApp): string =>
  app.origin.replace(/^https?/, isSecure(app) ? "http" : "https");

/** The cookie that holds the token while the form is open. */
export const grantAt = (app: RunningApp): string => `${isSecure(app) ? "__Secure-" : ""}password_reset`;

/** What cookies carry on https alone. */
export const secureAt = (app: RunningApp) => (isSecure(app) ? { Secure: true } : {});

/** Whether a Set-Cookie line takes the cookie away: by its age, or by a date long ago. */
export const isDeleted = (cookie = ""): boolean =>
  /^[\w-]+=;/.test(cookie) && /; Max-Age=0\b|; Expires=Thu, 01 Jan 1970/i.test(cookie);

/** All of an answer but the clock's share. */
export function comparable({ status, headers, body }: Answer) {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, body };
}
