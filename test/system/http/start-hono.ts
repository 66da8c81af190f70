import { createApp } from "../../../examples/hono/app.ts";
import { nodeClientIp, nodeListener } from "../../../examples/hono/node.ts";
import { type StartOnNode, startOnNode } from "./start-node.ts";

/** Starts the Hono example on Node, at a free port of the loopback, over a database in memory. */
export const startHono: StartOnNode = (options = {}) =>
  startOnNode(options, (appOptions) => {
    const { app, passwordReset } = createApp({ ...appOptions, clientIp: nodeClientIp });
    return { listener: nodeListener(app), passwordReset };
  });
