import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { debuglog } from "node:util";
import express from "express";
import { Hono } from "hono";
import { RelatchError } from "relatch";
import { passwordResetRoutes as expressRoutes } from "../../../examples/express/adapter.ts";
import { passwordResetRoutes as honoRoutes } from "../../../examples/hono/adapter.ts";
import { nodeClientIp, nodeListener } from "../../../examples/hono/node.ts";
import { createViews } from "../../../examples/shared/views.ts";
import { type Harness, harness, MIKE } from "../../harness.ts";

// A server that logs all it can: Node's own modules by NODE_DEBUG, faults as the adapters do by default. It says
// where it listens, and each token, to its parent alone.

const RESET_URL = "https://app.example.com/password_reset/:token";
const site = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/password_reset" };
/** What a careless mailer writes, if it is told to be one. */
const careless = process.argv[2] === "careless" ? debuglog("mailer") : () => {};
const apps: Harness[] = [];

function start(
  name: string,
  listenerOf: (options: Parameters<typeof expressRoutes>[0]) => RequestListener,
): void {
  const app = harness();
  apps.push(app);
  // The cookies' time is that of the machine.
  app.clock.now = Date.now();
  const { send } = app.mailer;
  app.mailer.send = async (message, about) => {
    careless(message.text);
    await send(message, about);
    if (about.kind === "reset_link")
      process.send?.({ token: app.mailer.lastLink(message.to)?.split("/").at(-1) });
  };
  const { findById } = app.users;
  app.users.findById = async (id) => {
    // One of the accounts cannot be read.
    if (id === "43") throw Object.assign(new Error("down"), { code: "ECONNRESET", parameters: [id] });
    return findById(id);
  };
  app.users.set({ ...MIKE, id: "43", email: "sue@example.org" });
  const server = createServer(
    listenerOf({
      passwordReset: app.passwordReset,
      resetUrl: RESET_URL,
      views: createViews({ ...site, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
      emailOf: async (userId) => app.users.get(userId)?.email,
      isSignedIn: () => false,
      homePath: "/",
      loginPath: "/login",
    }),
  );
  server.listen(0, "127.0.0.1", () => process.send?.({ name, port: (server.address() as AddressInfo).port }));
}

console.error(new RelatchError("ERR_OPTIONS", "The log begins."));
start("express", (options) => express().use(expressRoutes(options)));
start("hono", ({ isSignedIn: _, clientIp: __, ...options }) =>
  nodeListener(
    new Hono().route("/", honoRoutes({ ...options, isSignedIn: () => false, clientIp: nodeClientIp })),
  ),
);
process.once("message", async () => {
  await Promise.all(apps.map(({ passwordReset }) => passwordReset.drain()));
  process.exit(0);
});
