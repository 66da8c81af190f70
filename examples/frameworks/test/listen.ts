import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Opened } from "./application.ts";

/** Hands a request to a server on this machine, as a proxy does that adds the client's address. */
export async function forward(server: string, request: Request, ip: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  // The client's own entries come first, that of the proxy last.
  headers.append("X-Forwarded-For", ip);
  const { method } = request;
  const body = method === "POST" ? await request.text() : null;
  return fetch(server + pathname + search, { method, headers, body, redirect: "manual" });
}

/** Starts a server of `node:http` behind such a proxy. */
export async function listen(listener: RequestListener): Promise<Opened> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    send: (request, ip) => forward(`http://127.0.0.1:${port}`, request, ip),
    close: async () => void server.close().closeAllConnections(),
  };
}
