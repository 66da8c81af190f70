import { stat } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Hono } from "hono";
import * as expressAdapter from "../../examples/express/adapter.ts";
import * as honoAdapter from "../../examples/hono/adapter.ts";
import { nodeListener } from "../../examples/hono/node.ts";
import { createViews } from "../../examples/shared/views.ts";
import { RESET_URL, type SubjectOptions, spin, subject } from "./subject.ts";

/** What a server process is told. Plain JSON. */
export interface ServerOptions extends SubjectOptions {
  framework: "express" | "hono";
  /** The handler awaits the file system before it gets to the request, as one that looks a session up would. */
  io: boolean;
  /** Addresses that are asked for before the first request. */
  throttled: readonly string[];
}

const PATHS = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/password_reset" };

/** Serves the routes of an example adapter; answers the port. */
export async function serve({ framework, io, throttled, ...options }: ServerOptions): Promise<number> {
  const passwordReset = subject(options);
  for (const email of throttled) await passwordReset.requestReset({ email, ip: null });
  const shared = {
    passwordReset,
    resetUrl: RESET_URL,
    views: createViews({ ...PATHS, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
    emailOf: async () => undefined,
    homePath: PATHS.homePath,
    loginPath: PATHS.loginPath,
    isSignedIn: async () => {
      if (io) await stat(".");
      return false;
    },
  };
  const server = createServer((req, res) => {
    spin(Number(req.headers["x-spin"]));
    listener(req, res);
  });
  const listener: RequestListener =
    framework === "express"
      ? express().use(
          expressAdapter.passwordResetRoutes({ ...shared, clientIp: (req) => req.get("X-Client") }),
        )
      : nodeListener(
          new Hono().route(
            "/",
            honoAdapter.passwordResetRoutes({ ...shared, clientIp: (c) => c.req.header("X-Client") }),
          ),
        );
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
