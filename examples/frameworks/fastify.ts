import Fastify from "fastify";
import { passwordResetRoutes } from "relatch/http";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "./password-reset.ts";

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

export const app = Fastify({ trustProxy: "127.0.0.1" }); // the address of your proxy, so that `request.ip` is the client

// Before Fastify reads the body.
app.addHook("onRequest", async (request, reply) => {
  if (!routes.matches(request.url.split("?")[0] ?? "")) return;
  reply.hijack();
  const visitorOf = () => ({ ip: request.ip, correlationId: request.id });
  await nodeMiddleware(routes, visitorOf)(request.raw, reply.raw);
});
