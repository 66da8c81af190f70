import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import fc from "fast-check";
import { createPasswordReset } from "relatch";
import { passwordResetRoutes } from "relatch/http";
import { memoryPorts } from "relatch/memory";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HostileRequest, hostileRequest } from "../../test/helpers/fuzz/requests.ts";
import { intact } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";

// The middleware of relatch/node behind a socket that receives anything. It responds, or the parser of node:http does.

const failures: unknown[] = [];
const note = (error: unknown) => void failures.push(error);
const routes = passwordResetRoutes({
  passwordReset: createPasswordReset({
    ...memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "a hash" }]),
    appName: "Acme",
    from: "Acme <noreply@example.org>",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: false,
    limits: false,
    dispatcher: { dispatch: async () => {} },
    onEvent: () => {},
    onError: note,
  }),
  pages: defaultPages(),
  onError: note,
});
const middleware = nodeMiddleware(routes, () => ({ ip: false, isSignedIn: false }));
const server = createServer((req, res) => {
  void middleware(req, res, (error) => {
    if (error !== undefined) failures.push(error);
    res.writeHead(error === undefined ? 404 : 500).end();
  }).catch(note);
});

beforeAll(async () => {
  process.on("unhandledRejection", note);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  process.off("unhandledRejection", note);
  server.closeAllConnections();
  server.close();
});

/** The bytes of a request, with a length that fits, one that does not, or in chunks. */
function toBytes({ method, path, headers, body }: HostileRequest, framing: string): Buffer {
  const content = Buffer.from(body ?? "");
  const length = framing === "too long" ? content.length + 1 : content.length;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "Host: app.example.com",
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    framing === "chunks" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`,
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (framing !== "chunks") return Buffer.concat([head, content]);
  const chunk = content.length > 0 ? [`${content.length.toString(16)}\r\n`, content, "\r\n"] : [];
  return Buffer.concat([head, ...chunk, "0\r\n\r\n"].map((part) => Buffer.from(part)));
}

/** Sends the bytes and returns the status of the response, or `undefined` if the server closes the connection without one. */
async function exchange(bytes: Buffer, isCutOff: boolean): Promise<number | undefined> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const received: Buffer[] = [];
  socket.on("data", (part: Buffer) => received.push(part));
  socket.on("error", () => {});
  socket.write(bytes);
  // The server waits for the rest of a body until the connection ends.
  if (isCutOff) socket.end();
  await once(socket, "close");
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.concat(received).toString("latin1")) ?? [];
  return status === undefined ? undefined : Number(status);
}

test("whatever comes through a socket, the middleware responds and nothing fails", { timeout }, async () => {
  const statuses = new Map<number | undefined, number>();
  await assertAll(
    fc.tuple(hostileRequest, fc.constantFrom("right", "right", "too long", "chunks")),
    async ([request, framing]) => {
      const isCutOff = framing === "too long";
      const status = await exchange(toBytes(request, framing), isCutOff);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // A body that ends too early gets no response, and node:http closes tunnels by itself.
      if (!isCutOff && request.method !== "CONNECT") expect(status).toBeDefined();
      expect(status ?? 0).toBeLessThan(500);
      expect(failures).toEqual([]);
      intact();
    },
    plan(200, 100_000),
  );
  for (const status of [200, 303, 400, 404]) expect(statuses.get(status)).toBeGreaterThan(0);
});
