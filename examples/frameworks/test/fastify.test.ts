import { forward } from "./listen.ts";
import { frameworkSuite } from "./suite.ts";

frameworkSuite("Fastify", async () => {
  const { app } = await import("../fastify.ts");
  app.post<{ Body: { text: string } }>("/other", async ({ body }) => ({ length: body.text.length }));
  const server = await app.listen({ host: "127.0.0.1", port: 0 });
  return { send: (request, ip) => forward(server, request, ip), close: () => app.close() };
});
