import { createHash } from "node:crypto";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

// Services as the package asks them, with what can go wrong there, on a server outside of the runtime under test:
// a Worker cannot listen. The path says what happens: `/range/<behavior>/<five digits>`, `/mail/<behavior>`.

const digest = createHash("sha1").update("correct horse battery").digest("hex").toUpperCase();
const prefix = digest.slice(0, 5);
const line = `${digest.slice(5)}:42\r\n`;
const others = `${"0".repeat(35)}:3\r\n`;

const behaviors: Record<string, RequestListener> = {
  "knows the password": (_, response) => void response.end(others + line),
  "knows it, in pieces"(_, response) {
    response.write(others + line.slice(0, 10));
    setImmediate(() => response.end(line.slice(10)));
  },
  "does not know it": (_, response) => void response.end(others),
  "accepts the email": (_, response) => void response.end("{}"),
  "refuses the email": (_, response) => void response.writeHead(422).end("{}"),
  "is busy": (_, response) => void response.writeHead(429, { "Retry-After": "7" }).end("{}"),
  // If a client follows it, it gets a success.
  redirects: ({ url = "" }, response) =>
    void response.writeHead(302, { Location: url.replace("redirects", "does%20not%20know%20it") }).end(),
  "responds 500": (_, response) => void response.writeHead(500).end(others),
  "responds 204": (_, response) => void response.writeHead(204).end(),
  "responds with nothing": (_, response) => void response.end(),
  "hangs up": (request) => void request.socket.destroy(),
  "never responds": () => {},
  "never ends": (_, response) => pour(response),
};

function pour(response: ServerResponse): void {
  response.write(others.repeat(1000), (error) => {
    if (!error && !response.destroyed) pour(response);
  });
}

const isAsked = (service: string, detail: string | undefined, { headers, method }: Parameters<RequestListener>[0]) =>
  service === "range"
    ? method === "GET" && detail === prefix && headers["add-padding"] === "true"
    : method === "POST" && headers.authorization === "Bearer the-key";

export async function startServices(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const [, service = "", behavior = "", detail] = decodeURIComponent(request.url ?? "").split("/");
    const answer = behaviors[behavior];
    if (answer && isAsked(service, detail, request)) answer(request, response);
    else response.writeHead(400).end("not asked as these services are");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close().closeAllConnections(),
  };
}
