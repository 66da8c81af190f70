import { createApp } from "../../../examples/express/app.ts";
import { type NodeOptions, type RunningOnNode, startOnNode } from "./start-node.ts";

interface ExpressOptions extends NodeOptions {
  /** Takes the client's address from X-Forwarded-For. */
  behindProxy?: boolean;
}

/** Starts the Express example at a free port of the loopback, over a database in memory. */
export const startExpress = ({ behindProxy, ...options }: ExpressOptions = {}): Promise<RunningOnNode> =>
  startOnNode(options, (appOptions) => {
    const { app, passwordReset } = createApp(appOptions);
    if (behindProxy) app.set("trust proxy", "loopback");
    return { listener: app, passwordReset };
  });
