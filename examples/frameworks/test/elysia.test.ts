import { Elysia } from "elysia";
import { frameworkSuite } from "./suite.ts";

frameworkSuite("Elysia", "/password_reset", async () => {
  const { passwordResetRoutes } = await import("../elysia.ts");
  // With a hook that looks at bodies, for which Elysia would read them first.
  const app = new Elysia().onBeforeHandle({ as: "global" }, ({ body }) => void body).use(passwordResetRoutes);
  return {
    send(request, ip) {
      // What Bun's server answers; there is no Bun here.
      app.server = {
        requestIP: () => ({ address: ip, family: "IPv4", port: 1 }),
      } as unknown as typeof app.server;
      return app.handle(request);
    },
  };
});
