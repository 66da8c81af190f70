import { createServer, type IncomingMessage, type Server } from "node:http";
import type { PasswordReset } from "relatch";

// As little of a web process as shows the queue at work: POST /password_reset with an email address, and
// POST /password_reset/:token with a new password, both as JSON. Pages, cookies and the checks of a real one are in
// ../../express/adapter.ts.

export async function serve({ requestReset, completeReset }: PasswordReset, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const respond = (status: number, body: unknown) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const token = request.url?.match(/^\/password_reset(?:\/([^/]+))?$/);
    try {
      if (request.method !== "POST" || !token) return void respond(404, {});
      const { email, newPassword } = await readJson(request);
      const result = token[1]
        ? await completeReset({ token: token[1], newPassword })
        : await requestReset({ email, ip: request.socket.remoteAddress });
      respond(result.ok ? 200 : 422, result);
    } catch {
      // A store or the queue is down: nothing has happened.
      respond(503, {});
    }
  });
  await new Promise<void>((resolve) => server.listen(port, resolve));
  return server;
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 10_000) return {};
  }
  return JSON.parse(text);
}
