import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Hono } from "hono";
import { isLoopback } from "../shared/inbox.ts";

/** Serves the application on a server of `node:http`. */
export function nodeListener(app: Hono): RequestListener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (req, res) => {
    // Only the inbox reads the host that a request names. Requests with odd ones get a page as well.
    req.headers.host = isLoopback(`http://${req.headers.host}`) ? "localhost" : "invalid";
    void listener(req, res);
  };
}

export const nodeClientIp = (c: Context): string | undefined => getConnInfo(c).remote.address;
