import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { onTestFinished } from "vitest";
import { passwordResetRoutes } from "../../examples/express/adapter.ts";
import { createViews } from "../../examples/shared/views.ts";
import { Client } from "./client.ts";
import { adapterContract } from "./contract/adapter.ts";
import { httpContract } from "./http-contract.ts";
import { nodeContract } from "./node-contract.ts";
import { startExpress } from "./start-express.ts";

httpContract("express", startExpress);
nodeContract("express", startExpress);

adapterContract("express", async ({ resetUrl, passwordReset }) => {
  const paths = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/account/reset" };
  const faults: unknown[] = [];
  const routes = passwordResetRoutes({
    passwordReset,
    resetUrl,
    views: createViews({ ...paths, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
    emailOf: async () => undefined,
    isSignedIn: () => false,
    homePath: "/",
    loginPath: "/login",
    onError: (error) => faults.push(error),
  });
  const server = createServer(express().disable("x-powered-by").use(routes));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return { client: new Client((server.address() as AddressInfo).port), faults };
});
