import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultPages } from "relatch/pages";
import { onTestFinished, test } from "vitest";
import { type Harness, type HarnessOptions, harness, MIKE } from "../../helpers/harness.ts";
import { type Answer, Client, type Sent } from "../../system/http/client.ts";
import {
  both,
  COMPLETE,
  FORM,
  handleIn,
  type Launch,
  launcher,
  NEW_PASSWORD,
  OPENED,
  RESET,
  tokenIn,
  VERIFY,
} from "../../system/http/contract/helpers.ts";
import { startExpress } from "../../system/http/start-express.ts";
import { startHono } from "../../system/http/start-hono.ts";
import { expressListener, honoListener, type RoutesOptions } from "./listeners.ts";

export { ORIGIN, proxiedClientIp, RESET_URL, type RoutesOptions } from "./listeners.ts";

/** The example adapters, and the applications that use them. */
export const adapters = [
  { name: "express", start: startExpress, listener: expressListener },
  { name: "hono", start: startHono, listener: honoListener },
] as const;

/** A harness, and browsers that see it through an adapter. */
export interface Front extends Harness {
  client: Client;
  visitor(): Client;
  /** The errors that the adapter reported to the application. */
  faults: unknown[];
}

export interface FrontOptions extends HarnessOptions {
  /** Every call is for this one of the option `tenants`, as on a server with a host name for each. */
  tenant?: string;
  /** Clients are those that the last entry of X-Forwarded-For names. */
  isBehindProxy?: boolean;
  /** Put in front of the routes, to plant a mistake there. */
  wrap?: (listener: RequestListener) => RequestListener;
}

/** Creates a harness whose every call is for the tenant of these options. */
export function createApp({ tenant, ...options }: FrontOptions): Harness {
  const app = harness(options);
  if (tenant === undefined) return app;
  const { requestToken, passwordReset: core } = app;
  app.requestToken = (email) => requestToken(email, tenant);
  app.passwordReset = {
    ...core,
    requestReset: (input) => core.requestReset({ ...input, tenant }),
    verifyToken: (input) => core.verifyToken({ ...input, tenant }),
    completeReset: (input) => core.completeReset({ ...input, tenant }),
    settings: (input?: object) => core.settings({ ...input, tenant }),
  };
  return app;
}

/** Starts a harness behind routes, for one test. A mistake is planted before the routes see the core. */
export async function startFront(
  listenerOf: (options: RoutesOptions, isBehindProxy?: boolean) => RequestListener,
  { isBehindProxy = false, wrap = (listener) => listener, ...options }: FrontOptions = {},
  plant?: (core: Harness) => unknown,
): Promise<Front> {
  const core = createApp(options);
  plant?.(core);
  // Cookies expire by the clock of the machine.
  core.clock.now = Date.now();
  const faults: unknown[] = [];
  const listener = listenerOf(
    {
      passwordReset: core.passwordReset,
      pages: defaultPages(),
      tenant: options.tenant,
      onError: (error) => faults.push(error),
    },
    isBehindProxy,
  );
  const server = createServer(wrap(listener));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const visitor = () => new Client((server.address() as AddressInfo).port);
  return { ...core, client: visitor(), visitor, faults };
}

/** An example application for one test, and a browser that was never there. */
export type Visit = Awaited<ReturnType<Launch>>;
type AppOptions = NonNullable<Parameters<typeof startExpress>[0] & Parameters<typeof startHono>[0]>;

export const launch = (adapter: (typeof adapters)[number], options: AppOptions = {}): Promise<Visit> =>
  launcher(() => adapter.start(options))();

/** Registers the same test over the routes of every adapter. */
export function overRoutes(title: string, run: (app: Front) => Promise<void>, options: FrontOptions = {}): void {
  test.each(adapters)(`${title} ($name)`, async ({ listener }) => run(await startFront(listener, options)));
}

/** Everything of a response that a visitor can see, in the order in which it came, except the time of day. */
export const bytesOf = ({ status, headers, body }: Answer): string =>
  JSON.stringify([status, Object.entries(headers).filter(([name]) => name !== "date"), body]);

/** Asks for a link as a page does and as programs do. */
export const askBothWays = async (client: Client, email: unknown, headers = {}): Promise<Answer[]> => [
  await client.post(RESET, typeof email === "string" ? { email } : {}, headers),
  await client.json(RESET, { email }, headers),
];

/** The address of one of many clients. */
export const clientOf = (nth: number): string => `198.51.${nth >> 8}.${nth & 255}`;

export const JANE = { ...MIKE, id: "43", email: "jane@example.org", name: "Jane" };

/** Extras that are sent along with every step of a walk. */
export interface Extra {
  headers?: Record<string, string>;
  /** Appended to every URL, without a question mark. */
  query?: string;
  /** Posted along with the fields that belong there. */
  fields?: Record<string, string>;
  /** Sent in the request line of a POST instead of the path. */
  target?: (path: string) => string;
}

/** Every response on the way to a new password, and the links that were emailed. */
export interface Walk {
  answers: Answer[];
  links: string[];
}

/** Resets the password of Mike by the pages and that of Jane as a program, with the same extras at every step. */
export async function walk(app: Front, { headers, query, fields, target }: Extra = {}): Promise<Walk> {
  const answers: Answer[] = [];
  const step = async (method: string, path: string, { form, json }: Sent = {}): Promise<Answer> => {
    const url = query ? `${path}?${query}` : path;
    const answer = await app.client.send(method, url, {
      headers: { ...(method === "POST" && { "Sec-Fetch-Site": "same-origin" }), ...headers },
      ...(form && { form: { ...fields, ...(form as Record<string, string>) } }),
      ...(json !== undefined && { json: { ...fields, ...(json as object) } }),
      ...(target && method === "POST" && { target: target(url) }),
    });
    answers.push(answer);
    return answer;
  };
  const linkTo = async (email: string) => {
    await app.passwordReset.drain();
    return app.mailer.lastLink(email) ?? "";
  };

  await step("POST", RESET, { form: { email: MIKE.email } });
  const link = await linkTo(MIKE.email);
  const token = tokenIn(link);
  await step("GET", `${RESET}/${token}`);
  const form = await step("GET", FORM);
  await step("POST", FORM, { form: { ...both("x"), handle: handleIn(form) } });
  await step("POST", FORM, { form: { ...both(NEW_PASSWORD), handle: handleIn(form) } });
  await step("GET", `${RESET}/${token}`);

  await step("POST", RESET, { json: { email: JANE.email } });
  const other = await linkTo(JANE.email);
  const asProgram = { token: tokenIn(other), newPassword: NEW_PASSWORD };
  await step("POST", VERIFY, { json: asProgram });
  await step("POST", COMPLETE, { json: asProgram });
  await step("POST", COMPLETE, { json: asProgram });
  await app.passwordReset.drain();
  return { answers, links: [link, other] };
}

/** Status and location of each step of a walk that nothing disturbs. */
export const UNDISTURBED: unknown[] = [
  [200, undefined],
  [303, OPENED],
  [200, undefined],
  [400, undefined],
  [303, "/login?notice=password_set"],
  [303, `${RESET}?notice=invalid_or_expired_token`],
  [200, undefined],
  [200, undefined],
  [200, undefined],
  [400, undefined],
];
