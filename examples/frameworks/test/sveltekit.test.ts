import { frameworkSuite } from "./suite.ts";

const BASE = "/api/password_reset";

frameworkSuite("SvelteKit", BASE, async () => {
  const { POST } = await import("../sveltekit/+server.ts");
  return {
    send(request, ip) {
      const step = new URL(request.url).pathname.slice(BASE.length + 1) || undefined;
      return POST({ request, params: { step }, getClientAddress: () => ip });
    },
  };
});
