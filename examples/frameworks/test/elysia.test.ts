import { Elysia } from "elysia";
import { frameworkSuite } from "./suite.ts";

frameworkSuite("Elysia", async () => {
  const { passwordResetPlugin } = await import("../elysia.ts");
  // With a hook that looks at bodies, for which Elysia would read them first.
  const app = new Elysia()
    .onBeforeHandle({ as: "global" }, ({ body }) => void body)
    .use(passwordResetPlugin)
    .post("/other", ({ body }) => ({ length: (body as { text: string }).text.length }));
  return {
    send(request, ip) {
      // The server of Bun would return this.
      app.server = { requestIP: () => ({ address: ip, family: "IPv4", port: 1 }) } as unknown as typeof app.server;
      return app.handle(request);
    },
  };
});
