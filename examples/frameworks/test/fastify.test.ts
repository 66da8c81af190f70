import { Readable } from "node:stream";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { frameworkSuite } from "./suite.ts";

async function start() {
  const { passwordResetRoutes } = await import("../fastify.ts");
  const log: string[] = [];
  const stream = { write: (line: string) => void log.push(line) };
  const app = Fastify({ logger: { level: "error", stream } });
  const register = () => app.register(passwordResetRoutes, { prefix: "/password_reset" });
  return { app, log, register };
}

frameworkSuite("Fastify", "/password_reset", async () => {
  const { app, log, register } = await start();
  await register();
  return {
    async send({ url, headers, body }, ip) {
      const {
        statusCode,
        headers: answered,
        body: text,
      } = await app.inject({
        method: "POST",
        url,
        headers: Object.fromEntries(headers),
        remoteAddress: ip,
        ...(body && { payload: Readable.fromWeb(body) }),
      });
      return new Response(text, { status: statusCode, headers: answered as Record<string, string> });
    },
    close: () => app.close(),
    faults: () => log.length,
  };
});

test("what another plugin refuses keeps its status and its headers", async () => {
  const { app, log, register } = await start();
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("retry-after", "7");
    throw Object.assign(new Error("the plugin's own words"), { statusCode: 429 });
  });
  await register();
  const payload = { email: "mike@example.org" };
  const answer = await app.inject({ method: "POST", url: "/password_reset", payload });
  expect(answer.statusCode).toBe(429);
  expect(answer.headers["retry-after"]).toBe("7");
  expect(answer.json()).toMatchObject({ status: 429, reason: "refused" });
  expect(log).toEqual([]);
});
