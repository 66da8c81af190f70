import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A request as it arrived. */
export interface SeenRequest {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Starts a mail service on the loopback interface. It records every request and responds as `respond` says. */
export async function startHttpService(respond: (response: ServerResponse, nth: number) => unknown) {
  const requests: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method, url: path, headers } = request;
    requests.push({ method, path, headers, body: await text(request) });
    respond(response, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Starts one that is closed after the test. */
export async function serve(respond: Parameters<typeof startHttpService>[0]) {
  const service = await startHttpService(respond);
  onTestFinished(() => service.close());
  return service;
}

/** Responds with a status and a body. */
export const respondWith =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  (response: ServerResponse): unknown =>
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
