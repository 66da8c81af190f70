import { readJson } from "./application.ts";
import { frameworkSuite } from "./suite.ts";

frameworkSuite("SvelteKit", async () => {
  const { handle } = await import("../sveltekit/hooks.server.ts");
  const resolve = async ({ request }: { request: Request }) =>
    Response.json({ length: (await readJson(request))["text"]?.length });
  return {
    send: async (request, ip) =>
      handle({ event: { request, url: new URL(request.url), getClientAddress: () => ip }, resolve }),
  };
});
