import { createApp } from "../../examples/express/app.ts";
import { type NodeOptions, type RunningOnNode, startOnNode } from "./start-node.ts";

interface ExpressOptions extends NodeOptions {
  /** Takes the client's address from X-Forwarded-For. */
  behindProxy?: boolean;
}

/** The Express example, and what its server was asked for. */
export type RunningExpress = RunningOnNode;

/** Starts the Express example at a free port of the loopback, over a database in memory. */
export const startExpress = ({ behindProxy, ...options }: ExpressOptions = {}): Promise<RunningExpress> =>
  startOnNode(options, (appOptions) => {
    const { app, passwordReset } = createApp(appOptions);
    if (behindProxy) app.set("trust proxy", "loopback");
    return { listener: app, passwordReset };
  });
