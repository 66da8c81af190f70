import { expect, onTestFinished } from "vitest";
import { type Answer, attribute, Client } from "../client.ts";
import type { Account, RunningApp, StartApp, StartOptions } from "../http-contract.ts";

export const NEW_PASSWORD = "a-quiet-harbour-at-dawn";
const INVALID_TOKEN = "That is an invalid or expired token";
export const FORM = "/password_reset/new_password";
export const INVALID_LOCATION = "/password_reset?notice=invalid_or_expired_token";

/** Starts the application for one test, with a browser that was never there. */
export const launcher = (start: StartApp) => async (options?: StartOptions) => {
  const app = await start(options);
  onTestFinished(() => app.close());
  const [mike, jane] = app.accounts;
  return { app, mike, jane, client: new Client(app.port) };
};

export type Launch = ReturnType<typeof launcher>;

export const both = (password: string) => ({ password, password_confirmation: password });

export const pairs = (password: string) => Object.entries(both(password));

export const signIn = (client: Client, { email, password }: Account): Promise<Answer> =>
  client.post("/login", { email, password });

/** The link in the newest mail to this address. */
export async function linkTo(app: RunningApp, email: string): Promise<string> {
  const mail = (await app.mails()).find(({ to, kind }) => to === email && kind === "reset_link");
  const link = mail?.text.match(/https?:\/\/\S+/)?.[0];
  if (!link) throw new Error(`no link was mailed to ${email}`);
  return link;
}

export async function requestLink(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  await client.post("/password_reset", { email });
  return linkTo(app, email);
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

/** A page with this status that tells nothing of the inside. */
export function expectPlainProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^text\/html/);
  expect(answer.body).not.toMatch(/Error:|\bat .*\.[jt]s|node_modules/);
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

/** All of an answer but the clock's share. */
export function comparable({ status, headers, body }: Answer) {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, body };
}
