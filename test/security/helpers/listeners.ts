import type { RequestListener } from "node:http";
import express from "express";
import { type Context, Hono } from "hono";
import type { PasswordResetRoutesOptions, Visitor } from "relatch/http";
import * as expressAdapter from "../../../examples/express/adapter.ts";
import * as honoAdapter from "../../../examples/hono/adapter.ts";
import { nodeClientIp, nodeListener } from "../../../examples/hono/node.ts";

// The routes behind the example adapters, as listeners of a Node.js server. Nothing here needs Vitest.

export const ORIGIN = "https://app.example.com";
export const RESET_URL = `${ORIGIN}/password_reset/:token`;

// biome-ignore lint/suspicious/noExplicitAny: with tenants or without
type Any = any;

/** The options of the routes, and the tenant of all requests. */
export interface RoutesOptions extends PasswordResetRoutesOptions<Any> {
  tenant?: string | undefined;
}

const visitor = (ip: string | undefined, tenant: string | undefined): Visitor<Any> => ({
  ...{ ip, isSignedIn: false },
  ...(tenant !== undefined && { tenant }),
});

export function expressListener({ tenant, ...options }: RoutesOptions, isBehindProxy = false): RequestListener {
  const visitorOf = (req: express.Request) => visitor(req.ip, tenant);
  return express()
    .set("trust proxy", isBehindProxy && "loopback")
    .use(expressAdapter.passwordResetMiddleware<Any>({ ...options, visitorOf }));
}

export function honoListener({ tenant, ...options }: RoutesOptions, isBehindProxy = false): RequestListener {
  const clientIp = isBehindProxy ? proxiedClientIp : nodeClientIp;
  const visitorOf = (c: Context) => visitor(clientIp(c), tenant);
  return nodeListener(new Hono().use(honoAdapter.passwordResetMiddleware<Any, Any>({ ...options, visitorOf })));
}

/** Returns the client that a proxy on this machine names: the last entry, which the proxy has written itself. */
export const proxiedClientIp = (c: Context): string | undefined =>
  c.req.header("X-Forwarded-For")?.split(",").at(-1)?.trim() ?? nodeClientIp(c);
