import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { type Context, Hono } from "hono";
import { describe, onTestFinished, test } from "vitest";
import * as expressAdapter from "../../../examples/express/adapter.ts";
import * as honoAdapter from "../../../examples/hono/adapter.ts";
import { nodeClientIp, nodeListener } from "../../../examples/hono/node.ts";
import { createViews } from "../../../examples/shared/views.ts";
import { Client } from "../../e2e/client.ts";
import { type Launch, launcher } from "../../e2e/contract/helpers.ts";
import { startExpress } from "../../e2e/start-express.ts";
import { startHono } from "../../e2e/start-hono.ts";
import { type Harness, harness } from "../../harness.ts";

/** What both adapters take alike. */
export type RoutesOptions = Omit<
  Parameters<typeof expressAdapter.passwordResetRoutes>[0] &
    Parameters<typeof honoAdapter.passwordResetRoutes>[0],
  "clientIp"
>;
type StartOptions = NonNullable<Parameters<typeof startExpress>[0] & Parameters<typeof startHono>[0]>;

/** The example adapters: what is said of one is said of all. */
export const adapters = [
  {
    name: "express",
    start: startExpress,
    listener: (options: RoutesOptions, isBehindProxy = false): RequestListener =>
      express()
        .set("trust proxy", isBehindProxy && "loopback")
        .use(expressAdapter.passwordResetRoutes(options)),
  },
  {
    name: "hono",
    start: startHono,
    listener: (options: RoutesOptions, isBehindProxy = false): RequestListener => {
      const clientIp = isBehindProxy ? proxiedClientIp : nodeClientIp;
      const routes = honoAdapter.passwordResetRoutes({ ...options, clientIp });
      return nodeListener(new Hono().route("/", routes));
    },
  },
] as const;

/** What a proxy on this machine says of its client: the last entry, which it has written itself. */
export const proxiedClientIp = (c: Context): string | undefined =>
  c.req.header("X-Forwarded-For")?.split(",").at(-1)?.trim() ?? nodeClientIp(c);

/** An application for one test, and a browser that was never there. */
export type Visit = Awaited<ReturnType<Launch>>;

/** The same test over every example application, each time over one of its own. */
export function overHttp(
  title: string,
  run: (visit: Visit) => Promise<void>,
  options: StartOptions = {},
): void {
  describe.each(adapters)("$name", ({ start }) => {
    const launch = launcher(() => start(options));
    test(title, async () => run(await launch()));
  });
}

/** A harness, and browsers that see it through an adapter. */
export interface Front extends Harness {
  client: Client;
  visitor(): Client;
  /** What the adapter handed to the application. */
  faults: unknown[];
}

/** A harness behind routes, for one test. */
export async function startFront(
  listenerOf: (options: RoutesOptions) => RequestListener,
  options: Parameters<typeof harness>[0] = {},
): Promise<Front> {
  const core = harness(options);
  // The cookies' time is that of the machine.
  core.clock.now = Date.now();
  const faults: unknown[] = [];
  const server = createServer(
    listenerOf({
      passwordReset: core.passwordReset,
      resetUrl: RESET_URL,
      views: createViews({ ...PATHS, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
      emailOf: async (userId) => core.users.get(userId)?.email,
      isSignedIn: () => false,
      homePath: "/",
      loginPath: "/login",
      onError: (error) => faults.push(error),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const visitor = () => new Client((server.address() as AddressInfo).port);
  return { ...core, client: visitor(), visitor, faults };
}

/**
 * The same test over the routes of every adapter with a harness behind them, so that its ports can be watched. Behind
 * a proxy, clients are who X-Forwarded-For says at its end.
 */
export function overRoutes(
  title: string,
  run: (front: Front) => Promise<void>,
  { isBehindProxy = false, ...options }: Parameters<typeof harness>[0] & { isBehindProxy?: boolean } = {},
): void {
  test.each(adapters)(`${title}: $name`, async ({ listener }) => {
    await run(await startFront((routes) => listener(routes, isBehindProxy), options));
  });
}

const RESET_URL = "https://app.example.com/password_reset/:token";
const PATHS = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/password_reset" };
