import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Hono } from "hono";

/** Serves the application on a server of Node's own. */
export function nodeListener(app: Hono): RequestListener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (req, res) => {
    // Whatever the request calls this host: nothing here reads it, and an odd one is to be answered with a page.
    req.headers.host = "localhost";
    void listener(req, res);
  };
}

export const nodeClientIp = (c: Context): string | undefined => getConnInfo(c).remote.address;
