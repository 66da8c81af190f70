import { stat } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Hono } from "hono";
import { defaultPages } from "relatch/pages";
import * as expressAdapter from "../../examples/express/adapter.ts";
import * as honoAdapter from "../../examples/hono/adapter.ts";
import { nodeListener } from "../../examples/hono/node.ts";
import { type SubjectOptions, spin, subject } from "./subject.ts";

/** The options of a server process. Plain JSON. */
export interface ServerOptions extends SubjectOptions {
  framework: "express" | "hono";
  /** The handler awaits the file system before it gets to the request, as one that looks a session up would. */
  io: boolean;
  /** Addresses that are asked for before the first request. */
  throttled: readonly string[];
}

/** Serves the routes of an example adapter, and returns the port. */
export async function serve({ framework, io, throttled, ...options }: ServerOptions): Promise<number> {
  const passwordReset = subject(options);
  for (const email of throttled) await passwordReset.requestReset({ email, ip: false });
  const routes = { passwordReset, pages: defaultPages() };
  const visit = async (ip: string | undefined) => {
    if (io) await stat(".");
    return { ip, isSignedIn: false };
  };
  const server = createServer((req, res) => {
    spin(Number(req.headers["x-spin"]));
    listener(req, res);
  });
  const listener: RequestListener =
    framework === "express"
      ? express().use(
          expressAdapter.passwordResetMiddleware({ ...routes, visitorOf: (req) => visit(req.get("X-Client")) }),
        )
      : nodeListener(
          new Hono().use(
            honoAdapter.passwordResetMiddleware({ ...routes, visitorOf: (c) => visit(c.req.header("X-Client")) }),
          ),
        );
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
