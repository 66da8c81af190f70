import express from "express";
import { passwordResetRoutes } from "../../examples/express/adapter.ts";
import { adapterContract } from "./contract/adapter.ts";
import { clientOf, routesOptions } from "./contract/mount.ts";
import { httpContract } from "./http-contract.ts";
import { nodeContract } from "./node-contract.ts";
import { startExpress } from "./start-express.ts";

httpContract("express", startExpress);
nodeContract("express", startExpress);

adapterContract("express", async ({ resetUrl, passwordReset }) => {
  const { options, faults } = routesOptions(resetUrl, passwordReset);
  const app = express().disable("x-powered-by").use(passwordResetRoutes(options));
  return { client: await clientOf(app), faults };
});
